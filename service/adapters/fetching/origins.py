"""Origins as they are remembered: who has its turn, who waits for one, and how often there is one.

turn ──▶ waiting, interactive first ──(fewer than `concurrency` run, and the pace grants it)──▶ running ──▶ answer
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict, deque
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from typing import Final, NamedTuple

from service.adapters.fetching import failures
from service.adapters.fetching.bounds import Manners
from service.adapters.fetching.pace import FIRST, Pace
from service.core.call import Priority
from service.core.metrics import Level
from service.core.retries import Retries

REMEMBERED = 4_000
"""Origins, unless more are asked at a time."""
_LOOKED_AT: Final = 16
"""So many of the oldest are looked at to find one that can be forgotten."""


class OriginState(NamedTuple):
    """How it goes with one origin, for operators."""

    name: str
    rate: float
    """Requests a second that it is sent at most."""
    success_share: float
    """Of its latest answers."""
    running: int
    waiting: int
    paused: float
    """Seconds for which it is left alone, as it asked for."""


class Origin:
    """One ``host:port``; belongs to one event loop, and takes ``clock`` in the seconds of `loop.call_later`."""

    __slots__ = ("_clock", "_concurrency", "_running", "_timer", "_waiting", "name", "pace", "retries")

    def __init__(
        self, name: str, pace: Pace, retries: Retries, *, concurrency: int, clock: Callable[[], float]
    ) -> None:
        self.name = name
        self.pace = pace
        self.retries = retries
        self._concurrency = concurrency
        self._clock = clock
        self._running = 0
        self._waiting: dict[Priority, deque[asyncio.Future[None]]] = {priority: deque() for priority in Priority}
        self._timer: asyncio.TimerHandle | None = None

    @asynccontextmanager
    async def turn(self, priority: Priority, patience: float) -> AsyncIterator[None]:
        """Wait until it may be asked, at most ``patience`` seconds; AnalysisError ``busy`` when that is too short."""
        await self._enter(priority, patience)
        try:
            yield
        finally:
            self._running -= 1
            self._grant()

    def pause(self, seconds: float) -> None:
        """Leave it alone for so long."""
        self.pace.pause(seconds, self._clock())

    @property
    def is_idle(self) -> bool:
        """Nobody has a turn or waits for one, and it has not asked for a pause."""
        return not self._running and not any(self._waiting.values()) and not self.pace.paused(self._clock())

    def state(self) -> OriginState:
        """How it goes with it now."""
        waiting = sum(map(len, self._waiting.values()))
        paused = self.pace.paused(self._clock())
        return OriginState(self.name, self.pace.rate, self.pace.share, self._running, waiting, paused)

    async def _enter(self, priority: Priority, patience: float) -> None:
        if self.pace.paused(self._clock()) > patience:
            raise failures.busy("the origin has asked to be left alone for a while")
        if self._is_free():
            self._start()
            return
        waiter = asyncio.get_running_loop().create_future()
        line = self._waiting[priority]
        line.append(waiter)
        self._grant()
        try:
            async with asyncio.timeout(patience):
                await waiter
        except BaseException as error:
            if waiter.done() and not waiter.cancelled():
                self._running -= 1
                self._grant()
            else:
                with suppress(ValueError):
                    line.remove(waiter)
            if isinstance(error, TimeoutError):
                reason = "the origin is asked only as often as it can answer, and the turn of this did not come in time"
                raise failures.busy(reason) from None
            raise

    def _grant(self) -> None:
        """Let in who may start now; look again when the next may."""
        while self._running < self._concurrency and (line := self._next_line()):
            if line[0].done():  # it was cancelled, and has not noticed yet
                line.popleft()
                continue
            if seconds := self.pace.wait(self._clock()):
                if self._timer is None:
                    self._timer = asyncio.get_running_loop().call_later(seconds, self._look_again)
                return
            self._start()
            line.popleft().set_result(None)

    def _is_free(self) -> bool:
        """Whether one may start now, and nobody waits for that."""
        if self._running >= self._concurrency or self._next_line():
            return False
        return not self.pace.wait(self._clock())

    def _start(self) -> None:
        self.pace.start(self._clock())
        self._running += 1

    def _next_line(self) -> deque[asyncio.Future[None]] | None:
        return self._waiting[Priority.INTERACTIVE] or self._waiting[Priority.BULK] or None

    def _look_again(self) -> None:
        self._timer = None
        self._grant()


class Origins:
    """All of them, the latest used last; ``draw`` gives random numbers from 0 to 1, ``remembered`` shows how many."""

    def __init__(
        self,
        manners: Manners,
        *,
        clock: Callable[[], float],
        draw: Callable[[], float],
        most: int = REMEMBERED,
        remembered: Level | None = None,
    ) -> None:
        self._manners = manners
        self._clock = clock
        self._draw = draw
        self._most = most
        self._remembered = remembered
        self._origins: OrderedDict[str, Origin] = OrderedDict()

    def __len__(self) -> int:
        return len(self._origins)

    def of(self, name: str, *, is_own: bool) -> Origin:
        """That of this name; what ``is_own`` belongs to the operator, who knows what it can stand."""
        origin = self._origins.get(name)
        if origin is None:
            self._forget()
            first = self._manners.rate if is_own else FIRST
            origin = self._origins[name] = Origin(
                name,
                Pace(first, self._manners.rate),
                Retries(attempts=4, base=0.5, longest=8.0, share=0.5, draw=self._draw),
                concurrency=self._manners.concurrency,
                clock=self._clock,
            )
            if self._remembered is not None:
                self._remembered.set(len(self._origins))
        else:
            self._origins.move_to_end(name)
        return origin

    def states(self) -> Iterator[OriginState]:
        """How it goes with each, the latest used first."""
        return (origin.state() for origin in reversed(self._origins.values()))

    def _forget(self) -> None:
        for _ in range(min(_LOOKED_AT, len(self._origins))):
            if len(self._origins) < self._most:
                return
            name, origin = next(iter(self._origins.items()))
            if origin.is_idle:
                del self._origins[name]
            else:
                self._origins.move_to_end(name)
