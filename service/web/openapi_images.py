"""What belongs to pictures beside their analysis, as the OpenAPI document tells it: thumbnails, and what is known."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from service.core.identity import Role
from service.core.workload import AnyWorkload, Belonging
from service.web.known_routes import KNOWN_ROUTE
from service.web.openapi_keys import PROBLEMS, guarded
from service.web.openapi_parts import problems, response, tracing_headers
from service.web.problems import DEPENDENCY_AWAY, INTERNAL_ERROR, NOT_FOUND, OVERLOADED
from service.web.thumbnail_routes import THUMBNAIL_ROUTE

_PROBLEMS = (*PROBLEMS, INTERNAL_ERROR, DEPENDENCY_AWAY, NOT_FOUND, OVERLOADED)


def image_paths(schema_of: dict[Any, Any], workloads: Sequence[AnyWorkload], *, keys: bool) -> dict[str, Any]:
    """The operations, by path and method, as far as a workload needs them."""
    paths: dict[str, Any] = {}
    if any(Belonging.THUMBNAILS in workload.belongings for workload in workloads):
        paths[THUMBNAIL_ROUTE] = {"get": guarded(_thumbnail(schema_of), Role.READ, keys=keys)}
    if any(Belonging.KNOWN_PICTURES in workload.belongings for workload in workloads):
        paths[KNOWN_ROUTE] = {"delete": guarded(_known(schema_of), Role.WRITE, keys=keys)}
    return paths


def _thumbnail(schema_of: dict[Any, Any]) -> dict[str, Any]:
    identifier = {"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}
    headers = {name: {"schema": {"type": "string"}} for name in ("ETag", "Cache-Control")}
    picture = response("The picture; it never changes.", {"type": "string"}, "image/jpeg", headers)
    picture["content"]["image/webp"] = picture["content"]["image/jpeg"]
    return {
        "operationId": "thumbnail",
        "tags": ["jobs"],
        "summary": "A thumbnail that an analysis of yours made.",
        "parameters": [identifier, *tracing_headers()],
        "responses": {"200": picture, **problems(_PROBLEMS, schema_of)},
    }


def _known(schema_of: dict[Any, Any]) -> dict[str, Any]:
    digest = {"type": "string", "pattern": "^[0-9a-f]{64}$"}
    headers = {"X-Request-ID": {"$ref": "#/components/headers/RequestId"}}
    return {
        "operationId": "known-image",
        "tags": ["analysis"],
        "summary": "Forget a picture that you sent with `known`: no other is a near duplicate of it any more.",
        "parameters": [{"name": "sha256", "in": "path", "required": True, "schema": digest}, *tracing_headers()],
        "responses": {
            "204": {"description": "It is forgotten.", "headers": headers},
            **problems(_PROBLEMS, schema_of),
        },
    }
