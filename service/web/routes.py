"""The routes: one for each workload, its jobs, and what tells about the service."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import msgspec
from litestar import Request, asgi, route
from litestar.handlers import ASGIRouteHandler, HTTPRouteHandler
from litestar.types import ASGIApp

from service.core.errors import UnknownResourceError
from service.core.identity import Role
from service.core.ports import JobState, JobStore
from service.core.workload import AnyWorkload, Belonging
from service.web.answer import JSON, Answer
from service.web.batch_routes import BATCH_ROUTES
from service.web.cache_routes import CACHE_ROUTES
from service.web.database_routes import DATABASE_ROUTE
from service.web.doorman import Doorman
from service.web.endpoint import POLL_SECONDS, Endpoint, path_of
from service.web.exchange import Headers, exchange_in
from service.web.health import MEDIA_TYPE as HEALTH
from service.web.health import Doctor, Health, Status
from service.web.known_routes import KNOWN_ROUTE
from service.web.problems import BASE, KINDS
from service.web.product_routes import PRODUCT_ROUTES
from service.web.thumbnail_routes import THUMBNAIL_ROUTE

JOB_ROUTE = "/v1/jobs/{id}"
PROBLEM_ROUTE = BASE + "{slug}"
FIXED_ROUTES = (
    *("/", "/docs", "/openapi.json", "/metrics", "/health", "/health/live", "/health/ready"),
    *(PROBLEM_ROUTE, JOB_ROUTE),
    *(*BATCH_ROUTES, *CACHE_ROUTES, DATABASE_ROUTE),
)
BELONGING_ROUTES = {
    Belonging.THUMBNAILS: (THUMBNAIL_ROUTE,),
    Belonging.KNOWN_PICTURES: (KNOWN_ROUTE,),
    Belonging.CATALOGUE: PRODUCT_ROUTES,
}
"""What tenants may look at and take back, beside what they ask."""
PROMETHEUS = b"text/plain; version=0.0.4; charset=utf-8"
HTML = b"text/html; charset=utf-8"
_PRIVATE = (b"cache-control", b"private, no-cache")
"""Only the caller may keep it, and must ask each time whether it still holds."""

_AnyRequest = Request[Any, Any, Any]
_encode = msgspec.json.Encoder().encode


def all_routes(workloads: Iterable[AnyWorkload]) -> tuple[str, ...]:
    """Every route that is served, as metrics and logs name it."""
    served = list(workloads)
    asked = [path_of(workload, door) for workload in served for door in (None, *workload.doors)]
    theirs = [route for kind, routes in BELONGING_ROUTES.items() if has(kind, served) for route in routes]
    return (*asked, *theirs, *FIXED_ROUTES)


def has(belonging: Belonging, workloads: Iterable[AnyWorkload]) -> bool:
    """Whether tenants have such things by one of ``workloads``."""
    return any(belonging in workload.belongings for workload in workloads)


def workload_route(endpoint: Endpoint) -> ASGIRouteHandler:
    """``POST /v1/NAME``: the answer, or a job when the caller prefers to come back for it."""

    @asgi(endpoint.path, name=endpoint.path.removeprefix("/v1/"), copy_scope=False)
    async def answer_workload(scope: Any, receive: Any, send: Any) -> None:
        await endpoint(scope, receive, send)

    return answer_workload


def job_route(jobs: JobStore, doorman: Doorman) -> HTTPRouteHandler:
    """``GET /v1/jobs/ID``: how far a job of the caller's tenant is, and its answer."""

    @route("/v1/jobs/{id:str}", http_method=["GET", "HEAD"], name="job")
    async def find_job(request: _AnyRequest) -> ASGIApp:
        exchange = exchange_in(request.scope)
        await doorman.check(exchange, Role.READ)
        identifier = request.path_params["id"]
        job = await jobs.find(identifier, exchange.tenant)
        if job is None:
            raise UnknownResourceError("job", identifier)
        if job.state in (JobState.QUEUED, JobState.RUNNING):
            return Answer(_encode(job), headers=((b"retry-after", b"%d" % POLL_SECONDS), _PRIVATE))
        return Answer(_encode(job), headers=(_PRIVATE,), tagged=True)

    return find_job


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

    return constant_route("/health/live", _encode({"status": Status.PASS}), HEALTH, tagged=False), ready, health


def metrics_route(scrape: Callable[[], bytes]) -> HTTPRouteHandler:
    """``GET /metrics``: the sums over all workers, for Prometheus."""

    @route("/metrics", http_method=["GET", "HEAD"])
    async def show_metrics(request: _AnyRequest) -> ASGIApp:
        return Answer(scrape(), media_type=PROMETHEUS)

    return show_metrics


def constant_route(
    path: str, body: bytes, media_type: bytes = JSON, headers: Headers = (), *, tagged: bool = True
) -> HTTPRouteHandler:
    """``GET path`` with an answer that never changes; ``tagged`` lets callers keep it."""
    answer = Answer(body, media_type=media_type, headers=headers, tagged=tagged)

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
