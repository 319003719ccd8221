"""What tenants sent before, known by what it looks like: whatever looks the same is found again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol


class Likeness(NamedTuple):
    """What something looks like."""

    sha256: bytes
    """Of its content; its name."""
    fine: bytes
    """A hash that differs in few bits for what looks alike, 256 bits."""
    coarse: bytes
    """One that still knows what was changed more, 64 bits."""
    url: str | None = None
    """Where it was fetched from."""


class Nearness(NamedTuple):
    """When two likenesses are those of copies: they differ in at most so many bits."""

    near: int
    """Of the fine hash, whatever the coarse one says."""
    far: int
    """Of the fine hash, where the coarse one differs in at most ``coarse``."""
    coarse: int


class Resemblance(NamedTuple):
    """Something known that is near."""

    sha256: bytes
    distance: int
    """Bits in which the fine hashes differ."""
    url: str | None


class KnownStore(Protocol):
    """Where likenesses are kept. DependencyError when it is away."""

    async def meet(self, likeness: Likeness, nearness: Nearness, most: int, tenant: str) -> Sequence[Resemblance]:
        """What ``tenant`` has that is near ``likeness`` and not itself: all of it, or the nearest ``most``, in order.

        ``likeness`` is known from now on, too; of two that meet at the same time, one finds the other at least.
        """

    async def forget(self, sha256: bytes, tenant: str) -> bool:
        """Have ``tenant`` know it no more; whether it was known."""
