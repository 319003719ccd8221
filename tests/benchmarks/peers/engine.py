"""What all forms have in common: the analysis engine, and what they are told by their environment."""

from __future__ import annotations

import hmac
import os
from collections.abc import Sequence
from hashlib import sha256

from service.workloads.comments.analysis import analysed
from service.workloads.comments.messages import Analysis
from service.workloads.comments.model import shipped

PATH = "/v1/comments"
BODY_BYTES = 8 * 1_048_576
REQUEST_ID = "x-request-id"
REDIS_URL = os.environ.get("PEER_REDIS_URL", "redis://127.0.0.1:6379")
LIMITS_URL = os.environ.get("PEER_LIMITS_URL", REDIS_URL.replace("unix://", "redis+unix://"))
"""Where the usual form counts requests: a Redis server, or ``memory://``."""
ONE_AT_A_TIME = os.environ.get("PEER_ENGINE") == "one-at-a-time"
"""Whether the usual form calls the engine for each comment, as many programs do, or once for all of a request."""
MOST_CONNECTIONS = 1_000
"""To Redis; the client's own limit of 100 turns a burst of requests into errors."""
KEY_PREFIX = os.environ.get("PEER_KEY_PREFIX", "peer")
"""Begin of every key in Redis, as all forms share one server."""
KEY_DIGESTS = tuple(os.environ.get("PEER_KEY_DIGESTS", "").split())
"""SHA-256 of every valid API key, in hexadecimal digits."""
REQUESTS_A_SECOND = 1_000_000
"""What every limiter allows: each is on, and none ever refuses."""
KEPT_SECONDS = 3600
"""How long every cache keeps an answer."""
MOST_KEPT = 20_000
"""Answers that a cache in memory keeps, where it can be told."""


def analyse(texts: Sequence[str]) -> list[Analysis]:
    """The fast path of the service, with the model it ships."""
    if ONE_AT_A_TIME:
        return [analysed([text], "fast", shipped())[0] for text in texts]
    return analysed(texts, "fast", shipped())


def is_known(key: str) -> bool:
    """Whether ``key`` is among the valid ones, in a time that does not depend on how nearly it is."""
    digest = sha256(key.encode()).hexdigest()
    return max((hmac.compare_digest(digest, known) for known in KEY_DIGESTS), default=False)


def token(authorization: str) -> str:
    """The key in a header ``Authorization: Bearer KEY``."""
    scheme, _, key = authorization.partition(" ")
    return key if scheme.lower() == "bearer" else ""
