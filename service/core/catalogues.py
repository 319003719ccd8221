"""Catalogues: the products of tenants, kept with what they look like and read like, and followed change by change."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol


class StoredProduct(NamedTuple):
    """A product as it is kept."""

    id: str
    """The tenant's own name for it."""
    facts: bytes
    """All that was said of it, as a JSON object."""
    picture: bytes | None
    """The vector of its picture, as numbers of 16 bits; None without a picture."""
    text: bytes | None
    """That of its text."""


class Change(NamedTuple):
    """How a product is since a revision."""

    revision: int
    id: str
    product: StoredProduct | None
    """None if it was removed."""


class CatalogueState(NamedTuple):
    """How far a catalogue is."""

    revision: int
    """Counts its changes; each leaves all products of one writing with one revision."""
    products: int
    purged: int
    """Removals up to this revision are forgotten: whoever knows less has to read all anew."""
    lenses_at: int
    """The revision at which its lenses were kept, see `CatalogueStore.keep_lenses`; 0 without any."""
    lenses_of: int
    """How many products they were learned of."""


EMPTY = CatalogueState(0, 0, 0, 0, 0)
"""That of a tenant who never had a product."""


class CatalogueFullError(Exception):
    """There is no room for so many more products; nothing was kept."""


class CatalogueStore(Protocol):
    """Where catalogues are kept. DependencyError when it is away."""

    async def state(self, tenant: str) -> CatalogueState:
        """How far ``tenant``'s is."""

    async def lenses(self, tenant: str) -> bytes | None:
        """What was learned of ``tenant``'s; None as long as nothing was."""

    async def put(self, products: Sequence[StoredProduct], most: int, tenant: str) -> int:
        """Keep ``products`` in place of those of the same names, all or none; the catalogue's revision from then on.

        Of equal names the last counts, and what is there exactly so changes nothing. CatalogueFullError if there were
        more than ``most`` afterwards.
        """

    async def remove(self, names: Sequence[str], tenant: str) -> int:
        """Take products out; how many of ``names`` were there."""

    async def changes(self, after: int, most: int, tenant: str) -> Sequence[Change]:
        """The next changes after revision ``after``, in order: so many, and what else was changed with the last one."""

    async def find(self, names: Sequence[str], tenant: str) -> Sequence[StoredProduct]:
        """Those of ``names`` that are there, in any order."""

    async def page(self, after: int, most: int, tenant: str) -> Sequence[Change]:
        """As `changes`, of products that are there, and without their vectors."""

    async def keep_lenses(self, lenses: bytes, products: int, tenant: str) -> None:
        """Keep what was learned of so many products, for all who follow; it is a change."""
