"""One tenant's catalogue as one process sees it: an index that follows what is stored, change by change."""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Callable, Coroutine, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from typing import Any, Final

import msgspec

from service.core.catalogues import CatalogueState, CatalogueStore, Change, StoredProduct
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

    Changes and searches take turns, each in a thread. What was learned anew is taken up beside them: an index that sees
    by it is filled, and takes the place of the present one when it is whole.
    """

    def __init__(self, store: CatalogueStore, tenant: str, clock: Callable[[], float]) -> None:
        self._store = store
        self._tenant = tenant
        self._clock = clock
        self._view = _View(learning.NONE, 0)
        self._checked_at: float | None = None
        self._following = asyncio.Lock()
        self._turn = asyncio.Lock()
        self._beside: asyncio.Task[None] | None = None
        """Learning, or taking up what was learned."""
        self._answers: OrderedDict[bytes, object] = OrderedDict()

    @property
    def revision(self) -> int:
        """That it has seen."""
        return self._view.revision

    @property
    def resident_bytes(self) -> int:
        """Memory of its index."""
        return self._view.index.resident_bytes

    def hurry(self) -> None:
        """Have the next `follow` look at once: something was changed from here."""
        self._checked_at = None

    async def follow(self, *, at_once: bool = False) -> None:
        """Take over what was changed since, unless that was looked for less than `FRESH_SECONDS` ago."""
        if not at_once and self._is_fresh():
            return
        async with self._following:
            if not at_once and self._is_fresh():
                return
            began = self._clock()
            state = await self._store.state(self._tenant)
            view = self._view
            if state.purged > view.revision > 0 or (not view.revision and state.lenses_at):
                view = await self._new_view(state.lenses_at)
                await self._read(view)
                view.revision = max(view.revision, state.revision)
                await self._show(view)
            elif state.revision > view.revision:
                await self._read(view, self._turn)
                view.revision = max(view.revision, state.revision)
                self._answers.clear()
            self._checked_at = began
            if self._beside is None:
                self._begin(state)

    async def search(self, query: Query) -> Found:
        """What is most like ``query``; ValueError as `Index.search`."""
        async with self._turn:
            return await asyncio.to_thread(self._view.index.search, query)

    async def facets(self, where: Where) -> Counts:
        """What there is among the products that are as ``where`` says."""
        async with self._turn:
            return await asyncio.to_thread(self._view.index.facets, where)

    async def products(self, names: Sequence[str]) -> Mapping[str, StoredProduct]:
        """Those of ``names`` that are there, as they are stored."""
        return {each.id: each for each in await self._store.find(names, self._tenant)}

    def imagined(self, text: Floats) -> Floats | None:
        """The vector of pictures that this of a text leads to; None where the catalogue teaches too little for that."""
        crossing = self._view.lessons.crossing
        return None if crossing is None or crossing.explained <= 0 else crossing.pictures_of(text[None])[0]

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

    def _is_fresh(self) -> bool:
        return self._checked_at is not None and self._clock() < self._checked_at + FRESH_SECONDS

    def _begin(self, state: CatalogueState) -> None:
        """Learn of the catalogue, or take up what was learned, as far as either is due."""
        if state.lenses_at > self._view.lessons_at:
            self._beside = asyncio.create_task(self._logged(self._take_up(state.lenses_at)))
        elif learning.is_due(len(self._view.index), state.lenses_of):
            self._beside = asyncio.create_task(self._logged(self._learn()))

    async def _logged(self, work: Coroutine[Any, Any, None]) -> None:
        try:
            await work
        except Exception:
            _log.exception("a catalogue is searched as before, by what was learned of it earlier")
        finally:
            self._beside = None

    async def _take_up(self, lessons_at: int) -> None:
        view = await self._new_view(lessons_at)
        await self._read(view)
        await self._show(view)

    async def _learn(self) -> None:
        products, seen = len(self._view.index), 0
        examples: list[Example] = []
        while len(examples) < learning.MOST and (changes := await self._store.changes(seen, PAGE, self._tenant)):
            seen = changes[-1].revision
            examples += [_example(change.product) for change in changes if change.product is not None]
        lessons = await asyncio.to_thread(lambda: learning.packed(learning.learned(examples)))
        await self._store.keep_lenses(lessons, products, self._tenant)
        self.hurry()

    async def _new_view(self, lessons_at: int) -> _View:
        kept = await self._store.lenses(self._tenant)
        return _View(await asyncio.to_thread(learning.unpacked, kept), lessons_at)

    async def _read(self, view: _View, turn: AbstractAsyncContextManager[object] | None = None) -> None:
        """Bring ``view`` up to date, in ``turn`` where others see it already."""
        while changes := await self._store.changes(view.revision, PAGE, self._tenant):
            async with turn or nullcontext():
                await asyncio.to_thread(_apply, view.index, changes)
            view.revision = changes[-1].revision

    async def _show(self, view: _View) -> None:
        """Have ``view`` searched from now on."""
        async with self._turn:
            self._view = view
        self._answers.clear()
        self.hurry()


class _View:
    """An index, what it sees by, and how far it is."""

    def __init__(self, lessons: Lessons, lessons_at: int) -> None:
        self.index = Index(lessons.picture_lens)
        self.lessons = lessons
        self.lessons_at = lessons_at
        self.revision = 0


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
