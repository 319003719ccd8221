"""One tenant's catalogue as one process sees it: an index that follows what is stored, change by change."""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from typing import Final

import msgspec

from service.core.catalogues import CatalogueStore, Change, StoredProduct
from service.workloads.products import learning
from service.workloads.products.columns import Facets as Counts
from service.workloads.products.columns import Facts as Told
from service.workloads.products.columns import Where
from service.workloads.products.halves import unpacked
from service.workloads.products.index import Entry, Found, Index, Query
from service.workloads.products.items import passage_of
from service.workloads.products.learning import Example, Lessons
from service.workloads.products.messages import Facts
from service.workloads.products.network import Floats

FRESH_SECONDS: Final = 1.0
"""What others change is looked for so often."""
PAGE: Final = 1_000
"""Changes that are read at a time."""
KEPT_ANSWERS: Final = 1_000
"""Of the present revision."""

_log = logging.getLogger(__name__)
_decode = msgspec.json.Decoder(Facts).decode


class Catalogue:
    """The products of ``tenant`` in memory; belongs to the event loop that uses it.

    Changes and searches take turns, each in a thread.
    """

    def __init__(self, store: CatalogueStore, tenant: str, clock: Callable[[], float]) -> None:
        self._store = store
        self._tenant = tenant
        self._clock = clock
        self._index = Index()
        self._lessons: Lessons = learning.NONE
        self._lessons_at = 0
        self._checked_at: float | None = None
        self._turn = asyncio.Lock()
        self._learning: asyncio.Task[None] | None = None
        self._answers: OrderedDict[bytes, object] = OrderedDict()
        self.revision = 0
        """That it has seen."""

    @property
    def resident_bytes(self) -> int:
        """Memory of its index."""
        return self._index.resident_bytes

    def hurry(self) -> None:
        """Have the next `follow` look at once: something was changed from here."""
        self._checked_at = None

    async def follow(self, *, at_once: bool = False) -> None:
        """Take over what was changed since, unless that was looked for less than `FRESH_SECONDS` ago."""
        if not at_once and self._is_fresh():
            return
        async with self._turn:
            if not at_once and self._is_fresh():
                return
            began = self._clock()
            state = await self._store.state(self._tenant)
            if state.lenses_at > self._lessons_at or state.purged > self.revision > 0:
                await self._begin_anew(state.lenses_at)
            if state.revision > self.revision:
                await self._catch_up()
                self.revision = max(self.revision, state.revision)
                self._answers.clear()
            self._checked_at = began
            if self._learning is None and learning.is_due(len(self._index), state.lenses_of):
                self._learning = asyncio.create_task(self._learn())

    async def search(self, query: Query) -> Found:
        """What is most like ``query``; ValueError as `Index.search`."""
        async with self._turn:
            return await asyncio.to_thread(self._index.search, query)

    async def facets(self, where: Where) -> Counts:
        """What there is among the products that are as ``where`` says."""
        async with self._turn:
            return await asyncio.to_thread(self._index.facets, where)

    async def products(self, names: Sequence[str]) -> Mapping[str, StoredProduct]:
        """Those of ``names`` that are there, as they are stored."""
        return {each.id: each for each in await self._store.find(names, self._tenant)}

    def imagined(self, text: Floats) -> Floats | None:
        """The vector of pictures that this of a text leads to; None where the catalogue taught too little for that."""
        crossing = self._lessons.crossing
        return None if crossing is None else crossing.pictures_of(text[None])[0]

    def kept(self, question: bytes) -> object | None:
        """The answer to ``question``, if it was asked of the present revision."""
        found = self._answers.get(question)
        if found is not None:
            self._answers.move_to_end(question)
        return found

    def keep(self, question: bytes, answer: object, revision: int) -> None:
        """Keep an answer that was found in ``revision``."""
        if revision == self.revision:
            self._answers[question] = answer
            if len(self._answers) > KEPT_ANSWERS:
                self._answers.popitem(last=False)

    async def close(self) -> None:
        """Give up what goes on in the background."""
        if self._learning is not None:
            self._learning.cancel()
            await asyncio.gather(self._learning, return_exceptions=True)

    def _is_fresh(self) -> bool:
        return self._checked_at is not None and self._clock() < self._checked_at + FRESH_SECONDS

    async def _begin_anew(self, kept_at: int) -> None:
        kept = await self._store.lenses(self._tenant)
        self._lessons = await asyncio.to_thread(learning.unpacked, kept)
        self._lessons_at = kept_at
        self._index = Index(self._lessons.picture_lens)
        self.revision = 0

    async def _catch_up(self) -> None:
        while changes := await self._store.changes(self.revision, PAGE, self._tenant):
            await asyncio.to_thread(_apply, self._index, changes)
            self.revision = changes[-1].revision

    async def _learn(self) -> None:
        try:
            products = len(self._index)
            examples: list[Example] = []
            seen = 0
            while len(examples) < learning.MOST and (changes := await self._store.changes(seen, PAGE, self._tenant)):
                seen = changes[-1].revision
                examples += [_example(change.product) for change in changes if change.product is not None]
            lessons = await asyncio.to_thread(lambda: learning.packed(learning.learned(examples)))
            await self._store.keep_lenses(lessons, products, self._tenant)
            self.hurry()
        except Exception:
            _log.exception("nothing was learned of a catalogue")
        finally:
            self._learning = None


def _apply(index: Index, changes: Sequence[Change]) -> None:
    index.remove([change.id for change in changes if change.product is None])
    index.add([_entry(change.product) for change in changes if change.product is not None])


def _entry(product: StoredProduct) -> Entry:
    facts = _decode(product.facts)
    return Entry(
        product.id,
        None if product.picture is None else unpacked(product.picture),
        None if product.text is None else unpacked(product.text),
        Told(facts.category, facts.price, facts.attributes),
        passage_of(facts),
    )


def _example(product: StoredProduct) -> Example:
    return Example(
        None if product.picture is None else unpacked(product.picture),
        None if product.text is None else unpacked(product.text),
        _decode(product.facts).category,
    )
