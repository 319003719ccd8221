"""The forms of the endpoint that are measured, and how each is served: one worker, no access log."""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import msgspec

from tests.benchmarks.peers import engine

ROOT = Path(__file__).resolve().parents[3]
OURS = "loadstone"
USUAL, TUNED, FURTHER, STRIPPED = "usual", "tuned", "tuned further", "stripped"
LITESTAR, CEILING = "litestar", "raw"
CACHED, UNCACHED, BULK = "cached", "uncached", "bulk"
_SECRET = secrets.token_hex(32)
"""Under which our form keeps its keys, for as long as this process lives."""

_GRANIAN = (
    *("-m", "granian", "--interface", "asgi", "--http", "1", "--loop", "uvloop", "--workers", "1", "--no-ws"),
    *("--http1-header-read-timeout", "5000", "--log-level", "warning", "--no-access-log"),
)
_UVICORN = ("-m", "uvicorn", "--loop", "uvloop", "--http", "httptools", "--no-access-log", "--log-level", "warning")


class Behind(msgspec.Struct, frozen=True):
    """The servers behind all forms."""

    postgres: str
    redis: str


class Form(msgspec.Struct, frozen=True, kw_only=True):
    """One way to write the endpoint."""

    name: str
    describes: str
    command: Callable[[int], list[str]]
    """The command line for a port."""
    variables: Callable[[Behind, int, str], Mapping[str, str]]
    """What its environment adds, for a port and the SHA-256 of the API key."""
    key: Callable[[Behind], str] = lambda behind: secrets.token_urlsafe(48)
    """Makes the API key that its requests carry."""
    scenarios: tuple[str, ...] = (CACHED, UNCACHED, BULK)
    paced: bool = True
    """Whether its latency at a given rate is measured too."""
    analyses: bool = True
    """Whether its answers depend on what it is asked."""


def _uvicorn(app: str) -> Callable[[int], list[str]]:
    return lambda port: [sys.executable, *_UVICORN, "--port", str(port), f"tests.benchmarks.peers.{app}:app"]


def _granian(app: str) -> Callable[[int], list[str]]:
    return lambda port: [sys.executable, *_GRANIAN, "--port", str(port), f"tests.benchmarks.peers.{app}:app"]


def _peer(prefix: str, **more: str) -> Callable[[Behind, int, str], Mapping[str, str]]:
    return lambda behind, port, digest: {
        "PEER_REDIS_URL": behind.redis,
        "PEER_KEY_DIGESTS": digest,
        "PEER_KEY_PREFIX": prefix,
        "PYTHONPATH": str(ROOT),
        **more,
    }


def _ours(behind: Behind, port: int, digest: str) -> Mapping[str, str]:
    return {
        **_our_place(behind),
        "LOADSTONE_HOST": "127.0.0.1",
        "LOADSTONE_PORT": str(port),
        "LOADSTONE_WORKERS": "1",
        "LOADSTONE_ACCESS_LOG": "off",
        "LOADSTONE_RATE_LIMIT": f"{engine.REQUESTS_A_SECOND}/s",
        "LOADSTONE_DRAIN_SECONDS": "0",
    }


def _our_place(behind: Behind) -> Mapping[str, str]:
    return {
        "LOADSTONE_ENVIRONMENT": "production",
        "LOADSTONE_KEY_SECRET": _SECRET,
        "DATABASE_URL": behind.postgres,
        "REDIS_URL": behind.redis,
    }


def _our_key(behind: Behind) -> str:
    """A key made as an administrator makes it."""
    environment = {**os.environ, **_our_place(behind)}
    create = ("keys", "create", "--tenant", "peers", "--name", "peers", "--quiet")
    for command in (("migrate",), create):
        done = subprocess.run(
            [sys.executable, "-m", "service", *command],
            cwd=ROOT,
            env=environment,
            capture_output=True,
            text=True,
            check=True,
        )
    return done.stdout.strip()


FORMS: tuple[Form, ...] = (
    Form(
        name=USUAL,
        describes="FastAPI, uvicorn, Pydantic, Redis cache, slowapi counting in Redis, prometheus instrumentator",
        command=_uvicorn("usual"),
        variables=_peer("usual", PEER_ENGINE="one-at-a-time"),
    ),
    Form(
        name="usual, limits in memory",
        describes="the same, slowapi counting in the process, which several workers cannot share",
        command=_uvicorn("usual"),
        variables=_peer("usual-memory", PEER_ENGINE="one-at-a-time", PEER_LIMITS_URL="memory://"),
    ),
    Form(
        name="usual, one engine call",
        describes="the same as usual, the engine called once for all comments of a request",
        command=_uvicorn("usual"),
        variables=_peer("usual-together"),
        scenarios=(BULK,),
        paced=False,
    ),
    Form(
        name=TUNED,
        describes="the same on Granian, answers in memory before Redis, made by msgspec, limits in memory",
        command=_granian("tuned"),
        variables=_peer("tuned"),
    ),
    Form(
        name=FURTHER,
        describes="these four, and plain ASGI in place of the HTTP middleware, remembered keys, Redis written behind",
        command=_granian("tuned_further"),
        variables=_peer("further"),
    ),
    Form(
        name=STRIPPED,
        describes="FastAPI on Granian as a router and no more: bytes in, bytes out, no dependency, no model",
        command=_granian("stripped"),
        variables=_peer("stripped"),
    ),
    Form(
        name=LITESTAR,
        describes="plain Litestar on Granian, its own limiter, metrics, compression and memory store",
        command=_granian("plain_litestar"),
        variables=_peer("litestar"),
    ),
    Form(
        name=CEILING,
        describes="an ASGI function on Granian that answers constant bytes, without any duty",
        command=_granian("ceiling"),
        variables=_peer("raw"),
        scenarios=(CACHED,),
        paced=False,
        analyses=False,
    ),
    Form(
        name=OURS,
        describes="the service as in production: keys, rate limit and all other duties on",
        command=lambda port: [sys.executable, "-m", "service", "serve"],
        variables=_ours,
        key=_our_key,
    ),
)
