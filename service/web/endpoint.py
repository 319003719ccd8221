"""The way of an analysis request through the web: known, read, answered from memory or made, sent.

Written for its cost: what nearly every request does waits for nothing, and nothing is made for it that the
request before could have left ready. What is rare may cost more.
"""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import blake2b
from typing import Any, Final

import msgspec
from litestar.types import Receive, Send

from service.core.call import Call, Priority
from service.core.identity import Role
from service.core.metrics import ANSWERS, JOBS, Metrics
from service.core.pipeline import Pipeline
from service.core.ports import Job, JobStore
from service.core.workload import AnyWorkload
from service.web.answer import Answer
from service.web.answers import Answers, KeptAnswer
from service.web.body import BodyReader
from service.web.doorman import Doorman
from service.web.exchange import KEY, Exchange
from service.web.file_body import FileForm, FileReader
from service.web.problems import METHOD_NOT_ALLOWED, ProblemError

POLL_SECONDS: Final = 1
"""After which asking for an unfinished job again makes sense."""
_BULK_URGENCY: Final = 4
"""Urgencies of RFC 9218 from here on mean that nobody waits; without a word it is 3."""
_KEY_BYTES: Final = 16
_encode = msgspec.json.Encoder().encode

AnyPipeline = Pipeline[Any, Any, Any, Any]
Form = BodyReader[Any] | FileForm
"""How the body of one request is read and understood."""


class Endpoint:
    """Answers ``POST /v1/NAME``, or what is asked at a ``door`` of it; an ASGI application.

    ``answers`` are those of all workloads of this process. With ``files`` a body may also be a file as it is.
    """

    def __init__(
        self,
        pipeline: AnyPipeline,
        *,
        doorman: Doorman,
        reader: BodyReader[Any],
        answers: Answers,
        jobs: JobStore,
        metrics: Metrics,
        files: FileReader | None = None,
        door: str | None = None,
    ) -> None:
        workload = pipeline.workload
        self._pipeline = pipeline
        self.workload = workload
        self.door = door
        self.path = path_of(workload, door)
        self._doorman = doorman
        self._reader = reader
        self._files = files
        self._answers = answers
        self._jobs = jobs
        self._prefix = f"{workload.name}:{workload.version}:answer:{door or ''}:"
        self._shared = workload.shares_outcomes
        self._submitted = metrics.count(JOBS, workload.name)
        self._hit = metrics.count(ANSWERS, workload.name, "hit")
        self._miss = metrics.count(ANSWERS, workload.name, "miss")

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:
        """Answer one request, as an ASGI application; raises what becomes a problem."""
        await (await self.answer(scope["method"], scope[KEY], receive, scope))(scope, receive, send)

    async def answer(self, method: str, exchange: Exchange, receive: Receive, scope: Any = None) -> Answer:
        """The answer to one request; raises what becomes a problem. ``scope`` is ASGI's, for whoever takes files."""
        if method != "POST":
            return _other_method(method)
        headers = exchange.headers
        if not self._doorman.passes(exchange, Role.WRITE):
            await self._doorman.examine(exchange, Role.WRITE)
        form: Form = self._reader
        if self._files is not None:
            form = self._files.form_of(headers, scope["query_string"]) or form
        body = await form.read(headers, receive)
        if b"prefer" in headers and self.door is None and prefers_later(headers):
            return await self._accepted(exchange, form, body)
        tenant = exchange.tenant
        owner = "" if self._shared else tenant
        edition = self._pipeline.edition(tenant)
        key = f"{self._prefix}{owner}:{edition}:{form.mark}{blake2b(body, digest_size=_KEY_BYTES).hexdigest()}"
        kept = self._answers.get(key)
        if kept is None:
            self._miss.add()
            generation = self._answers.generation
            kept, life = await self._made(exchange, tenant, form, body)
            self._answers.put(key, kept, life, generation)
        else:
            self._hit.add()
            for count, number in kept.counts:
                count.add(number)
        return kept.answer

    async def _made(self, exchange: Exchange, tenant: str, form: Form, body: bytes) -> tuple[KeptAnswer, float]:
        """The answer, and for how many seconds it may be kept."""
        call = Call(tenant, self._priority(exchange.headers, len(body)), exchange.timing)
        pipeline = self._pipeline
        ticket = pipeline.admit(call)
        try:
            answer = await pipeline.answer(form.decode(body), call)
            return KeptAnswer(Answer(_encode(answer)), call.counts), call.life
        finally:
            pipeline.leave(ticket)

    async def _accepted(self, exchange: Exchange, form: Form, body: bytes) -> Answer:
        request = form.decode(body)
        self.workload.split(request)  # what it would refuse later it refuses now
        kept = body if form is self._reader else _encode(request)
        job = await self._jobs.submit(self.workload.name, kept, exchange.tenant)
        self._submitted.add()
        return job_accepted(job)

    def _priority(self, headers: Mapping[bytes, bytes], size: int) -> Priority:
        said = headers.get(b"priority")
        urgency = urgency_in(said) if said is not None else None
        if urgency is None:
            return Priority.BULK if size > self.workload.bulk_bytes else Priority.INTERACTIVE
        return Priority.BULK if urgency >= _BULK_URGENCY else Priority.INTERACTIVE


def path_of(workload: AnyWorkload, door: str | None = None) -> str:
    """Where a workload is asked, or what it answers at ``door``."""
    return f"/v1/{workload.name}" if door is None else f"/v1/{workload.name}/{door}"


def urgency_in(priority: bytes) -> int | None:
    """The urgency in a ``Priority`` header (RFC 9218), 0 to 7, the lower the more urgent; None when it says none."""
    for part in priority.split(b","):
        name, _, value = part.strip().partition(b"=")
        if name == b"u" and len(value) == 1 and b"0" <= value <= b"7":
            return int(value)
    return None


def prefers_later(headers: Mapping[bytes, bytes]) -> bool:
    """Whether ``Prefer: respond-async`` (RFC 7240) is among ``headers``."""
    preferences = headers.get(b"prefer", b"").split(b",")
    return b"respond-async" in (part.partition(b";")[0].strip().lower() for part in preferences)


def job_accepted(job: Job) -> Answer:
    """202 with the place where the answer will be."""
    headers = (
        (b"location", f"/v1/jobs/{job.id}".encode("ascii")),
        (b"preference-applied", b"respond-async"),
        (b"retry-after", b"%d" % POLL_SECONDS),
    )
    return Answer(_encode(job), status=202, headers=headers)


def _other_method(method: str) -> Answer:
    if method != "OPTIONS":
        raise ProblemError(METHOD_NOT_ALLOWED, headers={"allow": "OPTIONS, POST"})
    return Answer(b"", status=204, headers=((b"allow", b"OPTIONS, POST"),))
