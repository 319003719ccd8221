"""Brings the target's cache into the state that a plan wants it in, before the judged part begins."""

from __future__ import annotations

import http.client
import logging
import time
from collections.abc import Callable
from typing import Self
from urllib.parse import urlsplit

import msgspec

from loadtests import _workloads
from loadtests._exchange import Exchange, WrongAnswerError
from loadtests._planning._plan import Plan
from loadtests._running import _target
from loadtests._running._target import UnreachableTargetError

INVALIDATIONS_ROUTE = "/v1/cache/invalidations"
ROUNDS_PER_WORKER = 6
"""How often what is known is sent per worker of the target, on a connection of its own each: who takes a connection is
chance, and each of W workers misses all 6·W with (1 - 1/W)⁶ᵂ, less than 0.3 %."""
MOST_ROUNDS = 96

_SECONDS = 60.0
_LARGEST_BYTES = 16_777_216
_NO_ROOM = (429, 503)
_ATTEMPTS = 5
_LONGEST_WAIT_SECONDS = 5.0

logger = logging.getLogger(__name__)


class CacheRefusedError(Exception):
    """The target's cache is not as the plan wants it; the message says why in one sentence."""


class _Unreached(msgspec.Struct, frozen=True):
    where: str
    reason: str


class _Forgotten(msgspec.Struct, frozen=True):
    """As much of the answer to an invalidation as matters here."""

    unreached: tuple[_Unreached, ...] = ()


class _Problem(msgspec.Struct, frozen=True):
    title: str = ""
    detail: str = ""


def prepare(plan: Plan, url: str, key: str = "", *, sleep: Callable[[float], object] = time.sleep) -> None:
    """Empty or fill the cache of the target at ``url``, as ``plan`` says; ``key`` is the API key to show.

    Raises `CacheRefusedError` or `UnreachableTargetError`.
    """
    if plan.cache == "cold":
        empty(plan, url, key)
    elif plan.cache == "warm":
        _fill(plan, url, key, sleep)


def empty(plan: Plan, url: str, key: str = "") -> None:
    """For a plan with a cold cache, have the target forget what it knows of the plan's workloads; else nothing.

    To be done again when the warm-up has ended, which is there for connections and code, not for the cache.
    """
    if plan.cache != "cold":
        return
    with _Caller(url, key) as caller:
        for workload in plan.mix:
            body = msgspec.json.encode({"workload": workload})
            status, answer = caller.ask("POST", INVALIDATIONS_ROUTE, body)
            if status != http.client.OK:
                raise CacheRefusedError(f"the cache of {url} cannot be emptied: {_reason(status, answer)}")
            if unreached := _forgotten(answer).unreached:
                places = ", ".join(f"{place.where} ({place.reason})" for place in unreached)
                raise CacheRefusedError(f"the cache of {url} was not emptied everywhere: not reached: {places}")
    logger.info("the cache of %s is empty", url)


def _fill(plan: Plan, url: str, key: str, sleep: Callable[[float], object]) -> None:
    rounds = _rounds(url)
    for number in range(1, rounds + 1):
        logger.info("warming the cache of %s, round %d of %d", url, number, rounds)
        with _Caller(url, key) as caller:
            for workload in plan.mix:
                module = _workloads.payloads_of(workload)
                for exchange in module.known(plan.payloads.of(workload, module.Payloads)):
                    _send(caller, workload, exchange, sleep)


def _rounds(url: str) -> int:
    workers = max(_target.facts(url).workers, 1)
    return 1 if workers == 1 else min(ROUNDS_PER_WORKER * workers, MOST_ROUNDS)


def _send(caller: _Caller, workload: str, exchange: Exchange, sleep: Callable[[float], object]) -> None:
    for attempt in range(_ATTEMPTS):
        status, answer = caller.ask("POST", f"/v1/{workload}{exchange.door}", exchange.body)
        if status not in _NO_ROOM:
            break
        sleep(min(2.0**attempt / 4.0, _LONGEST_WAIT_SECONDS))
    if status != http.client.OK:
        raise CacheRefusedError(f"the cache of {caller.url} cannot be warmed: {_reason(status, answer)}")
    try:
        exchange.check(answer)
    except WrongAnswerError as wrong:
        raise CacheRefusedError(f"{caller.url} answers wrongly while its cache is warmed: {wrong}") from wrong


class _Caller:
    """One connection to the target."""

    def __init__(self, url: str, key: str) -> None:
        parts = urlsplit(url)
        kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        self.url = url
        self._connection = kind(parts.hostname or "", parts.port, timeout=_SECONDS)
        self._path = parts.path.rstrip("/")
        self._headers = {"Content-Type": "application/json", "Accept": "application/json"}
        if key:
            self._headers["Authorization"] = f"Bearer {key}"

    def ask(self, method: str, path: str, body: bytes) -> tuple[int, bytes]:
        """Status and body of the answer."""
        try:
            self._connection.request(method, self._path + path, body, self._headers)
            answer = self._connection.getresponse()
            return answer.status, answer.read(_LARGEST_BYTES)
        except (OSError, http.client.HTTPException) as error:
            raise UnreachableTargetError(f"the target {self.url} cannot be reached: {_target.reason(error)}") from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()


def _reason(status: int, answer: bytes) -> str:
    """Why the target said no, in its own words where it has any."""
    try:
        problem = msgspec.json.decode(answer, type=_Problem)
    except msgspec.MsgspecError:
        problem = _Problem()
    words = problem.detail or problem.title
    return f"it answers {status}" + (f", {words}" if words else "")


def _forgotten(answer: bytes) -> _Forgotten:
    try:
        return msgspec.json.decode(answer, type=_Forgotten)
    except msgspec.MsgspecError as error:
        raise CacheRefusedError("the target answers something else: is it a Loadstone service?") from error
