"""What the OpenAPI document says again and again: headers, answers, problems."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from service.web.problems import BASE, INVALID_REQUEST, MEDIA_TYPE, OVERLOADED, Fault, Kind, Problem


def response(
    description: str, schema: Any, media_type: str = "application/json", headers: dict[str, Any] | None = None
) -> dict[str, Any]:
    """One answer: ``schema`` as ``media_type``."""
    return {
        "description": description,
        "headers": {"X-Request-ID": {"$ref": "#/components/headers/RequestId"}, **(headers or {})},
        "content": {media_type: {"schema": schema}},
    }


def problems(kinds: Iterable[Kind], schema_of: dict[Any, Any]) -> dict[str, Any]:
    """The answers that tell of ``kinds``, by status."""
    by_status: dict[int, list[Kind]] = {}
    for kind in kinds:
        by_status.setdefault(kind.status, []).append(kind)
    return {str(status): _problem_response(same, schema_of) for status, same in sorted(by_status.items())}


def _problem_response(kinds: Sequence[Kind], schema_of: dict[Any, Any]) -> dict[str, Any]:
    description = " ".join(f"{kind.title}. {kind.meaning}" for kind in kinds)
    headers = retry_header() if kinds[0].status in (OVERLOADED.status,) else {}
    answer = response(description, schema_of[Problem], MEDIA_TYPE, headers)
    answer["content"][MEDIA_TYPE]["examples"] = {
        kind.slug: {"value": msgspec.to_builtins(_example(kind))} for kind in kinds
    }
    return answer


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


def header(name: str, description: str, example: str) -> dict[str, Any]:
    """A header that the caller may send."""
    return {"name": name, "in": "header", "description": description, "schema": {"type": "string"}, "example": example}


def tracing_headers() -> list[dict[str, Any]]:
    """Headers that every request may have."""
    return [
        header("X-Request-ID", "Your name for the request: 1 to 128 of A-Z a-z 0-9 . _ -", "order-4711"),
        header("traceparent", "W3C trace context.", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"),
    ]


def accepted_headers() -> dict[str, Any]:
    """Headers of the answer to who comes back later."""
    text = {"schema": {"type": "string"}}
    return {
        "Location": {"description": "Where the job is.", **text},
        "Preference-Applied": {"description": "`respond-async`", **text},
        **retry_header(),
    }


def retry_header() -> dict[str, Any]:
    """When to try again."""
    return {"Retry-After": {"$ref": "#/components/headers/RetryAfter"}}
