"""The token bucket: how much somebody may ask for in a while, and what is left of it.

A bucket holds ``burst`` tokens at most and is filled evenly, ``requests`` tokens in each ``window``. It starts full.
Who asks for something takes tokens out; what is taken beyond zero is a debt that is paid before anything else.
"""

from __future__ import annotations

import math
import re
from typing import NamedTuple, Self

import msgspec

LARGEST_RATE = 1_000_000_000
_WINDOWS = {"s": 1.0, "min": 60.0, "h": 3600.0, "d": 86_400.0}
_RATE = re.compile(r"([1-9][0-9]{0,9})/([1-9][0-9]{0,4})?(s|min|h|d)")


class Rate(msgspec.Struct, frozen=True):
    """So many ``requests`` in each ``window`` of seconds, and ``burst`` of them at once."""

    requests: int
    window: float
    burst: int

    @property
    def per_second(self) -> float:
        """Tokens that flow into the bucket each second."""
        return self.requests / self.window

    @property
    def fill_seconds(self) -> int:
        """Whole seconds in which an empty bucket is full again, at least one."""
        return max(1, math.ceil(self.burst * self.window / self.requests))

    @property
    def text(self) -> str:
        """As it is written, such as ``100/s burst 200``."""
        unit = max((name for name, span in _WINDOWS.items() if self.window % span == 0), key=_WINDOWS.__getitem__)
        count = round(self.window / _WINDOWS[unit])
        burst = "" if self.burst == self.requests else f" burst {self.burst}"
        return f"{self.requests}/{'' if count == 1 else count}{unit}{burst}"

    @classmethod
    def parse(cls, text: str, burst: int | None = None) -> Self:
        """The rate in ``100/s``, ``5000/min``, ``10/15min``; as many at once as in a window unless ``burst`` says else.

        ValueError with the rest of a sentence.
        """
        match = _RATE.fullmatch(text)
        if match is None or int(match[1]) > LARGEST_RATE:
            raise ValueError(
                f"must be a number of requests and a time, such as 100/s, 5000/min or 10/15min, not {text!r}"
            )
        requests = int(match[1])
        return cls(requests, int(match[2] or 1) * _WINDOWS[match[3]], requests if burst is None else burst)


class Grant(NamedTuple):
    """What came out of a bucket."""

    tokens: int
    """0 when there were not as many as were needed."""
    left: float
    """In the bucket now; negative when it is in debt."""


class TokenBucket:
    """A bucket in this process; ``share`` of ``rate`` is its own. Times are seconds that only rise."""

    __slots__ = ("_at", "_left", "capacity", "per_second")

    def __init__(self, rate: Rate, now: float, share: float = 1.0) -> None:
        self.capacity = max(1.0, rate.burst * share)
        self.per_second = rate.per_second * share
        self._left = self.capacity
        self._at = now

    def draw(self, wanted: int, needed: int, returned: float, now: float) -> Grant:
        """Take ``wanted`` tokens or what there is of them, if it is at least ``needed``.

        ``returned`` are tokens put back before; a negative number is a debt to be paid.
        """
        left = self._left + max(0.0, now - self._at) * self.per_second + returned
        left = min(self.capacity, left)
        tokens = min(wanted, int(left)) if left >= max(1, needed) else 0
        self._left = left - tokens
        self._at = now
        return Grant(tokens, self._left)
