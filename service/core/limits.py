"""Refuses early what there is no room for, and says when to come back."""

from __future__ import annotations

from service.core.errors import OverloadError


class ConcurrencyLimit:
    """Bounds the requests that are being answered; not thread-safe, for one event loop."""

    __slots__ = ("_limit", "_retry_after", "in_flight")

    def __init__(self, limit: int, retry_after: float = 1.0) -> None:
        self._limit = limit
        self._retry_after = retry_after
        self.in_flight = 0

    def enter(self) -> None:
        """Take a place, to be given back with `leave`; OverloadError when there is none."""
        if self.in_flight >= self._limit:
            raise OverloadError(f"{self._limit} requests are being answered already", self._retry_after)
        self.in_flight += 1

    def leave(self) -> None:
        """Give the place back."""
        self.in_flight -= 1
