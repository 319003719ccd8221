"""Fetching, as the core asks for it: politely, through redirects, and more than once where that may help.

url ─▶ rules ─▶ target ─▶ its origin's turn ─▶ exchange ─▶ answer ─┬─▶ content
                  ▲  ▲                                             ├─▶ failure ─(may pass, and nobody waits)─┐
                  │  └──────────── redirect, checked anew ─────────┘                                         │
                  └─────────────────────────────── after a while ────────────────────────────────────────────┘
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime
from itertools import islice
from types import MappingProxyType
from typing import TYPE_CHECKING

from service.adapters.fetching import failures
from service.adapters.fetching.answers import Answer
from service.adapters.fetching.bounds import Bounds, Manners
from service.adapters.fetching.origins import Origin, Origins, OriginState
from service.adapters.fetching.sharing import SharedRates, Sharing
from service.adapters.fetching.urls import Rules, Target
from service.core.call import Priority
from service.core.errors import AnalysisError
from service.core.fetch_metrics import FETCHED, FetchMeters
from service.core.fetching import Fetched, OriginKey

if TYPE_CHECKING:
    import ssl

    from aiohttp.abc import AbstractResolver

    from service.adapters.fetching.exchange import Exchange

MOST_REDIRECTS = 3
PATIENCE: Mapping[Priority, float] = {Priority.INTERACTIVE: 2.0, Priority.BULK: 60.0}
"""Seconds for which a fetch waits for turns and between its tries. What has begun then may still end."""
BOUNDS = Bounds()


class WebFetcher:
    """A `service.core.fetching.Fetcher`; ``clock`` gives seconds that only rise."""

    def __init__(
        self,
        exchange: Exchange,
        rules: Rules,
        origins: Origins,
        *,
        seconds: float,
        clock: Callable[[], float],
        sharing: Sharing,
        meters: FetchMeters,
    ) -> None:
        self._exchange = exchange
        self._rules = rules
        self._origins = origins
        self._seconds = seconds
        self._clock = clock
        self._sharing = sharing
        self._meters = meters

    async def fetch(self, url: str, priority: Priority) -> Fetched:
        """The content at ``url``; AnalysisError when there is none to be had."""
        try:
            fetched = await self._fetched(url, priority)
        except AnalysisError as error:
            self._meters.ended(error.kind)
            raise
        self._meters.ended(FETCHED)
        return fetched

    async def _fetched(self, url: str, priority: Priority) -> Fetched:
        target = self._rules.target(url)
        ends = self._clock() + PATIENCE[priority]
        retries = self._origin(target).retries
        retries.begin()
        tries = 0
        while True:
            try:
                return await self._followed(target, priority, ends)
            except AnalysisError as error:
                if priority is Priority.INTERACTIVE or not error.may_pass or error.kind == failures.BUSY:
                    raise
                tries += 1
                delay = retries.delay(tries)
                if delay is None or self._clock() + delay >= ends:
                    raise
            self._meters.retries.add()
            await asyncio.sleep(delay)

    def states(self, most: int = 100) -> list[OriginState]:
        """How it goes with the origins that were asked last."""
        return list(islice(self._origins.states(), most))

    def _origin(self, target: Target) -> Origin:
        return self._origins.of(target.origin, is_own=target.is_allowed)

    async def _followed(self, target: Target, priority: Priority, ends: float) -> Fetched:
        left = self._seconds
        for _ in range(MOST_REDIRECTS + 1):
            origin = self._origin(target)
            await self._sharing.join(origin)
            async with self._turn(origin, priority, ends):
                began = self._clock()
                try:
                    answer = await self._asked(origin, target, left)
                finally:
                    took = self._clock() - began
                    self._meters.exchange.add(took)
            left = max(0.0, left - took)
            if not answer.is_redirect:
                return Fetched(answer.content, answer.media_type, target.url)
            target = self._rules.redirected(target, answer.location)
        raise failures.redirected(f"there are more than {MOST_REDIRECTS} redirects")

    @asynccontextmanager
    async def _turn(self, origin: Origin, priority: Priority, ends: float) -> AsyncIterator[None]:
        """The origin's turn, measured."""
        began = self._clock()
        self._meters.waiting.move(1)
        async with AsyncExitStack() as stack:
            try:
                await stack.enter_async_context(origin.turn(priority, max(0.0, ends - began)))
            finally:
                self._meters.waiting.move(-1)
                self._meters.turn.add(self._clock() - began)
            self._meters.running.move(1)
            stack.callback(self._meters.running.move, -1)
            yield

    async def _asked(self, origin: Origin, target: Target, seconds: float) -> Answer:
        """A good answer or a redirect; how it went is noted with the origin."""
        try:
            answer = await self._exchange.ask(target, seconds)
            if pause := answer.pause(datetime.now(UTC)):
                origin.pause(pause)
                self._sharing.hurry()
            if not (answer.is_good or answer.is_redirect):
                raise failures.answered(answer.status)
        except AnalysisError as error:
            origin.pace.answer(is_good=not error.may_pass)
            raise
        origin.pace.answer(is_good=True)
        return answer


@asynccontextmanager
async def open_fetcher(
    rules: Rules,
    manners: Manners,
    bounds: Bounds = BOUNDS,
    *,
    resolver: AbstractResolver | None = None,
    trust: ssl.SSLContext | None = None,
    clock: Callable[[], float] = time.monotonic,
    draw: Callable[[], float] = random.random,
    rates: SharedRates | None = None,
    meters: FetchMeters | None = None,
    keys: Mapping[str, OriginKey] = MappingProxyType({}),
) -> AsyncIterator[WebFetcher]:
    """A fetcher whose connections end with it.

    Names are looked up by ``resolver``, and certificates judged by ``trust``; else both as the system does.
    With ``rates`` all processes together keep to one rate for each origin and key.
    """
    from service.adapters.fetching.exchange import open_exchange  # the client is loaded where it is used

    async with open_exchange(bounds, rules.is_public, resolver, trust, keys) as exchange:
        meters = meters or FetchMeters.unseen()
        origins = Origins(manners, clock=clock, draw=draw, remembered=meters.origins)
        sharing = Sharing(rates, clock, {origin: key.mark for origin, key in keys.items()})
        async with sharing.running():
            yield WebFetcher(
                exchange, rules, origins, seconds=bounds.seconds, clock=clock, sharing=sharing, meters=meters
            )
