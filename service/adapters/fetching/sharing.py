"""Keeps the paces of this process in step with those of all others that ask the same origins.

Every process tells what its origins answered, and hears at which rate all together may ask, how many they are and for
how long the origin wants to be left alone; it takes its part of that rate. While nobody answers it, each process keeps
to the rate that it knows last, and learns by itself.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Final, Protocol

from service.adapters.fetching.origins import Origin
from service.adapters.fetching.pace import Report, Standing
from service.core.breaker import Breaker
from service.core.errors import DependencyError

TELL_SECONDS: Final = 0.25
"""How often each origin that is asked is told of; a pause that it asks for is told at once."""


class SharedRates(Protocol):
    """What all processes know together."""

    async def tell(self, origin: str, report: Report, first: float, most: float) -> Standing:
        """What all have told of ``origin``, ``report`` included; DependencyError when nobody answers."""


class Sharing:
    """Tells ``rates`` of origins as they are asked; ``clock`` gives seconds that only rise.

    Origins that are shown a key have its mark in ``marks``: who shows another one has another rate.
    """

    def __init__(self, rates: SharedRates | None, clock: Callable[[], float], marks: Mapping[str, str]) -> None:
        self._rates = rates
        self._clock = clock
        self._marks = marks
        self._breaker = Breaker("the shared rates of origins", clock)
        self._asked: dict[str, Origin] = {}
        """Those that were asked since they were last told of."""
        self._hurry = asyncio.Event()

    async def join(self, origin: Origin) -> None:
        """Hear of ``origin`` before it is asked for the first time in a while; does not wait for what is away."""
        if self._rates is None:
            return
        is_known = origin.name in self._asked or origin.pace.is_shared
        self._asked[origin.name] = origin
        if not is_known and self._breaker.is_closed:
            await self._tell(self._rates, origin)

    def hurry(self) -> None:
        """Something was answered that all others are to know at once."""
        self._hurry.set()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Tell, as long as the block lasts."""
        if self._rates is None:
            yield
            return
        telling = asyncio.create_task(self._keep_telling(self._rates))
        try:
            yield
        finally:
            telling.cancel()
            await asyncio.wait({telling})

    async def _keep_telling(self, rates: SharedRates) -> None:
        while True:
            self._hurry.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(TELL_SECONDS):
                    await self._hurry.wait()
            asked, self._asked = self._asked, {}
            for origin in asked.values():
                if self._breaker.is_closed or self._breaker.wants_probe():
                    await self._tell(rates, origin)
                else:
                    origin.pace.leave()
                if not origin.is_idle:
                    self._asked.setdefault(origin.name, origin)
                elif origin.name not in self._asked:
                    origin.pace.leave()

    async def _tell(self, rates: SharedRates, origin: Origin) -> None:
        pace = origin.pace
        report = pace.report()
        try:
            standing = await rates.tell(self._named(origin), report, pace.first, pace.most)
        except DependencyError as error:
            self._breaker.failed(error.reason)
            pace.leave()
        else:
            self._breaker.succeeded()
            pace.adopt(standing, self._clock())

    def _named(self, origin: Origin) -> str:
        mark = self._marks.get(origin.name)
        return origin.name if mark is None else f"{origin.name}#{mark}"
