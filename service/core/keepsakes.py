"""What an analysis makes beside its outcome, such as thumbnails: kept for its tenant by a name of its own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol


class Keepsake(NamedTuple):
    """A file that was made."""

    id: str
    """Of what it was made from and how: equal names are equal files."""
    media_type: str
    content: bytes


class KeepsakeStore(Protocol):
    """Where they are kept. DependencyError when it is away."""

    async def keep(self, keepsakes: Sequence[Keepsake], tenant: str) -> None:
        """Have them for ``tenant``; those that are there already stay for as long again."""

    async def find(self, identifier: str, tenant: str) -> Keepsake | None:
        """The one that ``tenant`` has by this name."""
