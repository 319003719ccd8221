"""How often a key may ask: a bucket of tokens that all processes share, leased to each in small portions.

A request takes a token that this process already holds, which waits for nobody; the next portion is fetched in the
background before the last is used up. A portion grows while it is used up quickly, to a sixteenth of the burst at
most, and goes back when it was not used. So all processes together never give out more, in any ``s`` seconds, than

    burst + rate × (s + 2 × LEASE_SECONDS)

and up to a sixteenth of the burst in each process may lie there unused while another refuses.

While the shared buckets are away, each process gives its own ``share`` of the rate out of a bucket of its own. They
are tried again in the background, so that requests do not wait for what does not answer.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Final

from service.core.breaker import Breaker
from service.core.bucket import Grant, Rate
from service.core.errors import DependencyError, RateLimitedError
from service.core.identity import Identity
from service.core.lease import Lease
from service.core.metrics import RATE_DRAWS, Metrics
from service.core.ports import TokenSource

MOST_LEASES: Final = 10_000
_ROUND_UP: Final = 0.999_999
"""To the next whole number, but for what a float is wrong by."""

Header = tuple[bytes, bytes]


class RateLimiter:
    """Gives tokens to identities; belongs to one event loop.

    ``source`` are the shared buckets, None where there are none; ``share`` is the part of every rate that this process
    gives without them. ``clock`` gives seconds that only rise.
    """

    def __init__(
        self,
        source: TokenSource | None,
        metrics: Metrics,
        *,
        share: float = 1.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._source = source
        self._share = share
        self._clock = clock
        self._breaker = Breaker("the shared rate limit", clock)
        self._leases: dict[str, Lease] = {}
        self._probe: asyncio.Task[None] | None = None
        self._granted = {name: metrics.count(RATE_DRAWS, name, "granted") for name in ("shared", "local")}
        self._refused = {name: metrics.count(RATE_DRAWS, name, "refused") for name in ("shared", "local")}

    def take(self, identity: Identity, cost: int = 1) -> bool:
        """Take ``cost`` tokens out of those that are held here; False says to `lease` them."""
        rate = identity.rate
        if rate is None:
            return True
        lease = self._leases.get(identity.key_id)
        if lease is None or lease.rate is not rate:
            return False
        held = lease.held - cost
        if held < 0.0 or self._clock() >= lease.ends:
            return False
        lease.held = held
        if held <= lease.low and lease.drawing is None:
            self._refill(lease)
        return True

    async def lease(self, identity: Identity, cost: int = 1) -> None:
        """Take ``cost`` tokens, waiting for the shared bucket if need be; RateLimitedError when they are not there.

        A cost above the burst asks for a full bucket and leaves it in debt.
        """
        if identity.rate is None:
            return
        lease = self._lease_of(identity, identity.rate)
        while not lease.take(needed := min(cost, int(lease.capacity)), cost, now := self._clock()):
            wait = lease.wait(needed, now)
            if wait > 0.0:
                raise RateLimitedError(f"The key has used up its rate of {identity.rate.text}.", wait)
            lease.expect(needed)
            drawing = lease.drawing or self._refill(lease)
            if drawing is not None:
                await asyncio.shield(drawing)

    def charge(self, identity: Identity, cost: int) -> None:
        """Take ``cost`` tokens for what was done already; what is not there is owed, and paid before anything else."""
        if identity.rate is not None:
            lease = self._lease_of(identity, identity.rate)
            lease.held -= cost
            if lease.held <= lease.low and lease.drawing is None:
                self._refill(lease)

    def headers(self, identity: Identity) -> tuple[Header, ...]:
        """``RateLimit-Policy`` and ``RateLimit`` (draft-ietf-httpapi-ratelimit-headers-11), as far as is known here.

        The bucket holds ``q`` tokens and fills in ``w`` seconds; ``r`` are left. Who spends these evenly over ``t``
        seconds is not refused; with none left, ``t`` says when the next one comes.
        """
        rate = identity.rate
        if rate is None:
            return ()
        lease = self._leases.get(identity.key_id)
        if lease is None or lease.rate is not rate:
            lease = self._lease_of(identity, rate)
        left = lease.left(self._clock())
        if left >= 1.0:
            remaining = int(left)
            seconds = remaining * lease.seconds_each
        else:
            remaining = 0
            seconds = (1.0 - left) * lease.seconds_each
        return lease.policy, (b"ratelimit", b'"default";r=%d;t=%d' % (remaining, seconds + _ROUND_UP))

    async def close(self) -> None:
        """Fetch nothing more."""
        tasks = [lease.drawing for lease in self._leases.values() if lease.drawing is not None]
        if self._probe is not None:
            tasks.append(self._probe)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _lease_of(self, identity: Identity, rate: Rate) -> Lease:
        key = identity.key_id
        lease = self._leases.get(key)
        if lease is not None and lease.rate == rate:
            lease.rate = rate  # the next look compares by identity
            return lease
        if lease is None and len(self._leases) >= MOST_LEASES:
            del self._leases[next(iter(self._leases))]
        lease = self._leases[key] = Lease(key, rate, self._clock())
        return lease

    def _refill(self, lease: Lease) -> asyncio.Task[None] | None:
        """Fetch the next portion: at once out of our own bucket, or in the background out of the shared one."""
        if self._source is not None and self._breaker.is_closed:
            lease.drawing = asyncio.get_running_loop().create_task(self._draw(lease, self._source))
            return lease.drawing
        if self._source is not None and self._breaker.wants_probe():
            self._probe = asyncio.get_running_loop().create_task(self._try(lease, self._source))
        self._draw_locally(lease)
        return None

    async def _draw(self, lease: Lease, source: TokenSource) -> None:
        now = self._clock()
        lease.use_shared(now)
        order = lease.order(now)
        try:
            grant = await source.draw(lease.key, lease.rate, *order)
        except DependencyError as error:
            self._breaker.failed(error.reason)
            lease.held += min(0.0, order.returned)  # a debt is not forgotten; tokens that went back may have arrived
            self._draw_locally(lease)
        else:
            self._breaker.succeeded()
            lease.receive(grant, now, self._clock())
            self._count("shared", grant)
        finally:
            lease.drawing = None

    async def _try(self, lease: Lease, source: TokenSource) -> None:
        """Draw nothing, to see whether the shared buckets answer again."""
        try:
            await source.draw(lease.key, lease.rate, 0, 0, 0.0)
        except DependencyError as error:
            self._breaker.failed(error.reason)
        else:
            self._breaker.succeeded()
        finally:
            self._probe = None

    def _draw_locally(self, lease: Lease) -> None:
        now = self._clock()
        bucket = lease.use_local(self._share, now)
        wanted, needed, returned = lease.order(now)
        grant = bucket.draw(wanted, min(needed, int(lease.capacity)), returned, now)
        lease.receive(grant, now, now)
        self._count("local", grant)

    def _count(self, bucket: str, grant: Grant) -> None:
        (self._granted if grant.tokens else self._refused)[bucket].add()
