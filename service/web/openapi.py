"""The OpenAPI 3.1 document, made of the workloads and of the types that the routes really use."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from service.core.cache_statistics import CacheStatistics
from service.core.caretaker import Forgotten, Warmed
from service.core.identity import Role
from service.core.invalidation import Invalidation
from service.core.ports import Job
from service.core.workload import AnyWorkload, Belonging
from service.web import openapi_files as files
from service.web import openapi_products as products
from service.web.batch_routes import description as batches
from service.web.cache_routes import INVALIDATIONS_ROUTE, STATISTICS_ROUTE, WARMINGS_ROUTE, Warming
from service.web.endpoint import path_of
from service.web.health import MEDIA_TYPE as HEALTH
from service.web.health import Health
from service.web.openapi_images import image_paths
from service.web.openapi_keys import HEADERS, PROBLEMS, SCHEMES, guarded
from service.web.openapi_parts import (
    accepted_headers,
    header,
    problems,
    response,
    retry_header,
    tracing_headers,
)
from service.web.problems import (
    BAD_REQUEST,
    BODY_TIMEOUT,
    BODY_TOO_LARGE,
    DEPENDENCY_AWAY,
    EXTRA_MISSING,
    INTERNAL_ERROR,
    INVALID_REQUEST,
    ITEMS_FAILED,
    KINDS,
    MALFORMED_BODY,
    NOT_FOUND,
    NOT_IN_STATE,
    OVERLOADED,
    UNREADABLE_UPLOAD,
    UNSUPPORTED_MEDIA_TYPE,
    Problem,
)
from service.web.routes import JOB_ROUTE, PROBLEM_ROUTE, has

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
    if has(Belonging.CATALOGUE, workloads):
        types += products.TYPES
    for workload in workloads:
        types += [workload.request, workload.answer]
        types += [kind for door in workload.doors.values() for kind in (door.request, door.answer)]
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
            {"name": "catalogue", "description": "Products that were put in, one by one."},
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
            **{
                path_of(workload, name): {"post": guarded(_door(workload, name, schema_of), Role.WRITE, keys=keys)}
                for workload in workloads
                for name in workload.doors
            },
            JOB_ROUTE: {"get": guarded(_job(schema_of), Role.READ, keys=keys)},
            **image_paths(schema_of, workloads, keys=keys),
            **(products.product_paths(schema_of, keys=keys) if has(Belonging.CATALOGUE, workloads) else {}),
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
        "description": _bodies(workload),
        "parameters": [
            *(files.parameters(workload.upload) if workload.upload else ()),
            header("Prefer", "`respond-async` answers 202 with a job to come back for.", "respond-async"),
            *tracing_headers(),
        ],
        "requestBody": {
            "required": True,
            "content": {
                "application/json": content,
                **(files.contents(workload.upload) if workload.upload else {}),
            },
        },
        "responses": {
            "200": response("The answer.", schema_of[workload.answer]),
            "202": response("Taken on; the answer will be at Location.", schema_of[Job], headers=accepted_headers()),
            **problems((*_ANALYSIS_PROBLEMS, *((BAD_REQUEST,) if workload.upload else ())), schema_of),
        },
    }


def _door(workload: AnyWorkload, name: str, schema_of: dict[Any, Any]) -> dict[str, Any]:
    door = workload.doors[name]
    content: dict[str, Any] = {"schema": schema_of[door.request]}
    if door.examples:
        content["examples"] = {title: {"value": value} for title, value in door.examples.items()}
    return {
        "operationId": f"{workload.name}-{name}",
        "tags": ["analysis"],
        "summary": door.summary,
        "description": f"The body may have {workload.body_bytes:,} bytes.",
        "parameters": tracing_headers(),
        "requestBody": {"required": True, "content": {"application/json": content}},
        "responses": {
            "200": response("The answer.", schema_of[door.answer]),
            **problems(_ANALYSIS_PROBLEMS, schema_of),
        },
    }


def _bodies(workload: AnyWorkload) -> str:
    told = f"The body may have {workload.body_bytes:,} bytes"
    if workload.upload is None:
        return f"{told}."
    return f"{told} as JSON, and {workload.upload.body_bytes:,} as a file. The query goes with a file alone."


def _job(schema_of: dict[Any, Any]) -> dict[str, Any]:
    identifier = {"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}
    return {
        "operationId": "job",
        "tags": ["jobs"],
        "summary": "How far a job is, and its answer.",
        "parameters": [identifier, *tracing_headers()],
        "responses": {
            "200": response("The job; Retry-After while it is not finished.", schema_of[Job], headers=retry_header()),
            **problems((*PROBLEMS, NOT_FOUND, INTERNAL_ERROR, OVERLOADED, DEPENDENCY_AWAY), schema_of),
        },
    }


def _cache_paths(schema_of: dict[Any, Any]) -> dict[str, Any]:
    def operation(name: str, summary: str, answer: Any, question: Any = None) -> dict[str, Any]:
        described = {
            "operationId": name,
            "tags": ["cache"],
            "summary": summary,
            "parameters": tracing_headers(),
            "responses": {
                "200": response("It is done.", schema_of[answer]),
                **problems(_ASKING_PROBLEMS if question is None else _TELLING_PROBLEMS, schema_of),
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
                operation["parameters"] += tracing_headers()
                for answer in operation["responses"].values():
                    answer["headers"]["X-Request-ID"] = {"$ref": "#/components/headers/RequestId"}
                operation["responses"] |= problems(kinds, schema_of)
                paths.setdefault(path, {})[method] = guarded(operation, role, keys=keys)
    return paths


def _service_paths(schema_of: dict[Any, Any]) -> dict[str, Any]:
    health = HEALTH.decode("ascii")
    text, page, anything = {"type": "string"}, {"type": "string"}, {"type": "object"}
    slugs = {"type": "string", "enum": [kind.slug for kind in KINDS]}
    slug = {"name": "slug", "in": "path", "required": True, "schema": slugs}
    ill = {"503": response("Something needed is away, or the service is stopping.", schema_of[Health], health)}
    return {
        "/health/live": _get("live", "The process answers.", response("It does.", anything, health)),
        "/health/ready": _get("ready", "Requests can be sent.", response("They can.", schema_of[Health], health), ill),
        "/health": _get("health", "How the service is.", response("Well enough.", schema_of[Health], health), ill),
        "/metrics": _get("metrics", "Counters for Prometheus.", response("The counters.", text, "text/plain")),
        "/openapi.json": _get("openapi", "This document.", response("It.", anything)),
        "/docs": _get("docs", "This document for people.", response("A page.", page, "text/html")),
        "/": _get("index", "Where to go from here.", response("Links.", anything)),
        PROBLEM_ROUTE: {
            "get": {
                "operationId": "problem",
                "tags": ["service"],
                "summary": "What a type of problem means.",
                "parameters": [slug],
                "responses": {
                    "200": response("Its meaning.", anything),
                    **problems((NOT_FOUND, INTERNAL_ERROR), schema_of),
                },
            }
        },
    }


def _get(name: str, summary: str, found: dict[str, Any], others: dict[str, Any] | None = None) -> dict[str, Any]:
    responses = {"200": found, **(others or {})}
    return {"get": {"operationId": name, "tags": ["service"], "summary": summary, "responses": responses}}
