"""Catalogues in memory, for tests."""

from __future__ import annotations

from collections.abc import Sequence

from service.core.catalogues import EMPTY, CatalogueFullError, CatalogueState, Change, StoredProduct
from service.core.errors import DependencyError


class MemoryCatalogues:
    """The store of catalogues in dicts; away when ``away`` is set."""

    def __init__(self) -> None:
        self.states: dict[str, CatalogueState] = {}
        self.kept: dict[str, dict[str, Change]] = {}
        self.learned: dict[str, bytes] = {}
        self.away = False
        self.asked: list[str] = []
        """The calls so far, by name."""

    async def state(self, tenant: str) -> CatalogueState:
        self._arrive("state")
        return self.states.get(tenant, EMPTY)

    async def lenses(self, tenant: str) -> bytes | None:
        self._arrive("lenses")
        return self.learned.get(tenant)

    async def put(self, products: Sequence[StoredProduct], most: int, tenant: str) -> int:
        self._arrive("put")
        state, kept = self.states.get(tenant, EMPTY), self.kept.setdefault(tenant, {})
        latest = {product.id: product for product in products}
        new = sum(name not in kept or kept[name].product is None for name in latest)
        if state.products + new > most:
            raise CatalogueFullError(f"there is no room for {state.products + new:,} products")
        changed = {
            name: product for name, product in latest.items() if name not in kept or kept[name].product != product
        }
        revision = state.revision + bool(changed)
        for name, product in changed.items():
            kept[name] = Change(revision, name, product)
        self.states[tenant] = state._replace(revision=revision, products=state.products + new)
        return revision

    async def remove(self, names: Sequence[str], tenant: str) -> int:
        self._arrive("remove")
        state, kept = self.states.get(tenant, EMPTY), self.kept.setdefault(tenant, {})
        there = [name for name in names if name in kept and kept[name].product is not None]
        for name in there:
            kept[name] = Change(state.revision + 1, name, None)
        self.states[tenant] = state._replace(revision=state.revision + 1, products=state.products - len(there))
        return len(there)

    async def changes(self, after: int, most: int, tenant: str) -> Sequence[Change]:
        self._arrive("changes")
        later = sorted(change for change in self.kept.get(tenant, {}).values() if change.revision > after)
        if len(later) > most:
            later = [change for change in later if change.revision <= later[most - 1].revision]
        return later

    async def page(self, after: int, most: int, tenant: str) -> Sequence[Change]:
        changes = await self.changes(after, 10**9, tenant)
        there = [
            change._replace(product=change.product._replace(picture=None, text=None))
            for change in changes
            if change.product is not None
        ]
        return [change for change in there if change.revision <= there[min(most, len(there)) - 1].revision]

    async def find(self, names: Sequence[str], tenant: str) -> Sequence[StoredProduct]:
        self._arrive("find")
        kept = self.kept.get(tenant, {})
        return [found for name in names if name in kept and (found := kept[name].product) is not None]

    async def keep_lenses(self, lenses: bytes, products: int, tenant: str) -> None:
        self._arrive("keep_lenses")
        state = self.states[tenant]
        self.learned[tenant] = lenses
        self.states[tenant] = state._replace(
            revision=state.revision + 1, lenses_at=state.revision + 1, lenses_of=products
        )

    def _arrive(self, call: str) -> None:
        self.asked.append(call)
        if self.away:
            raise DependencyError("postgres", "refused")
