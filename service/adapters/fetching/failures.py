"""Why a fetch fails, each as an error with its kind. Reasons are for callers: they tell nothing of the network here."""

from __future__ import annotations

from http import HTTPStatus
from typing import Final

from service.core.errors import AnalysisError

BUSY: Final = "busy"
"""The kind of what was not asked for, as its turn did not come in time."""

INVALID: Final = "invalid"
"""The kind of what is no URL that is fetched."""

_MAY_PASS: Final = frozenset({408, 425, 429, 500, 502, 503, 504, 509, 520, 521, 522, 523, 524, 529, 530})
"""Statuses that speak of the origin at this moment, not of what is asked for; from 509 on some that only CDNs say."""


def invalid(reason: str) -> AnalysisError:
    """The text is no URL that is fetched."""
    return AnalysisError(reason, INVALID)


def address_refused() -> AnalysisError:
    """The host is not on the public internet."""
    return AnalysisError("the address of this host is not public, and only public ones are fetched", "address-refused")


def no_name(*, may_pass: bool) -> AnalysisError:
    """The host has no address, or nobody tells it now."""
    reason = "nobody could say the address of this host" if may_pass else "this host has no address"
    return AnalysisError(reason, "dns", may_pass=may_pass)


def no_connection(reason: str, *, may_pass: bool = True) -> AnalysisError:
    """There was no connection, or it broke."""
    return AnalysisError(reason, "connect", may_pass=may_pass)


def timeout(seconds: float) -> AnalysisError:
    """It was not all there in time."""
    return AnalysisError(f"the origin did not send all of it within {seconds:g} seconds", "timeout", may_pass=True)


def answered(status: int) -> AnalysisError:
    """The origin says something else than what was asked for."""
    try:
        phrase = f" ({HTTPStatus(status).phrase})"
    except ValueError:
        phrase = ""
    return AnalysisError(f"the origin answered {status}{phrase}", f"http-{status}", may_pass=status in _MAY_PASS)


def not_http() -> AnalysisError:
    """What the origin says cannot be understood."""
    return AnalysisError("the origin did not answer in sound HTTP", "not-http")


def redirected(reason: str) -> AnalysisError:
    """A redirect leads to nowhere, or to where none may lead."""
    return AnalysisError(reason, "redirects")


def too_large(most: int) -> AnalysisError:
    """There is more than is read."""
    return AnalysisError(f"the origin sends more than {most:,} bytes, which is the most that is read", "too-large")


def unreadable_coding(coding: str) -> AnalysisError:
    """The content is compressed in a way that was not asked for, or badly."""
    return AnalysisError(f"the origin sends it compressed as {coding[:40]!r}, and it cannot be read", "coding")


def busy(reason: str) -> AnalysisError:
    """Its turn does not come in time."""
    return AnalysisError(reason, BUSY, may_pass=True)
