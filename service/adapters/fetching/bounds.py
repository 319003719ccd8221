"""What one fetch may take, and what one process may do to an origin."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """What fetches may take. Durations are in seconds."""

    seconds: float = 10.0
    """From its first connection to its last byte, over all redirects."""
    connect: float = 3.0
    content: int = 20_000_000
    """Bytes, both as they are sent and as they are without their coding."""
    known: int = 10
    """What a name resolves to is remembered for so long."""
    memory: int = 256 * 2**20
    """Bytes that all bodies on their way may take; what would take more waits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Manners:
    """How one process treats each origin."""

    concurrency: int = 8
    """Requests that are on their way to it at a time."""
    rate: float = 500.0
    """Requests a second, at most; it is sent fewer at first, unless it is one of the operator's own."""
