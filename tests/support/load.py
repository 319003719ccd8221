"""Load for a service on loopback, and exact books about it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Self

from tests.support.http import BrokenOffError, Connection, Reply
from tests.support.loop_thread import LoopThread
from tests.support.tally import Tally

PATIENCE_SECONDS = 30.0
"""A request that has no answer by then is lost."""


class Load:
    """Sends requests to ``port`` on loopback over kept connections, in the running event loop.

    A request that finds its idle connection closed, or that the other side closes without a byte at the very moment
    it comes, is sent once more on a new one, as RFC 9112, section 9.3.1, expects of a client. A new connection that
    ends without an answer has lost its request; an ``insistent`` load sends it once more, as a proxy would, when there
    was not a byte of one. Whether the service had heard it the first time is for the service's own books to tell.
    ``note`` is shown every answer.
    """

    def __init__(self, port: int, note: Callable[[Reply], None] = lambda _: None, *, insistent: bool = False) -> None:
        self.tally = Tally()
        """Where a request is counted that begins now; may be replaced at any time."""
        self._port = port
        self._note = note
        self._insistent = insistent
        self._idle: list[Connection] = []

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        """End the connections."""
        while self._idle:
            self._idle.pop().close()
        await asyncio.sleep(0)  # for them to end

    async def send(self, request: bytes, due: float | None = None) -> Reply | None:
        """Send ``request``, which was ``due`` at this time of the loop; its answer, None when it has none."""
        tally = self.tally
        clock = asyncio.get_running_loop().time
        due = clock() if due is None else due
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                connection = await self._connection(tally)
        except OSError:
            tally.unreached += 1
            return None
        tally.sent += 1
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                reply = await self._exchange(connection, request, tally)
        except (BrokenOffError, OSError):
            tally.lost += 1
            return None
        tally.count(reply.status, clock() - due, says_when="retry-after" in reply.headers)
        self._note(reply)
        return reply

    async def at_rate(self, requests: Iterator[bytes], rate: float, seconds: float) -> Tally:
        """Send ``rate`` requests a second, evenly, whatever becomes of them; comes back when all have ended."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        tasks = set()
        for number in range(round(rate * seconds)):
            due = began + number / rate
            if (ahead := due - loop.time()) > 0:
                await asyncio.sleep(ahead)
            task = loop.create_task(self.send(next(requests), due))
            tasks.add(task)
            task.add_done_callback(tasks.discard)
        await asyncio.gather(*tasks)
        return self.tally

    async def at_once(self, requests: Iterator[bytes], callers: int, seconds: float) -> Tally:
        """Let each of so many callers send its next request as soon as the last one has ended."""
        loop = asyncio.get_running_loop()
        end = loop.time() + seconds

        async def call() -> None:
            while loop.time() < end:
                await self.send(next(requests))

        await asyncio.gather(*(call() for _ in range(callers)))
        return self.tally

    async def _exchange(self, connection: Connection, request: bytes, tally: Tally, *, anew: bool = False) -> Reply:
        try:
            reply = await connection.exchange(request)
        except BrokenOffError as error:
            if error.begun or anew or not (connection.used or self._insistent):
                raise
            tally.reconnected += connection.used
            tally.unheard += not connection.used
            return await self._exchange(await Connection.open(self._port), request, tally, anew=True)
        except asyncio.CancelledError:
            connection.close()
            raise
        if connection.is_open:
            self._idle.append(connection)
        return reply

    async def _connection(self, tally: Tally) -> Connection:
        closed = 0
        while self._idle:
            connection = self._idle.pop()
            if connection.is_open:
                return connection
            closed = 1
        tally.reconnected += closed
        return await Connection.open(self._port)


class Traffic:
    """A steady stream of requests to ``port`` while a ``with`` block runs, in a thread; its phases are told apart.

    ``rate`` is in requests a second; ``note`` and ``insistent`` are those of `Load`.
    """

    def __init__(
        self,
        port: int,
        requests: Iterator[bytes],
        rate: float,
        note: Callable[[Reply], None] = lambda _: None,
        *,
        insistent: bool = False,
    ) -> None:
        self._requests = requests
        self._rate = rate
        self._thread = LoopThread("traffic")
        self._load = Load(port, note, insistent=insistent)
        self.phases = {"before": self._load.tally}
        """What became of the requests that were sent in each phase; the first is called ``before``."""
        self._progress = asyncio.Event()
        self._over = False
        self._task: asyncio.Task[None] | None = None

    @property
    def whole(self) -> Tally:
        """All phases together."""
        return Tally.sum(self.phases.values())

    def phase(self, name: str) -> Tally:
        """From now on requests count for a new phase."""
        return self._thread.do(self._phase(name))

    def wait_until(self, holds: Callable[[Tally], bool]) -> None:
        """Come back when ``holds`` of the present phase."""
        self._thread.do(self._wait_until(holds))

    def __str__(self) -> str:
        medians = [
            f"{name} {tally.latency(0.5) * 1000:.1f} ms" for name, tally in self.phases.items() if tally.latencies
        ]
        return f"{self.whole.counts} · p50 {', '.join(medians)}"

    def __enter__(self) -> Self:
        self._thread.start()
        self._thread.do(self._begin())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._thread.do(self._end())
        self._thread.stop()

    async def _begin(self) -> None:
        self._task = asyncio.create_task(self._flow())

    async def _flow(self) -> None:
        loop = asyncio.get_running_loop()
        due = loop.time()
        async with self._load, asyncio.TaskGroup() as group:
            while not self._over:
                group.create_task(self._send(due))
                due += 1 / self._rate
                await asyncio.sleep(due - loop.time())

    async def _send(self, due: float) -> None:
        await self._load.send(next(self._requests), due)
        self._progress.set()

    async def _phase(self, name: str) -> Tally:
        tally = self._load.tally = self.phases[name] = Tally()
        return tally

    async def _wait_until(self, holds: Callable[[Tally], bool]) -> None:
        while not holds(self._load.tally):
            self._progress.clear()
            await self._progress.wait()

    async def _end(self) -> None:
        self._over = True
        if self._task is not None:
            await self._task
