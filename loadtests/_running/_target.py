"""What the target says of itself: whether it is there, which version it is, and its own counters."""

from __future__ import annotations

import http.client
import re
from urllib.parse import urlsplit

import msgspec

from slo.record import TargetFacts

_SECONDS = 5.0
_LARGEST_BYTES = 16_777_216


class UnreachableTargetError(Exception):
    """Nothing answers at the target's address; the message says so in one sentence."""


class _Health(msgspec.Struct, frozen=True):
    """The part of ``GET /health`` that a record keeps; the target may say more."""

    version: str = ""
    environment: str = ""
    workers: int = 0


def checked_address(url: str | None) -> str:
    """``url`` without a slash at its end; raises `UnreachableTargetError` when it cannot be one."""
    if not url:
        raise UnreachableTargetError("no target: say it with --host or the environment variable HOST")
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        raise UnreachableTargetError(f"the target {url!r} is no http:// or https:// address")
    return url.rstrip("/")


def facts(url: str) -> TargetFacts:
    """Who answers at ``url``; raises `UnreachableTargetError`. Any HTTP answer means that somebody is there."""
    try:
        status, body = _get(url, "/health")
    except (OSError, http.client.HTTPException) as error:
        raise UnreachableTargetError(f"the target {url} cannot be reached: {reason(error)}") from error
    health = _Health()
    if status == http.client.OK:
        try:
            health = msgspec.json.decode(body, type=_Health)
        except (msgspec.DecodeError, UnicodeDecodeError):
            health = _Health()
    return TargetFacts(url=url, version=health.version, environment=health.environment, workers=health.workers)


def samples(url: str) -> dict[str, float]:
    """The series of ``GET /metrics``; empty where the target has none to give."""
    try:
        status, body = _get(url, "/metrics")
    except (OSError, http.client.HTTPException):
        return {}
    return parse_metrics(body.decode("utf-8", "replace")) if status == http.client.OK else {}


_SERIES = re.compile(r"^(?P<series>[A-Za-z_:][\w:]*(?:\{.*\})?)\s+(?P<value>\S+)(?:\s+-?\d+)?(?:\s+#.*)?$")


def parse_metrics(text: str) -> dict[str, float]:
    """Prometheus text to series and values; comments, timestamps, exemplars and what is no series are left out.

    Source: the text exposition format 0.0.4 and OpenMetrics 1.0. Values that are no number of JSON are left out too.
    """
    found: dict[str, float] = {}
    for line in text.splitlines():
        if match := _SERIES.match(line.strip()):
            try:
                value = float(match["value"])
            except ValueError:
                continue
            if abs(value) < float("inf"):
                found[match["series"]] = value
    return found


def reason(error: BaseException) -> str:
    """An error of the network in few words."""
    text = getattr(error, "strerror", None) or str(error)
    return text or type(error).__name__


def _get(url: str, path: str) -> tuple[int, bytes]:
    parts = urlsplit(url)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind(parts.hostname or "", parts.port, timeout=_SECONDS)
    try:
        connection.request("GET", parts.path.rstrip("/") + path)
        answer = connection.getresponse()
        return answer.status, answer.read(_LARGEST_BYTES)
    finally:
        connection.close()
