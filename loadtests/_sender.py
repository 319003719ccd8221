"""What becomes of one user's requests in one run: sent, answered, judged, counted, told."""

from __future__ import annotations

import ssl
import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import NamedTuple

import gevent

from loadtests import _outcomes as outcomes
from loadtests._exchange import Exchange, Follow, WrongAnswerError
from loadtests._http._address import ElsewhereError, address_of, request_of
from loadtests._http._answers import Answer
from loadtests._http._client import Client, Request
from loadtests._http._crew import Crew
from loadtests._later import PREFERENCE, JobFailedError
from loadtests._running._course import Course
from loadtests._running._tally import Arrival, Ended
from loadtests._running._turns import Side
from slo.record import OK

METHOD = "POST"
_FOUND = 200
_NOTHING = Answer(0, {}, b"")
_EXPLAINED = (WrongAnswerError, JobFailedError, ElsewhereError, ssl.SSLError)
"""Errors whose message says more than the outcome's name, and is the same each time."""


class Told(NamedTuple):
    """One request that ended, for Locust."""

    started_at: float
    """When it was due, in seconds since 1970."""
    latency: float
    """Seconds from then to the end of its answer."""
    answer: Answer
    """With status 0 where there was none."""
    problem: str
    """Empty when the answer was right."""
    side: Side
    door: str
    """Of the exchange."""


class _Lane:
    """The way to one target: connections, and heads of requests that are the same each time."""

    __slots__ = ("_headers", "_heads", "client", "head_later", "path", "side")

    def __init__(self, side: Side, client: Client, route: str, headers: Mapping[str, str]) -> None:
        self.side = side
        self.client = client
        self.path = client.address.prefix + route
        self.head_later = client.address.head(METHOD, self.path, {**headers, **PREFERENCE})
        self._headers = headers
        self._heads: dict[str, bytes] = {}

    def head(self, door: str) -> bytes:
        """That of requests to ``door``."""
        head = self._heads.get(door)
        if head is None:
            head = self._heads[door] = self.client.address.head(METHOD, self.path + door, self._headers)
        return head


class Sender:
    """Sends the exchanges of ``workload`` to ``route`` below one of ``urls``, which are named by their sides.

    Each request has ``headers``, and ``tell`` hears how it ended.
    """

    def __init__(
        self,
        course: Course,
        *,
        urls: Mapping[Side, str],
        workload: str,
        route: str,
        headers: Mapping[str, str],
        tell: Callable[[Told], None],
    ) -> None:
        self.under_way = 0
        self._course = course
        self._workload = workload
        self._route = route
        self._tell = tell
        self._crew = Crew()
        self._headers = headers
        self._lanes = {side: _Lane(side, self._client(url), route, headers) for side, url in urls.items()}
        self._epoch = time.time() - course.now

    def send(self, arrival: Arrival, exchange: Exchange, side: Side, ended: Callable[[], object] | None = None) -> None:
        """Send what is due, at once; ``ended`` is called when all is over. This greenlet goes on without a switch."""
        self.under_way += 1
        lane = self._lanes[side]
        tally = self._course.tally
        tally.arrive(arrival)
        if exchange.follow is not None:
            self._crew.hand(self._come_back, (lane, arrival, exchange, exchange.follow, ended))
            return
        request = lane.client.send(
            request_of(lane.head(exchange.door), exchange.body), partial(self._answered, lane, arrival, exchange, ended)
        )
        tally.start(arrival, request.begun_at - arrival.moment)

    def close(self) -> None:
        """Send nothing more; what is under way may end."""
        for lane in self._lanes.values():
            lane.client.close()
        self._crew.dismiss()

    def _client(self, url: str) -> Client:
        course = self._course
        return Client(address_of(url), timeout=course.timeout, clock=lambda: course.now, crew=self._crew)

    def _answered(
        self, lane: _Lane, arrival: Arrival, exchange: Exchange, ended: Callable[[], object] | None, request: Request
    ) -> None:
        service = request.ended_at - request.begun_at
        self._conclude(lane, arrival, exchange, request.ended_at, service, request.answer, request.error)
        if ended is not None:
            ended()

    def _come_back(self, errand: tuple[_Lane, Arrival, Exchange, Follow, Callable[[], object] | None]) -> None:
        """Have a request answered later, and wait for that; one deadline holds over all of it."""
        lane, arrival, exchange, follow, ended = errand
        course = self._course
        begun_at = course.now
        course.tally.start(arrival, begun_at - arrival.moment)
        answer: Answer | None = None
        failure: Exception | None = None
        try:
            with gevent.Timeout(course.timeout, TimeoutError("no answer in time")):
                accepted = lane.client.ask(request_of(lane.head_later, exchange.body))
                answer = follow(accepted, partial(self._find, lane), gevent.sleep)
        except Exception as error:
            failure = error
        ended_at = course.now
        self._conclude(lane, arrival, exchange, ended_at, ended_at - begun_at, answer, failure)
        if ended is not None:
            ended()

    def _find(self, lane: _Lane, location: str) -> Answer:
        address = lane.client.address
        return lane.client.ask(address.head("GET", address.place(lane.path, location), self._headers) + b"\r\n")

    def _conclude(
        self,
        lane: _Lane,
        arrival: Arrival,
        exchange: Exchange,
        ended_at: float,
        service: float,
        answer: Answer | None,
        error: Exception | None,
    ) -> None:
        outcome, problem = self._judged(exchange, answer, error)
        latency = ended_at - arrival.moment
        received = 0 if answer is None else len(answer.content)
        self.under_way -= 1
        self._course.tally.end(
            arrival,
            Ended(
                self._workload,
                self._route + exchange.door,
                outcome,
                latency,
                service,
                exchange.items,
                len(exchange.body),
                received,
                lane.side,
            ),
        )
        self._tell(Told(self._epoch + arrival.moment, latency, answer or _NOTHING, problem, lane.side, exchange.door))

    def _judged(self, exchange: Exchange, answer: Answer | None, error: Exception | None) -> tuple[str, str]:
        """The outcome, and what Locust's table of failures shows for it."""
        if answer is not None and error is None:
            if answer.status_code != _FOUND:
                return _of_status(answer)
            try:
                exchange.check(answer.content)
            except Exception as raised:
                error = raised
            else:
                return OK, ""
        outcome = outcomes.GENERATOR_ERROR if error is None else outcomes.of_error(error)
        if outcome == outcomes.GENERATOR_ERROR:
            self._course.complain(f"{self._route}{exchange.door}: {error!r}")
        return outcome, f"{outcome}: {error}" if isinstance(error, _EXPLAINED) else outcome


def _of_status(answer: Answer) -> tuple[str, str]:
    outcome = outcomes.of_status(answer.status_code)
    if outcome == outcomes.REDIRECTED:
        place = answer.fields.get(b"location", b"").decode("latin-1")
        return outcome, f"{outcome}: {answer.status_code} to {place}"
    return outcome, outcome
