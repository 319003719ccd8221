"""The name under which the end of a request by Locust's own clients is counted."""

from __future__ import annotations

from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

import requests
from geventhttpclient.response import HTTPConnectionClosed
from locust.exception import CatchResponseError, ResponseError

from loadtests._outcomes import GENERATOR_ERROR, TIMEOUT, WRONG_ANSWER, of_error, of_status
from slo.record import OK

_UNREACHABLE = "unreachable"
_RESET = "reset"
_VAGUE = (GENERATOR_ERROR, _UNREACHABLE)
_DEEPEST = 16


def outcome_of(exception: Any, response: Any) -> str:
    """Their file's own judgement decides whether it failed; ``exception`` and ``response`` only give it a name."""
    if exception is None:
        return OK
    status = getattr(response, "status_code", 0) or 0
    if status >= HTTPStatus.BAD_REQUEST:
        return of_status(status)
    error = getattr(response, "error", None) or exception
    if status or not isinstance(error, BaseException) or isinstance(error, CatchResponseError | ResponseError):
        return WRONG_ANSWER
    for cause in _causes(error):
        if isinstance(cause, requests.Timeout):
            return TIMEOUT
        if isinstance(cause, HTTPConnectionClosed):
            return _RESET
        if (name := of_error(cause)) not in _VAGUE:
            return name
    return _UNREACHABLE


def _causes(error: BaseException) -> Iterator[BaseException]:
    """``error`` and what it wraps in any of the ways that requests and urllib3 have."""
    waiting: list[Any] = [error]
    for _ in range(_DEEPEST):
        if not waiting:
            return
        found = waiting.pop(0)
        yield found
        wrapped = (*found.args, getattr(found, "reason", None), found.__cause__, found.__context__)
        waiting.extend(each for each in wrapped if isinstance(each, BaseException))
