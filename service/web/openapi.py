"""The OpenAPI 3.1 document, made of the workloads and of the types that the routes really use."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from service.core.cache_statistics import CacheStatistics
from service.core.caretaker import Forgotten, Warmed
from service.core.identity import Role
from service.core.invalidation import Invalidation
from service.core.ports import Job
from service.core.workload import AnyWorkload
from service.web.batch_routes import description as batches
from service.web.cache_routes import INVALIDATIONS_ROUTE, STATISTICS_ROUTE, WARMINGS_ROUTE, Warming
from service.web.health import MEDIA_TYPE as HEALTH
from service.web.health import Health
from service.web.openapi_keys import HEADERS, PROBLEMS, SCHEMES, guarded
from service.web.problems import (
    BAD_REQUEST,
    BASE,
    BODY_TIMEOUT,
    BODY_TOO_LARGE,
    DEPENDENCY_AWAY,
    EXTRA_MISSING,
    INTERNAL_ERROR,
    INVALID_REQUEST,
    ITEMS_FAILED,
    KINDS,
    MALFORMED_BODY,
    MEDIA_TYPE,
    NOT_FOUND,
    NOT_IN_STATE,
    OVERLOADED,
    UNREADABLE_UPLOAD,
    UNSUPPORTED_MEDIA_TYPE,
    Fault,
    Kind,
    Problem,
)
from service.web.routes import JOB_ROUTE, PROBLEM_ROUTE, path_of
from service.web.thumbnail_routes import THUMBNAIL_ROUTE

_REFERENCE = "#/components/schemas/{name}"
_ANALYSIS_PROBLEMS = (
    *(MALFORMED_BODY, BODY_TIMEOUT, BODY_TOO_LARGE, UNSUPPORTED_MEDIA_TYPE, INVALID_REQUEST, ITEMS_FAILED),
    *(INTERNAL_ERROR, EXTRA_MISSING, OVERLOADED, DEPENDENCY_AWAY, *PROBLEMS),
)
_ASKING_PROBLEMS = (*PROBLEMS, INTERNAL_ERROR, DEPENDENCY_AWAY)
_TELLING_PROBLEMS = (
    *_ASKING_PROBLEMS,
    *(MALFORMED_BODY, BODY_TIMEOUT, BODY_TOO_LARGE, UNSUPPORTED_MEDIA_TYPE, INVALID_REQUEST, NOT_FOUND, OVERLOADED),
)
_READING_PROBLEMS = (*_ASKING_PROBLEMS, INVALID_REQUEST, NOT_FOUND, OVERLOADED)
_BATCH_PROBLEMS = (
    *(*_READING_PROBLEMS, BAD_REQUEST, BODY_TIMEOUT, UNSUPPORTED_MEDIA_TYPE),
    *(UNREADABLE_UPLOAD, NOT_IN_STATE, EXTRA_MISSING),
)
_DESCRIPTION = (
    "Analyses of comments and other things that customers leave behind. Every answer carries an `X-Request-ID`, "
    "the caller's own where it sent a sane one, and the caller's `traceparent`. Every error is a problem (RFC 9457) "
    "whose `type` is stable."
)


def document(workloads: Sequence[AnyWorkload], version: str, *, keys: bool = True) -> dict[str, Any]:
    """The document as plain data; without ``keys`` of a service that asks for none."""
    types: list[Any] = [Job, Problem, Health, CacheStatistics, Invalidation, Forgotten, Warming, Warmed, *batches.TYPES]
    for workload in workloads:
        types += [workload.request, workload.answer]
    references, schemas = msgspec.json.schema_components(types, ref_template=_REFERENCE)
    schema_of = dict(zip(types, references, strict=True))
    schemas[Invalidation.__name__]["oneOf"] = [{"required": [name]} for name in Invalidation.__struct_fields__]
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Loadstone",
            "version": version,
            "description": _DESCRIPTION,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "tags": [
            {"name": "analysis", "description": "The workloads."},
            {"name": "jobs", "description": "Answers to come back for."},
            {"name": "batches", "description": "Rows by the million, worked off by workers."},
            {"name": "cache", "description": "For administrators: what the cache did, forgetting and filling it."},
            {"name": "service", "description": "What the service says of itself."},
        ],
        "paths": {
            **{
                path_of(workload): {"post": guarded(_analysis(workload, schema_of), Role.WRITE, keys=keys)}
                for workload in workloads
            },
            JOB_ROUTE: {"get": guarded(_job(schema_of), Role.READ, keys=keys)},
            **(
                {THUMBNAIL_ROUTE: {"get": guarded(_thumbnail(schema_of), Role.READ, keys=keys)}}
                if any(workload.keepsakes for workload in workloads)
                else {}
            ),
            **{
                path: {method: guarded(operation, Role.ADMIN, keys=keys) for method, operation in operations.items()}
                for path, operations in _cache_paths(schema_of).items()
            },
            **_batch_paths(schema_of, workloads, keys=keys),
            **_service_paths(schema_of),
        },
        "components": {
            "schemas": schemas,
            **({"securitySchemes": SCHEMES} if keys else {}),
            "headers": {
                **HEADERS,
                "RequestId": {"description": "The request's name in the logs.", "schema": {"type": "string"}},
                "RetryAfter": {"description": "Seconds.", "schema": {"type": "integer", "minimum": 1}},
            },
        },
    }


def _analysis(workload: AnyWorkload, schema_of: dict[Any, Any]) -> dict[str, Any]:
    examples = {name: {"value": value} for name, value in workload.examples.items()}
    content: dict[str, Any] = {"schema": schema_of[workload.request]}
    if examples:
        content["examples"] = examples
    return {
        "operationId": workload.name,
        "tags": ["analysis"],
        "summary": workload.summary,
        "description": f"The body may have {workload.body_bytes:,} bytes.",
        "parameters": [
            _header("Prefer", "`respond-async` answers 202 with a job to come back for.", "respond-async"),
            *_tracing_headers(),
        ],
        "requestBody": {"required": True, "content": {"application/json": content}},
        "responses": {
            "200": _response("The answer.", schema_of[workload.answer]),
            "202": _response("Taken on; the answer will be at Location.", schema_of[Job], headers=_accepted_headers()),
            **_problems(_ANALYSIS_PROBLEMS, schema_of),
        },
    }


def _job(schema_of: dict[Any, Any]) -> dict[str, Any]:
    identifier = {"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}
    return {
        "operationId": "job",
        "tags": ["jobs"],
        "summary": "How far a job is, and its answer.",
        "parameters": [identifier, *_tracing_headers()],
        "responses": {
            "200": _response("The job; Retry-After while it is not finished.", schema_of[Job], headers=_retry_header()),
            **_problems((*PROBLEMS, NOT_FOUND, INTERNAL_ERROR, OVERLOADED, DEPENDENCY_AWAY), schema_of),
        },
    }


def _thumbnail(schema_of: dict[Any, Any]) -> dict[str, Any]:
    identifier = {"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}
    headers = {name: {"schema": {"type": "string"}} for name in ("ETag", "Cache-Control")}
    picture = _response("The picture; it never changes.", {"type": "string"}, "image/jpeg", headers)
    picture["content"]["image/webp"] = picture["content"]["image/jpeg"]
    return {
        "operationId": "thumbnail",
        "tags": ["jobs"],
        "summary": "A thumbnail that an analysis of yours made.",
        "parameters": [identifier, *_tracing_headers()],
        "responses": {"200": picture, **_problems((*_ASKING_PROBLEMS, NOT_FOUND, OVERLOADED), schema_of)},
    }


def _cache_paths(schema_of: dict[Any, Any]) -> dict[str, Any]:
    def operation(name: str, summary: str, answer: Any, question: Any = None) -> dict[str, Any]:
        described = {
            "operationId": name,
            "tags": ["cache"],
            "summary": summary,
            "parameters": _tracing_headers(),
            "responses": {
                "200": _response("It is done.", schema_of[answer]),
                **_problems(_ASKING_PROBLEMS if question is None else _TELLING_PROBLEMS, schema_of),
            },
        }
        if question is not None:
            content = {"application/json": {"schema": schema_of[question]}}
            described["requestBody"] = {"required": True, "content": content}
        return described

    show = operation("cache", "What each tier found, holds and lost, all workers together.", CacheStatistics)
    invalidate = operation("cache-invalidations", "Forget entries, in every tier and worker.", Forgotten, Invalidation)
    warm = operation("cache-warmings", "Load what is used most into every worker's memory.", Warmed, Warming)
    return {
        STATISTICS_ROUTE: {"get": show},
        INVALIDATIONS_ROUTE: {"post": invalidate},
        WARMINGS_ROUTE: {"post": warm},
    }


def _batch_paths(schema_of: dict[Any, Any], workloads: Sequence[AnyWorkload], *, keys: bool) -> dict[str, Any]:
    paths: dict[str, dict[str, Any]] = {}
    for role, kinds, described in (
        (Role.READ, _READING_PROBLEMS, batches.read_operations(schema_of)),
        (Role.WRITE, _BATCH_PROBLEMS, batches.write_operations(schema_of, workloads)),
    ):
        for path, operations in described.items():
            for method, operation in operations.items():
                operation["parameters"] += _tracing_headers()
                for response in operation["responses"].values():
                    response["headers"]["X-Request-ID"] = {"$ref": "#/components/headers/RequestId"}
                operation["responses"] |= _problems(kinds, schema_of)
                paths.setdefault(path, {})[method] = guarded(operation, role, keys=keys)
    return paths


def _service_paths(schema_of: dict[Any, Any]) -> dict[str, Any]:
    health = HEALTH.decode("ascii")
    text, page, anything = {"type": "string"}, {"type": "string"}, {"type": "object"}
    slugs = {"type": "string", "enum": [kind.slug for kind in KINDS]}
    slug = {"name": "slug", "in": "path", "required": True, "schema": slugs}
    ill = {"503": _response("Something needed is away, or the service is stopping.", schema_of[Health], health)}
    return {
        "/health/live": _get("live", "The process answers.", _response("It does.", anything, health)),
        "/health/ready": _get("ready", "Requests can be sent.", _response("They can.", schema_of[Health], health), ill),
        "/health": _get("health", "How the service is.", _response("Well enough.", schema_of[Health], health), ill),
        "/metrics": _get("metrics", "Counters for Prometheus.", _response("The counters.", text, "text/plain")),
        "/openapi.json": _get("openapi", "This document.", _response("It.", anything)),
        "/docs": _get("docs", "This document for people.", _response("A page.", page, "text/html")),
        "/": _get("index", "Where to go from here.", _response("Links.", anything)),
        PROBLEM_ROUTE: {
            "get": {
                "operationId": "problem",
                "tags": ["service"],
                "summary": "What a type of problem means.",
                "parameters": [slug],
                "responses": {
                    "200": _response("Its meaning.", anything),
                    **_problems((NOT_FOUND, INTERNAL_ERROR), schema_of),
                },
            }
        },
    }


def _get(name: str, summary: str, found: dict[str, Any], others: dict[str, Any] | None = None) -> dict[str, Any]:
    responses = {"200": found, **(others or {})}
    return {"get": {"operationId": name, "tags": ["service"], "summary": summary, "responses": responses}}


def _response(
    description: str, schema: Any, media_type: str = "application/json", headers: dict[str, Any] | None = None
) -> dict[str, Any]:
    return {
        "description": description,
        "headers": {"X-Request-ID": {"$ref": "#/components/headers/RequestId"}, **(headers or {})},
        "content": {media_type: {"schema": schema}},
    }


def _problems(kinds: Iterable[Kind], schema_of: dict[Any, Any]) -> dict[str, Any]:
    by_status: dict[int, list[Kind]] = {}
    for kind in kinds:
        by_status.setdefault(kind.status, []).append(kind)
    return {str(status): _problem_response(same, schema_of) for status, same in sorted(by_status.items())}


def _problem_response(kinds: Sequence[Kind], schema_of: dict[Any, Any]) -> dict[str, Any]:
    description = " ".join(f"{kind.title}. {kind.meaning}" for kind in kinds)
    headers = _retry_header() if kinds[0].status in (OVERLOADED.status,) else {}
    response = _response(description, schema_of[Problem], MEDIA_TYPE, headers)
    response["content"][MEDIA_TYPE]["examples"] = {
        kind.slug: {"value": msgspec.to_builtins(_example(kind))} for kind in kinds
    }
    return response


def _example(kind: Kind) -> Problem:
    faults = [Fault("$.comments[3]", "Expected `str`, got `int`")] if kind is INVALID_REQUEST else []
    return Problem(
        type=BASE + kind.slug,
        title=kind.title,
        status=kind.status,
        detail=faults[0].detail if faults else "",
        instance="/v1/comments",
        request_id="3f9c0a12b7de-0000002a",
        errors=faults,
    )


def _header(name: str, description: str, example: str) -> dict[str, Any]:
    return {"name": name, "in": "header", "description": description, "schema": {"type": "string"}, "example": example}


def _tracing_headers() -> list[dict[str, Any]]:
    return [
        _header("X-Request-ID", "Your name for the request: 1 to 128 of A-Z a-z 0-9 . _ -", "order-4711"),
        _header("traceparent", "W3C trace context.", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"),
    ]


def _accepted_headers() -> dict[str, Any]:
    text = {"schema": {"type": "string"}}
    return {
        "Location": {"description": "Where the job is.", **text},
        "Preference-Applied": {"description": "`respond-async`", **text},
        **_retry_header(),
    }


def _retry_header() -> dict[str, Any]:
    return {"Retry-After": {"$ref": "#/components/headers/RetryAfter"}}
