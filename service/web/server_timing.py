"""Tells a caller where the time of its request went: the header ``Server-Timing`` (W3C), in milliseconds.

    Server-Timing: queue;dur=0.021, cache;dur=0.008, fetch;dur=0.000, batch;dur=0.110, compute;dur=0.094, db;dur=0.000,
        total;dur=0.301

The stages lie one after the other, but for ``db``, which is part of another. What is left of the total is the web's
own: reading, decoding, encoding.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, TypeAlias

from service.core.call import Timing

NAME: Final = b"server-timing"
ASKING: Final = b"x-server-timing"
"""The header, with the value 1, by which a request asks for it."""

Choice: TypeAlias = Callable[[Mapping[bytes, bytes]], Timing | None]
"""The headers of a request to a timing, where one is wanted."""


def always(headers: Mapping[bytes, bytes]) -> Timing:
    """A timing for every request."""
    return Timing()


def when_asked(headers: Mapping[bytes, bytes]) -> Timing | None:
    """A timing for a request that asks for it."""
    return Timing() if headers.get(ASKING) == b"1" else None


CHOICES: Mapping[str, Choice | None] = {"off": None, "asked": when_asked, "on": always}
"""By the word of the setting; None costs a request nothing."""


def rendered(timing: Timing, seconds: float) -> bytes:
    """The header's value, with ``seconds`` as the total."""
    return (
        b"queue;dur=%.3f, cache;dur=%.3f, fetch;dur=%.3f, batch;dur=%.3f, compute;dur=%.3f, db;dur=%.3f, total;dur=%.3f"
        % (
            timing.queue * 1e3,
            timing.cache * 1e3,
            timing.fetch * 1e3,
            timing.batch * 1e3,
            timing.compute * 1e3,
            timing.db * 1e3,
            seconds * 1e3,
        )
    )
