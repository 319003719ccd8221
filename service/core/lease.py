"""The tokens of one key that this process holds, and what it knows of the bucket that they came from."""

from __future__ import annotations

import asyncio
from typing import Final, NamedTuple

from service.core.bucket import Grant, Rate, TokenBucket

LEASE_SECONDS: Final = 0.5
"""Tokens that were not used for so long go back."""
LARGEST_SHARE: Final = 1 / 16
"""Of the burst: the largest portion, of one token at least."""
_NEVER: Final = -1


class Order(NamedTuple):
    """What to draw next, as `TokenBucket.draw` takes it."""

    wanted: int
    needed: int
    returned: float


class Lease:
    """Tokens of the key ``key``. A portion grows while it is used up quickly, and shrinks when it was too large.

    Tokens are used in the order in which they came, and the next portion is at least as large as what may be left of
    the last (`low`), so none is used later than two times `LEASE_SECONDS` after it left its bucket.
    """

    __slots__ = (
        *("_asked", "_awaited", "_granted_at", "_known", "_known_at", "_largest", "_local", "_portion", "_size"),
        *("capacity", "drawing", "ends", "held", "is_local", "key", "low", "per_second", "policy"),
        *("rate", "seconds_each"),
    )

    def __init__(self, key: str, rate: Rate, now: float) -> None:
        self.key = key
        self.rate = rate
        self.held = 0.0
        """Tokens to be used; below zero when more were used than came."""
        self.ends = now
        """When they go back."""
        self.low = _NEVER
        """With so few left it is time to fetch the next portion."""
        self.drawing: asyncio.Task[None] | None = None
        """What fetches it, while it does."""
        self.policy = b"ratelimit-policy", b'"default";q=%d;w=%d' % (rate.burst, rate.fill_seconds)
        """The header that tells of the rate."""
        self.is_local = False
        """Whether the tokens come from this process's own bucket."""
        self._local: TokenBucket | None = None
        self._largest = max(1, int(rate.burst * LARGEST_SHARE))
        self._size = 1
        self._portion = 0
        self._granted_at = now
        self._asked = 0
        self._awaited = 0
        self._draw_from(float(rate.burst), rate.per_second, now)

    def take(self, needed: int, cost: int, now: float) -> bool:
        """Use ``cost`` tokens if ``needed`` are there."""
        if self.held < needed or now >= self.ends:
            return False
        self.held -= cost
        return True

    def left(self, now: float) -> float:
        """Tokens here and in the bucket, as far as is known."""
        left = self._known + (now - self._known_at) * self.per_second + self.held
        return left if left < self.capacity else self.capacity

    def wait(self, needed: int, now: float) -> float:
        """Seconds until ``needed`` tokens are there at the earliest; 0 when they may be there now."""
        return max(0.0, (needed - self.left(now)) * self.seconds_each)

    def expect(self, needed: int) -> None:
        """Somebody waits for ``needed`` tokens."""
        self._asked = max(self._asked, needed)
        self._awaited += needed

    def order(self, now: float) -> Order:
        """The next portion. Tokens that are due go back with it, and a debt is paid with it."""
        returned = 0.0
        is_over = now >= self.ends
        if is_over or self.held < 0.0:
            returned, self.held = self.held, 0.0
        if is_over:
            self._size = max(1, min(self._size, self._portion - int(returned)))
        elif now - self._granted_at < LEASE_SECONDS / 2:
            self._size = min(self._largest, 2 * self._size)
        needed = max(1, self._asked - int(self.held))
        wanted = max(needed, self._size, self._awaited)
        self._asked = self._awaited = 0
        return Order(wanted, needed, returned)

    def receive(self, grant: Grant, asked_at: float, now: float) -> None:
        """Take over what came of an order."""
        self._known, self._known_at = grant.left, now
        if grant.tokens == 0:
            self.low = _NEVER
            return
        self.held += grant.tokens
        self.ends = asked_at + LEASE_SECONDS
        self.low = grant.tokens // 2
        self._portion = grant.tokens
        self._granted_at = now

    def use_shared(self, now: float) -> None:
        """From now on draw from the bucket that all processes share."""
        if self.is_local:
            self.is_local = False
            self._draw_from(float(self.rate.burst), self.rate.per_second, now)

    def use_local(self, share: float, now: float) -> TokenBucket:
        """From now on draw from this process's own bucket, which has ``share`` of the rate."""
        if self._local is None:
            self._local = TokenBucket(self.rate, now, share)
        if not self.is_local:
            self.is_local = True
            self._draw_from(self._local.capacity, self._local.per_second, now)
        return self._local

    def _draw_from(self, capacity: float, per_second: float, now: float) -> None:
        """From now on tokens come out of another bucket, which is taken to be full until it says otherwise."""
        self.held = min(self.held, 0.0)
        self.capacity = capacity
        self.per_second = per_second
        self.seconds_each = 1 / per_second
        self._known = capacity
        self._known_at = now
