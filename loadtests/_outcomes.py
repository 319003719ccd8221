"""The name under which a request's end is counted."""

from __future__ import annotations

import errno
import socket
import ssl
from collections.abc import Iterator

from loadtests._exchange import WrongAnswerError
from loadtests._http._address import ElsewhereError
from loadtests._http._answers import (
    AnswerCutShortError,
    AnswerTooLargeError,
    NoAnswerError,
    NotHttpError,
    UndecodableAnswerError,
)
from loadtests._later import JobFailedError

TIMEOUT = "timeout"
WRONG_ANSWER = "wrong-answer"
REDIRECTED = "redirected"
"""The target named another place; redirects are not followed."""
JOB_FAILED = "job-failed"
"""The target accepted the request for later, and then could not answer it."""
GENERATOR_ERROR = "generator-error"
"""The fault is the load test's own; counted, so that no arrival vanishes."""

_REDIRECTS = frozenset((301, 302, 303, 307, 308))
_OWN_LIMITS = frozenset((errno.EMFILE, errno.ENFILE, errno.EADDRNOTAVAIL, errno.ENOBUFS, errno.ENOMEM))
"""What this machine runs out of: files, memory, ports to connect from."""

_NAMES: tuple[tuple[type[BaseException] | tuple[type[BaseException], ...], str], ...] = (
    (WrongAnswerError, WRONG_ANSWER),
    (JobFailedError, JOB_FAILED),
    (ElsewhereError, REDIRECTED),
    (TimeoutError, TIMEOUT),
    (ConnectionRefusedError, "refused"),
    ((ConnectionResetError, ConnectionAbortedError, BrokenPipeError, NoAnswerError), "reset"),
    (AnswerCutShortError, "cut-short"),
    ((socket.gaierror, UnicodeError), "unresolved"),
    (ssl.SSLError, "tls"),
    (NotHttpError, "not-http"),
    (AnswerTooLargeError, "too-large"),
    (UndecodableAnswerError, "undecodable"),
    (OSError, "unreachable"),
)


def of_status(status: int) -> str:
    """Of an answer whose status was not the expected one."""
    return REDIRECTED if status in _REDIRECTS else f"http-{status}"


def of_error(error: BaseException) -> str:
    """Of a request that got no right answer; what lies behind a wrapping error counts."""
    for cause in _causes(error):
        if isinstance(cause, OSError) and cause.errno in _OWN_LIMITS:
            return GENERATOR_ERROR
        for kinds, name in _NAMES:
            if isinstance(cause, kinds):
                return name
    return GENERATOR_ERROR


def _causes(error: BaseException) -> Iterator[BaseException]:
    """``error`` and what it wraps."""
    found: BaseException | None = error
    while found is not None:
        yield found
        found = found.__cause__
