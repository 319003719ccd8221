"""The service in one thread and out of time, for whoever counts what it does.

It answers requests one after another without sockets and servers. Its clock goes on only when nothing else is left
to do, by as much as somebody waits for, and what would be computed in a thread is computed at once. So the same
requests make it do the same, step by step, in every process whose ``PYTHONHASHSEED`` is the same.
"""

from __future__ import annotations

import asyncio
import selectors
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager, contextmanager
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final

import msgspec
from litestar.types import ASGIApp

from service.app import Adapters, Instance, open_application
from service.duties.ways import SEALED_UNDER, NoJobs
from service.pipelines import open_metrics
from service.settings import PREFIX, Settings
from service.stand_ins import Keys, shared_cache, telling
from service.web.endpoint import path_of
from service.web.routes import all_routes
from service.workloads import WORKLOADS


class Replayed(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One request, a line of JSON in a file of them."""

    path: str
    body: msgspec.Raw
    """As JSON."""


class ReplayError(Exception):
    """A request cannot be replayed; says which and why."""


def requests_in(lines: Sequence[bytes]) -> list[Replayed]:
    """The requests in ``lines``; ReplayError names the line that is none."""
    found = []
    for number, line in enumerate(lines, start=1):
        try:
            found.append(msgspec.json.decode(line, type=Replayed))
        except msgspec.DecodeError as error:
            raise ReplayError(f"line {number}: {error}") from error
    return found


class Replay:
    """Answers requests, lines of JSON; raises ReplayError when one is not answered with 200.

    Whoever is among its ``hearers`` is told what the servers would be asked: the SQL text, or the command's name.
    """

    def __init__(self, loop: StillLoop) -> None:
        self.hearers: list[Callable[[str], None]] = []
        self._loop = loop
        self._application: ASGIApp
        self._token = b""

    def __call__(self, lines: Sequence[bytes]) -> None:
        """Answer them, one after another."""
        self.answer(requests_in(lines))

    def answer(self, requests: Sequence[Replayed]) -> None:
        """Answer them, one after another."""
        self._loop.run_until_complete(_answered(self._application, self._token, requests))

    async def open(self, stack: AsyncExitStack) -> None:
        """Have the service ready until ``stack`` is left."""
        application = _application(self._loop, telling(self.hearers))
        self._application, self._token = await stack.enter_async_context(application)


@contextmanager
def opened() -> Iterator[Replay]:
    """What answers requests, and has answered the examples of the workloads in `ALONE` already.

    So whatever loads when it is first needed is loaded.
    """
    loop = StillLoop()
    stack = AsyncExitStack()
    replay = Replay(loop)
    try:
        loop.run_until_complete(replay.open(stack))
        replay.answer(_examples())
        yield replay
    finally:
        loop.run_until_complete(stack.aclose())
        loop.close()


ALONE: Final = ("comments", "images")
"""Workloads that need nothing beside their process: no server behind it, and no process of their own."""


class StillLoop(asyncio.SelectorEventLoop):
    """An event loop whose time stands still while there is something to do, and that has no threads."""

    def __init__(self) -> None:
        self._patient = _Patient()
        super().__init__(self._patient)

    def time(self) -> float:
        """Seconds that somebody waited for, so far."""
        return self._patient.now

    def run_in_executor(self, executor: Any, func: Callable[..., Any], *args: Any) -> asyncio.Future[Any]:  # type: ignore[override]
        """Call ``func`` at once."""
        future = self.create_future()
        try:
            future.set_result(func(*args))
        except Exception as error:
            future.set_exception(error)
        return future


class _Patient(selectors.SelectSelector):
    """Lets time pass instead of waiting."""

    now = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """Who is ready; nobody can become so later but by time."""
        ready = super().select(0)
        if not ready and timeout is None:
            raise ReplayError("the service waits for something that will not come")
        if not ready:
            self.now += timeout or 0.0
        return ready


@asynccontextmanager
async def _application(loop: StillLoop, tell: Callable[[str], None]) -> AsyncIterator[tuple[ASGIApp, bytes]]:
    """The service with a key that it knows."""
    variables = {f"{PREFIX}KEYS": "on", f"{PREFIX}KEY_SECRET": SEALED_UNDER, f"{PREFIX}ACCESS_LOG": "off"}
    settings = Settings.from_environment(variables)
    store = Keys(tell)
    with tempfile.TemporaryDirectory(prefix="loadstone-") as folder, ExitStack() as stack:
        instance = Instance.create(Path(folder))
        metrics = open_metrics(WORKLOADS, all_routes(WORKLOADS), instance.slots)
        stack.callback(metrics.close)
        shared = shared_cache(tell)
        adapters = Adapters(jobs=NoJobs(), keys=store, buckets=None, shared=shared, required=[], helpful=[])
        async with open_application(settings, instance, adapters, metrics, clock=loop.time) as application:
            yield application, store.token


def _examples() -> list[Replayed]:
    return [
        Replayed(path=path_of(workload), body=msgspec.Raw(msgspec.json.encode(example)))
        for workload in WORKLOADS
        if workload.name in ALONE
        for example in workload.examples.values()
    ]


async def _answered(application: ASGIApp, token: bytes, requests: Sequence[Replayed]) -> None:
    for number, request in enumerate(requests, start=1):
        scope = _scope(request, token)
        told: list[Any] = []

        async def receive(body: bytes = bytes(request.body)) -> Any:
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: Any, told: list[Any] = told) -> None:
            told.append(message)

        await application(scope, receive, send)
        if told[0]["status"] != HTTPStatus.OK:
            answer = told[1]["body"].decode("utf-8", "replace")
            raise ReplayError(f"request {number} was answered with {told[0]['status']}: {answer}")


def _scope(request: Replayed, token: bytes) -> Any:
    """What the server would hand over."""
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": request.path,
        "raw_path": request.path.encode("utf-8"),
        "query_string": b"",
        "root_path": "",
        "headers": [
            (b"host", b"127.0.0.1:8000"),
            (b"accept-encoding", b"gzip, br, zstd"),
            (b"content-type", b"application/json"),
            (b"content-length", b"%d" % len(bytes(request.body))),
            (b"authorization", b"Bearer " + token),
        ],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 8000),
        "state": {},
    }
