"""Every error as an RFC 9457 problem: stable type and title, and the place of each fault."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import msgspec
from litestar import Request, Response
from litestar.exceptions import HTTPException
from litestar.types import ExceptionHandlersMap

from service.core.errors import (
    DependencyError,
    ExtraMissingError,
    ForbiddenError,
    InvalidRequestError,
    ItemsFailedError,
    OverloadError,
    RateLimitedError,
    UnauthenticatedError,
    UnknownResourceError,
)
from service.web.answer import Answer
from service.web.exchange import exchange_in

MEDIA_TYPE = "application/problem+json"
BASE = "/problems/"
RETRY_SECONDS = 5
"""After which trying again makes sense when a server behind the service is away."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of problem; ``slug`` is the last part of its type."""

    slug: str
    status: int
    title: str
    meaning: str

    @property
    def type(self) -> str:
        """The URI that names this kind, and where its meaning can be read."""
        return BASE + self.slug


MALFORMED_BODY = Kind("malformed-body", 400, "The body is not JSON", "Send one JSON document in UTF-8.")
INVALID_REQUEST = Kind(
    "invalid-request", 422, "The request breaks a rule", "Each entry of errors says where (JSON path) and how."
)
BAD_REQUEST = Kind(
    "bad-request", 400, "The request cannot be understood", "The request line, its query or a header is wrong."
)
UNAUTHENTICATED = Kind(
    "unauthenticated",
    401,
    "A valid key is missing",
    "Send Authorization: Bearer KEY with a key made by `loadstone keys create`.",
)
FORBIDDEN = Kind("forbidden", 403, "The key does not allow this", "detail says which role is needed.")
RATE_LIMITED = Kind(
    "rate-limited", 429, "Too many requests with this key", "Try again after the seconds in Retry-After."
)
NOT_FOUND = Kind("not-found", 404, "There is no such resource", "Check the path and the identifier in it.")
METHOD_NOT_ALLOWED = Kind(
    "method-not-allowed", 405, "The resource does not know this method", "The Allow header lists those it knows."
)
BODY_TIMEOUT = Kind("body-timeout", 408, "The body did not arrive in time", "Send the whole body without a pause.")
BODY_TOO_LARGE = Kind("body-too-large", 413, "The body is too large", "Send less at once; detail says how much.")
UNSUPPORTED_MEDIA_TYPE = Kind(
    "unsupported-media-type",
    415,
    "The body is not of a supported type",
    "detail names the types that are read here; text is in UTF-8, and nothing has a Content-Encoding.",
)
NOT_IN_STATE = Kind(
    "not-in-state",
    409,
    "The batch cannot do this now",
    "detail names the state that it is in; look at it, then decide.",
)
UNREADABLE_UPLOAD = Kind(
    "unreadable-upload",
    422,
    "The file cannot be read as rows",
    "Send CSV with a header, or NDJSON, in UTF-8; detail and errors say what is wrong, and whether rows were kept.",
)
ITEMS_FAILED = Kind(
    "items-failed", 422, "Some items could not be analysed", "Leave out the items named in errors, or change them."
)
INTERNAL_ERROR = Kind(
    "internal-error", 500, "The service made a mistake", "Nothing is wrong with the request; report the request_id."
)
EXTRA_MISSING = Kind(
    "extra-missing", 501, "An engine is not installed", "detail says which package brings what the request asks for."
)
OVERLOADED = Kind("overloaded", 503, "There is no room now", "Try again after the seconds in Retry-After.")
DEPENDENCY_AWAY = Kind(
    "dependency-away", 503, "A server behind the service is away", "Try again after the seconds in Retry-After."
)

KINDS: tuple[Kind, ...] = (
    *(MALFORMED_BODY, BAD_REQUEST, NOT_FOUND, METHOD_NOT_ALLOWED, BODY_TIMEOUT, BODY_TOO_LARGE),
    *(UNSUPPORTED_MEDIA_TYPE, INVALID_REQUEST, ITEMS_FAILED, INTERNAL_ERROR, EXTRA_MISSING),
    *(NOT_IN_STATE, UNREADABLE_UPLOAD),
    *(UNAUTHENTICATED, FORBIDDEN, RATE_LIMITED, OVERLOADED, DEPENDENCY_AWAY),
)
_BY_STATUS = {400: BAD_REQUEST, 404: NOT_FOUND, 405: METHOD_NOT_ALLOWED}


class Fault(msgspec.Struct, frozen=True):
    """One thing that is wrong, and where."""

    pointer: str
    """JSON path into the request's body, such as ``$.comments[3].text``, or an option of the query: ``?limit``."""
    detail: str


class Problem(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """The body of every error (RFC 9457)."""

    type: str
    """Stable; fit for a program to decide upon."""
    title: str
    status: int
    detail: str = ""
    instance: str
    """The path that was asked for."""
    request_id: str
    errors: list[Fault] = []


UNREAD: Mapping[str, str] = {"connection": "close"}
"""Headers of a refusal that leaves the body unread: what comes after it on the connection would be the rest of that."""


class ProblemError(Exception):
    """Ends a request with a problem."""

    def __init__(
        self,
        kind: Kind,
        detail: str = "",
        *,
        errors: list[Fault] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail or kind.title)
        self.kind = kind
        self.detail = detail
        self.errors = errors or []
        self.headers = headers or {}


_encode = msgspec.json.Encoder().encode


def problem_answer(error: Exception, scope: Any) -> Answer:
    """How ``error`` is told to the caller of ``scope``; what nobody foresaw is told to the log as well."""
    problem = as_problem(error)
    trace = exchange_in(scope).trace
    if problem.kind is INTERNAL_ERROR:
        _log.error("request failed", exc_info=error, extra={"trace": trace})
    elif isinstance(error, DependencyError):
        _log.warning("request failed: %s", error, extra={"trace": trace})
    body = _encode(
        Problem(
            type=problem.kind.type,
            title=problem.kind.title,
            status=problem.kind.status,
            detail=problem.detail,
            instance=scope["path"],
            request_id=trace.request_id,
            errors=problem.errors,
        )
    )
    headers = tuple((name.encode("latin-1"), value.encode("latin-1")) for name, value in problem.headers.items())
    return Answer(body, status=problem.kind.status, media_type=MEDIA_TYPE.encode("ascii"), headers=headers)


def as_problem(error: Exception) -> ProblemError:
    """How ``error`` is told to the caller; one that nobody foresaw is told without a word of its own."""
    if isinstance(error, ProblemError):
        return error
    for known, translate in _TRANSLATIONS.items():
        if isinstance(error, known):
            return translate(error)
    return ProblemError(INTERNAL_ERROR)


def _invalid(error: InvalidRequestError) -> ProblemError:
    return ProblemError(INVALID_REQUEST, error.reason, errors=[Fault(error.pointer, error.reason)])


def _items_failed(error: ItemsFailedError) -> ProblemError:
    faults = [Fault("$", f"item {place}: {reason}") for place, reason in error.failures.items()]
    return ProblemError(ITEMS_FAILED, str(error), errors=faults)


def _unknown(error: UnknownResourceError) -> ProblemError:
    return ProblemError(NOT_FOUND, f"There is no {error.kind} with this identifier.")


def _extra_missing(error: ExtraMissingError) -> ProblemError:
    return ProblemError(EXTRA_MISSING, str(error))


def _unauthenticated(error: UnauthenticatedError) -> ProblemError:
    return ProblemError(UNAUTHENTICATED, error.reason, headers={"www-authenticate": 'Bearer realm="loadstone"'})


def _forbidden(error: ForbiddenError) -> ProblemError:
    return ProblemError(FORBIDDEN, f"{error}.")


def _rate_limited(error: RateLimitedError) -> ProblemError:
    return ProblemError(RATE_LIMITED, error.reason, headers={"retry-after": f"{max(1, math.ceil(error.retry_after))}"})


def _overloaded(error: OverloadError) -> ProblemError:
    return ProblemError(OVERLOADED, error.reason, headers={"retry-after": f"{max(1, round(error.retry_after))}"})


def _dependency_away(error: DependencyError) -> ProblemError:
    detail = f"{error.dependency} cannot be reached."
    return ProblemError(DEPENDENCY_AWAY, detail, headers={"retry-after": str(RETRY_SECONDS)})


def _of_framework(error: HTTPException) -> ProblemError:
    kind = _BY_STATUS.get(error.status_code)
    if kind is None and error.status_code < HTTPStatus.INTERNAL_SERVER_ERROR:
        kind = BAD_REQUEST
    headers = {name.lower(): value for name, value in (error.headers or {}).items()}
    return ProblemError(kind or INTERNAL_ERROR, headers=headers)


_TRANSLATIONS: dict[type[Exception], Callable[[Any], ProblemError]] = {
    InvalidRequestError: _invalid,
    ItemsFailedError: _items_failed,
    UnauthenticatedError: _unauthenticated,
    ForbiddenError: _forbidden,
    UnknownResourceError: _unknown,
    ExtraMissingError: _extra_missing,
    RateLimitedError: _rate_limited,
    OverloadError: _overloaded,
    DependencyError: _dependency_away,
    HTTPException: _of_framework,
}


class _ProblemResponse(Response[bytes]):
    """Lets Litestar send an `Answer`."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.body)
        self._answer = answer

    def to_asgi_response(self, *_: Any, **__: Any) -> Any:
        """What is sent."""
        return self._answer


def _respond(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    return _ProblemResponse(problem_answer(error, request.scope))


EXCEPTION_HANDLERS: ExceptionHandlersMap = {Exception: _respond, HTTPException: _respond}
"""For the Litestar application: every exception ends as a problem."""
