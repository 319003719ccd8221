"""The routes: one for each workload, its jobs, and what tells about the service."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import msgspec
from litestar import Request, post, route
from litestar.handlers import HTTPRouteHandler
from litestar.types import ASGIApp

from service.core.errors import UnknownResourceError
from service.core.metrics import JOBS, Metrics
from service.core.pipeline import Pipeline
from service.core.ports import Job, JobState, JobStore
from service.core.workload import AnyWorkload
from service.web.answer import JSON, Answer, Headers
from service.web.body import BodyReader
from service.web.health import MEDIA_TYPE as HEALTH
from service.web.health import Doctor, Health, Status
from service.web.problems import BASE, KINDS

JOB_ROUTE = "/v1/jobs/{id}"
PROBLEM_ROUTE = BASE + "{slug}"
FIXED_ROUTES = (
    *("/", "/docs", "/openapi.json", "/metrics", "/health", "/health/live", "/health/ready"),
    *(PROBLEM_ROUTE, JOB_ROUTE),
)
PROMETHEUS = b"text/plain; version=0.0.4; charset=utf-8"
HTML = b"text/html; charset=utf-8"
POLL_SECONDS = 1
"""After which asking for an unfinished job again makes sense."""

_AnyRequest = Request[Any, Any, Any]
_encode = msgspec.json.Encoder().encode


def path_of(workload: AnyWorkload) -> str:
    """Where a workload is asked."""
    return f"/v1/{workload.name}"


def all_routes(workloads: Iterable[AnyWorkload]) -> tuple[str, ...]:
    """Every route that is served, as metrics and logs name it."""
    return (*map(path_of, workloads), *FIXED_ROUTES)


def workload_route(
    pipeline: Pipeline[Any, Any, Any, Any], jobs: JobStore, metrics: Metrics, body_seconds: float
) -> HTTPRouteHandler:
    """``POST /v1/NAME``: the answer, or a job when the caller prefers to come back for it."""
    workload = pipeline.workload
    reader: BodyReader[Any] = BodyReader(workload.request, workload.body_bytes, body_seconds)
    submitted = metrics.count(JOBS, workload.name)

    @post(path_of(workload), name=workload.name)
    async def answer_workload(request: _AnyRequest) -> ASGIApp:
        headers = request.scope["headers"]
        body = await reader.read(headers, request.receive)
        content = reader.decode(body)
        if not prefers_later(headers):
            return Answer(_encode(await pipeline.answer(content)))
        workload.split(content)  # what it would refuse later it refuses now
        job = await jobs.submit(workload.name, body)
        submitted.add()
        return job_accepted(job)

    return answer_workload


def job_route(jobs: JobStore) -> HTTPRouteHandler:
    """``GET /v1/jobs/ID``: how far a job is, and its answer."""

    @route("/v1/jobs/{id:str}", http_method=["GET", "HEAD"], name="job")
    async def find_job(request: _AnyRequest) -> ASGIApp:
        identifier = request.path_params["id"]
        job = await jobs.find(identifier)
        if job is None:
            raise UnknownResourceError("job", identifier)
        unfinished = job.state in (JobState.QUEUED, JobState.RUNNING)
        later: Headers = ((b"retry-after", b"%d" % POLL_SECONDS),) if unfinished else ()
        return Answer(_encode(job), headers=(*later, (b"cache-control", b"no-store")))

    return find_job


def job_accepted(job: Job) -> Answer:
    """202 with the place where the answer will be."""
    headers = (
        (b"location", f"/v1/jobs/{job.id}".encode("ascii")),
        (b"preference-applied", b"respond-async"),
        (b"retry-after", b"%d" % POLL_SECONDS),
    )
    return Answer(_encode(job), status=202, headers=headers)


def prefers_later(headers: Iterable[tuple[bytes, bytes]]) -> bool:
    """Whether ``Prefer: respond-async`` (RFC 7240) is among ``headers``."""
    return any(
        name == b"prefer"
        and b"respond-async" in (part.partition(b";")[0].strip().lower() for part in value.split(b","))
        for name, value in headers
    )


def health_routes(doctor: Doctor) -> Sequence[HTTPRouteHandler]:
    """``/health/live`` touches nothing, ``/health/ready`` and ``/health`` ask the servers behind the service."""

    def respond(health: Health) -> Answer:
        return Answer(_encode(health), status=503 if health.status is Status.FAIL else 200, media_type=HEALTH)

    @route("/health/ready", http_method=["GET", "HEAD"])
    async def ready(request: _AnyRequest) -> ASGIApp:
        return respond(await doctor.examine())

    @route("/health", http_method=["GET", "HEAD"])
    async def health(request: _AnyRequest) -> ASGIApp:
        return respond(await doctor.examine())

    return constant_route("/health/live", _encode({"status": Status.PASS}), HEALTH), ready, health


def metrics_route(scrape: Callable[[], bytes]) -> HTTPRouteHandler:
    """``GET /metrics``: the sums over all workers, for Prometheus."""

    @route("/metrics", http_method=["GET", "HEAD"])
    async def show_metrics(request: _AnyRequest) -> ASGIApp:
        return Answer(scrape(), media_type=PROMETHEUS)

    return show_metrics


def constant_route(path: str, body: bytes, media_type: bytes = JSON, headers: Headers = ()) -> HTTPRouteHandler:
    """``GET path`` with an answer that never changes."""
    answer = Answer(body, media_type=media_type, headers=headers)

    @route(path, http_method=["GET", "HEAD"])
    async def show(request: _AnyRequest) -> ASGIApp:
        return answer

    return show


def problem_route() -> HTTPRouteHandler:
    """``GET /problems/SLUG``: what a type of problem means."""
    kinds = {
        kind.slug: Answer(
            _encode({"type": kind.type, "title": kind.title, "status": kind.status, "meaning": kind.meaning})
        )
        for kind in KINDS
    }

    @route(f"{BASE}{{slug:str}}", http_method=["GET", "HEAD"])
    async def explain_problem(request: _AnyRequest) -> ASGIApp:
        slug = request.path_params["slug"]
        if slug not in kinds:
            raise UnknownResourceError("type of problem", slug)
        return kinds[slug]

    return explain_problem
