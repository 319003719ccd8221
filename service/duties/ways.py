"""The ways that take turns: a cached answer with all duties, without one of them, and single duties by themselves.

One application is put together from the service's own parts, the same as in `service.app`, with a key kept in
memory in place of the database. Tokens come from a bucket in the process: drawing them from Redis happens some
times a second for a key and not for each request, so it is no part of what a request costs.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any, Final

import msgspec
from litestar.types import ASGIApp

from service.core.bucket import Rate
from service.core.call import Call
from service.core.deadlines import Deadlines
from service.core.errors import DependencyError, UnauthenticatedError
from service.core.identity import Role
from service.core.keyring import NO_KEY, Keyring
from service.core.keys import Seal, Secret, new_key
from service.core.metrics import Metrics
from service.core.ports import Job, KeyRecord
from service.core.rate import RateLimiter
from service.duties.reference import reference
from service.pipelines import SharedCache, Works, open_metrics, open_works
from service.settings import Settings
from service.web.answer import Answer
from service.web.answers import Answers
from service.web.body import BodyReader, BodyRoom
from service.web.compression import Compressor
from service.web.doorman import Doorman
from service.web.endpoint import Endpoint, path_of
from service.web.exchange import KEY, Exchange, joined
from service.web.insight import Insight
from service.web.logs import AccessLog, LineWriter, Timestamps
from service.web.middleware import Observer
from service.web.problems import problem_answer
from service.web.routes import all_routes
from service.web.server_timing import always
from service.web.tracing import request_ids, trace_of
from service.workloads import WORKLOADS

REQUEST_TURNS: Final = 100
CALL_TURNS: Final = 1_000
RATE: Final = Rate(requests=1_000_000, window=1.0, burst=1_000_000)
"""Asked for and never used up."""

_WORKLOAD: Final = WORKLOADS[0]
_PATH: Final = path_of(_WORKLOAD)
_BODY: Final = msgspec.json.encode(
    {"comments": ["Muy lento el internet", "Excelente atención", "Se corta todos los días"], "quality": "fast"}
)
"""Its answer is large enough to be compressed."""
_MESSAGE: Final = {"type": "http.request", "body": _BODY, "more_body": False}
_HEADERS: Final = [
    (b"host", b"127.0.0.1:8000"),
    (b"user-agent", b"duties"),
    (b"accept", b"application/json"),
    (b"accept-encoding", b"gzip, br, zstd"),
    (b"content-type", b"application/json"),
    (b"content-length", b"%d" % len(_BODY)),
]
_PLAIN: Final = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(_BODY))]


@dataclass(frozen=True, slots=True)
class Way:
    """Something that takes its turns."""

    go: Callable[[int], Awaitable[None]]
    """Do it so many times."""
    turns: int


@asynccontextmanager
async def ways() -> AsyncIterator[Mapping[str, Way]]:
    """All of them by name, in the event loop that runs; the reference comes first."""
    sink = os.open(os.devnull, os.O_WRONLY)
    try:
        async with opened() as parts:
            yield {
                "reference": Way(reference, REQUEST_TURNS),
                **{name: Way(parts.asked(app), REQUEST_TURNS) for name, app in applications(parts, sink).items()},
                **{name: Way(call, CALL_TURNS) for name, call in Calls(parts).all().items()},
            }
    finally:
        os.close(sink)


@asynccontextmanager
async def opened() -> AsyncIterator[Parts]:
    """The parts of a service, in the event loop that runs."""
    settings = Settings.from_environment({})
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="loadstone-")))
        metrics = open_metrics(WORKLOADS, all_routes(WORKLOADS), folder)
        stack.callback(metrics.close)
        works = await stack.enter_async_context(open_works(settings, WORKLOADS, SharedCache(), metrics))
        yield Parts(settings, works, metrics)


class Parts:
    """What applications are put together from: all of them answer from one table of kept answers."""

    body = _BODY
    """Of the request that they answer."""

    def __init__(self, settings: Settings, works: Works, metrics: Metrics) -> None:
        self.settings = settings
        self.metrics = metrics
        self.pipeline = next(each for each in works.pipelines if each.workload is _WORKLOAD)
        self.answers = Answers(settings.answer_bytes, works.cache)
        self.deadlines = Deadlines(settings.body_seconds, time.monotonic)
        self.reader: BodyReader[Any] = BodyReader(
            _WORKLOAD.request, _WORKLOAD.body_bytes, self.deadlines, BodyRoom(settings.body_memory_bytes)
        )
        self.compressor = Compressor(settings.compression)
        self.new_id = request_ids(os.urandom)
        self.store = OneKey()
        self.headers = [*_HEADERS, (b"authorization", b"Bearer " + self.store.token)]

    def application(
        self,
        *,
        doorman: Doorman | None = None,
        reader: BodyReader[Any] | None = None,
        metrics: Metrics | None = None,
        insight: Insight | None = None,
        access_log: AccessLog | None = None,
    ) -> ASGIApp:
        """The application with the duties of every request; what is given takes the place of the usual, or is added."""
        endpoint = Endpoint(
            self.pipeline,
            doorman=doorman or self.doorman(RATE),
            reader=reader or self.reader,
            answers=self.answers,
            jobs=NoJobs(),
            metrics=self.metrics,
        )
        return Observer(
            endpoint,  # what the framework would pass the first request on to
            metrics=metrics or self.metrics,
            new_id=self.new_id,
            compressor=self.compressor,
            insight=insight,
            access_log=access_log,
            endpoints={_PATH: endpoint},
        )

    def doorman(self, rate: Rate | None) -> Doorman:
        """One who asks for the key, which may come so often."""
        keyring = Keyring(self.store, [self.store.seal], self.metrics, rate=rate)
        return Doorman(keyring, RateLimiter(None, self.metrics))

    def scope(self) -> dict[str, Any]:
        """A request, as the server hands it over."""
        return {
            "type": "http",
            "http_version": "1.1",
            "method": "POST",
            "scheme": "http",
            "path": _PATH,
            "raw_path": _PATH.encode("ascii"),
            "query_string": b"",
            "root_path": "",
            "headers": self.headers,
            "client": ("127.0.0.1", 1),
            "server": ("127.0.0.1", 8000),
            "state": {},
        }

    def asked(self, app: ASGIApp) -> Callable[[int], Awaitable[None]]:
        """``app`` answers the request so many times."""

        async def go(turns: int) -> None:
            call: Any = app
            for _ in range(turns):
                await call(self.scope(), receive, send)

        return go

    def exchange(self) -> Exchange:
        """The state of one request."""
        headers = joined(self.headers)
        return Exchange(headers, trace_of(headers, self.new_id), 0.0, self.compressor, send)


def applications(parts: Parts, sink: int) -> dict[str, ASGIApp]:
    """The ways of a whole request; the access log is written to ``sink``."""
    log = AccessLog(LineWriter(sink), Timestamps())
    return {
        "bare": bare,
        "request": parts.application(),
        "without rate": parts.application(doorman=parts.doorman(None)),
        "without key": parts.application(doorman=Doorman(None, RateLimiter(None, parts.metrics))),
        "without body limits": parts.application(reader=_Trusting(parts)),
        "without metrics": parts.application(metrics=_Silent(parts.metrics)),
        "with server timing": parts.application(insight=Insight(always, None)),
        "with access log": parts.application(access_log=log),
    }


class Calls:
    """The ways of single calls, as the way of a request makes them."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._exchange = parts.exchange()
        self._answer = Answer(_BODY)
        self._tagged = Answer(_BODY, tagged=True)

    def all(self) -> dict[str, Callable[[int], Awaitable[None]]]:
        """All of them by name."""
        return {
            "nothing": self.nothing,
            "answer look-up": self.answer_look_up,
            "choice of coding": self.choice_of_coding,
            "request id": self.request_id,
            "answer headers": self.answer_headers,
            "plain headers": self.plain_headers,
            "unconditional": self.unconditional,
            "conditional": self.conditional,
            "admission": self.admission,
            "problem": self.problem,
        }

    async def nothing(self, turns: int) -> None:
        """The loop that all share."""
        for _ in range(turns):
            pass

    async def answer_look_up(self, turns: int) -> None:
        """Digest the body and look for it among the kept answers."""
        answers = self._parts.answers
        for _ in range(turns):
            answers.get(f"comments:1:answer:{blake2b(_BODY, digest_size=16).hexdigest()}")

    async def choice_of_coding(self, turns: int) -> None:
        """Find the form of the answer that the caller likes best."""
        headers, choose = self._exchange.headers, self._parts.compressor.choose
        for _ in range(turns):
            choose(headers.get(b"accept-encoding"))

    async def request_id(self, turns: int) -> None:
        """Find or make the request's name."""
        headers, new_id = self._exchange.headers, self._parts.new_id
        for _ in range(turns):
            trace_of(headers, new_id)

    async def answer_headers(self, turns: int) -> None:
        """Begin an answer with everything that is added to it."""
        exchange = self._exchange
        for _ in range(turns):
            added = Exchange(exchange.headers, exchange.trace, 0.0, exchange.compressor, send)
            await added.send({"type": "http.response.start", "status": 200, "headers": _PLAIN})

    async def plain_headers(self, turns: int) -> None:
        """Begin an answer."""
        for _ in range(turns):
            await send({"type": "http.response.start", "status": 200, "headers": _PLAIN})

    async def unconditional(self, turns: int) -> None:
        """Send an answer that has no tag."""
        scope = {"method": "GET", KEY: self._exchange}
        for _ in range(turns):
            await self._answer(scope, receive, send)

    async def conditional(self, turns: int) -> None:
        """Send an answer that is not the one that the caller has."""
        exchange = self._parts.exchange()
        exchange.headers[b"if-none-match"] = b'"0123456789abcdef01234567"'
        scope = {"method": "GET", KEY: exchange}
        for _ in range(turns):
            await self._tagged(scope, receive, send)

    async def admission(self, turns: int) -> None:
        """Come in and go out."""
        pipeline = self._parts.pipeline
        for _ in range(turns):
            pipeline.leave(pipeline.admit(Call()))

    async def problem(self, turns: int) -> None:
        """Refuse a request without a key, in words."""
        scope = {"method": "POST", "path": _PATH, KEY: self._exchange}
        for _ in range(turns):
            await problem_answer(UnauthenticatedError(NO_KEY), scope)(scope, receive, send)


async def bare(scope: Any, receive: Any, send: Any) -> None:
    """As little as an application can do: read the body, answer with bytes."""
    await receive()
    await send({"type": "http.response.start", "status": 200, "headers": _PLAIN})
    await send({"type": "http.response.body", "body": _BODY, "more_body": False})


async def receive() -> Any:
    """The request's body, which is there already."""
    return _MESSAGE


async def send(message: Any) -> None:
    """Nobody listens."""


SEALED_UNDER: Final = "a secret of a service that lives for some seconds"


class OneKey:
    """A store that has one key."""

    def __init__(self) -> None:
        key = new_key()
        self.seal = Seal(Secret(SEALED_UNDER))
        self.token = key.text.encode("ascii")
        self._record = KeyRecord(
            id=key.id,
            digest=self.seal.digest(self.token),
            sealed_by=self.seal.id,
            tenant="duties",
            role=Role.WRITE,
        )

    async def find(self, identifier: str) -> KeyRecord | None:
        """It, if it is the one."""
        return self._record if identifier == self._record.id else None

    async def note_uses(self, ages: Mapping[str, float]) -> None:
        """Nobody asks for them."""

    async def reseal(self, record: KeyRecord, digest: bytes, sealed_by: str) -> None:
        """There is one secret."""


class NoJobs:
    """Nothing is answered later here."""

    async def submit(self, workload: str, request: bytes, tenant: str) -> Job:
        """DependencyError, always."""
        raise DependencyError("postgres", "is not there")

    async def find(self, identifier: str, tenant: str) -> Job | None:
        """None."""
        return None


class _Trusting(BodyReader[Any]):
    """Reads bodies that come whole, at once, and are as large as they like."""

    def __init__(self, parts: Parts) -> None:
        super().__init__(
            _WORKLOAD.request, _WORKLOAD.body_bytes, parts.deadlines, BodyRoom(parts.settings.body_memory_bytes)
        )

    async def read(self, headers: Mapping[bytes, bytes], receive: Any) -> bytes:
        message = await receive()
        body: bytes = message["body"]
        return body


class _Silent(Metrics):
    """Counts nothing of requests."""

    def __init__(self, metrics: Metrics) -> None:
        super().__init__(metrics.layout)

    def request_started(self) -> None:
        pass

    def request_ended(self, method: str, route: str, status: int, seconds: float) -> None:
        pass
