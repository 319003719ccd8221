"""What the OpenAPI document says of keys: how one is sent, what it may do, how often."""

from __future__ import annotations

from typing import Any

from service.core.identity import Role
from service.web.problems import FORBIDDEN, RATE_LIMITED, UNAUTHENTICATED

SCHEMES: dict[str, Any] = {
    "bearer": {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "ls_ID_SECRET",
        "description": "A key made by `loadstone keys create`. Its role is read, write (which includes read) or admin.",
    },
    "apiKey": {
        "type": "apiKey",
        "in": "header",
        "name": "X-API-Key",
        "description": "The same key, for callers that cannot send `Authorization`.",
    },
}
HEADERS: dict[str, Any] = {
    "RateLimitPolicy": {
        "description": "The rate of the key: so many requests (`q`) in so many seconds (`w`); "
        "draft-ietf-httpapi-ratelimit-headers-11. Not sent to a key without a rate.",
        "schema": {"type": "string"},
        "example": '"default";q=100;w=60',
    },
    "RateLimit": {
        "description": "What is left of it: spread `r` requests over `t` seconds and none is refused.",
        "schema": {"type": "string"},
        "example": '"default";r=50;t=30',
    },
    "WWWAuthenticate": {
        "description": "How to show a key.",
        "schema": {"type": "string"},
        "example": 'Bearer realm="loadstone"',
    },
}
PROBLEMS = (UNAUTHENTICATED, FORBIDDEN, RATE_LIMITED)
"""How a key can be refused."""
_WITHOUT_RATE = (str(UNAUTHENTICATED.status), str(FORBIDDEN.status))
"""Answers to callers whose rate is not looked at."""


def guarded(operation: dict[str, Any], role: Role, *, keys: bool) -> dict[str, Any]:
    """``operation``, which needs a key with ``role``, by either header; nobody needs one where ``keys`` is False.

    Its problems include `PROBLEMS`.
    """
    if keys:
        operation["security"] = [{scheme: [role.word]} for scheme in SCHEMES]
    responses = operation["responses"]
    for status, response in responses.items():
        if status not in _WITHOUT_RATE:
            response["headers"] |= {
                "RateLimit-Policy": {"$ref": "#/components/headers/RateLimitPolicy"},
                "RateLimit": {"$ref": "#/components/headers/RateLimit"},
            }
    refused, limited = responses[str(UNAUTHENTICATED.status)], responses[str(RATE_LIMITED.status)]
    refused["headers"]["WWW-Authenticate"] = {"$ref": "#/components/headers/WWWAuthenticate"}
    limited["headers"]["Retry-After"] = {"$ref": "#/components/headers/RetryAfter"}
    return operation
