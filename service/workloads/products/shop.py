"""Where products meet their catalogue: put in, or looked for, once their vectors are known.

An answer to a search holds for a second, as long as this process knows of no change: so searches that are asked again
and again cost no more than any other answer that is kept.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Final, cast

import msgspec

from service.core.catalogues import CatalogueFullError, CatalogueStore, StoredProduct
from service.core.errors import AnalysisError, DependencyError
from service.core.postscripts import Stores
from service.workloads.products import searching
from service.workloads.products.catalogue import FRESH_SECONDS, Catalogue
from service.workloads.products.items import Item, Placement, Search
from service.workloads.products.messages import Kept, Seen

MOST_PRODUCTS: Final = 1_000_000
"""In one catalogue."""
MOST_BYTES: Final = 1_073_741_824
"""Of the catalogues that one process keeps in memory; those that were not asked for longest are given up."""

Written = Seen | AnalysisError | DependencyError

_encode = msgspec.json.Encoder().encode


class Shop:
    """The postscripts of products in one process, and its catalogues."""

    def __init__(self, stores: Stores, clock: Callable[[], float] = time.monotonic) -> None:
        self._store = stores.catalogues
        self._clock = clock
        self._catalogues: OrderedDict[str, Catalogue] = OrderedDict()

    def is_wanted(self, item: Item) -> bool:
        """Vectors alone are no answer."""
        return True

    def life(self, item: Item) -> float:
        """That of a search; putting in is done each time."""
        return FRESH_SECONDS if isinstance(item, Search) and item.request.use_cache else 0.0

    def edition(self, tenant: str) -> str:
        """The revision that this process knows of."""
        catalogue = self._catalogues.get(tenant)
        return "" if catalogue is None else str(catalogue.revision)

    async def write(self, pairs: Sequence[tuple[Item, Seen]], tenant: str) -> Sequence[Written]:
        """What is in the catalogue now, or what was found in it."""
        if self._store is None:
            return [DependencyError("postgres", "there is none")] * len(pairs)
        placed = [(item, seen) for item, seen in pairs if isinstance(item, Placement)]
        kept = iter(await self._put(placed, self._store, tenant) if placed else ())
        return [
            await self._found(item, seen, self._store, tenant) if isinstance(item, Search) else next(kept)
            for item, seen in pairs
        ]

    async def _put(
        self, pairs: Sequence[tuple[Placement, Seen]], store: CatalogueStore, tenant: str
    ) -> Sequence[Written]:
        products = [StoredProduct(item.id, _encode(item.facts), seen.picture, seen.text) for item, seen in pairs]
        try:
            revision = await store.put(products, MOST_PRODUCTS, tenant)
        except CatalogueFullError:
            reason = f"your catalogue is full: it has room for {MOST_PRODUCTS:,} products"
            return [AnalysisError(reason, "catalogue-full")] * len(pairs)
        except DependencyError as error:
            return [error] * len(pairs)
        if tenant in self._catalogues:
            self._catalogues[tenant].hurry()
        return [
            Seen(kept=Kept(id=item.id, revision=revision, has_picture=seen.picture is not None)) for item, seen in pairs
        ]

    async def _found(self, item: Search, seen: Seen, store: CatalogueStore, tenant: str) -> Written:
        catalogue = self._catalogue(store, tenant)
        question = _encode((item.request, item.digest))
        try:
            await catalogue.follow(at_once=not item.request.use_cache)
            if item.request.use_cache and (kept := catalogue.kept(question)) is not None:
                return cast("Seen", kept)
            answer = Seen(found=await searching.found(item, seen, catalogue))
        except (AnalysisError, DependencyError) as error:
            return error
        catalogue.keep(question, answer, answer.found.revision if answer.found else 0)
        self._make_room()
        return answer

    def _catalogue(self, store: CatalogueStore, tenant: str) -> Catalogue:
        catalogue = self._catalogues.get(tenant)
        if catalogue is None:
            catalogue = self._catalogues[tenant] = Catalogue(store, tenant, self._clock)
        self._catalogues.move_to_end(tenant)
        return catalogue

    def _make_room(self) -> None:
        taken = sum(catalogue.resident_bytes for catalogue in self._catalogues.values())
        while taken > MOST_BYTES and len(self._catalogues) > 1:
            _, given_up = self._catalogues.popitem(last=False)
            taken -= given_up.resident_bytes
