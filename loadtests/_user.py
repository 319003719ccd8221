"""The user that all scenarios build on: an open model, answers that are checked, latency from the intended start.

A closed user waits for a slow answer before it asks again, and so never sees what its absence would have cost
("coordinated omission"). An open one has its arrivals drawn ahead: each request starts in a greenlet of its
own when it is due, whatever became of the others, and its latency counts from then.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from random import Random
from typing import Any, ClassVar

import gevent
import locust
from locust import FastHttpUser, task
from locust.exception import StopUser

from loadtests import _outcomes as outcomes
from loadtests import _run
from loadtests._alarm import Alarm
from loadtests._course import Course
from loadtests._exchange import Exchange, WrongAnswerError
from loadtests._generator import generator_of
from loadtests._plan import Payloads
from loadtests._tally import Arrival, Ended
from slo.record import OK

_HEADERS = {"Content-Type": "application/json", "Accept": "application/json", "Accept-Encoding": "identity"}
_LONGEST_NAP_SECONDS = 1.0


class AnalysisUser(FastHttpUser):
    """Sends one workload's requests as the run's course has them due.

    A scenario gives ``route`` and `exchanges`; its workload is called after its file.
    """

    abstract = True
    host = os.environ.get("HOST", "")
    concurrency = 1_000_000
    """Connections: the course bounds the requests under way, and a request must never wait for another's."""

    workload: ClassVar[str]
    route: ClassVar[str]

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "workload" not in cls.__dict__:
            cls.workload = cls.__module__.rpartition(".")[2]

    def __init__(self, environment: locust.env.Environment) -> None:
        super().__init__(environment)
        agent: Any = self.client.client
        agent.redirect_response_codes = frozenset()
        self._http: Any = self.client
        self._under_way = 0

    def on_start(self) -> None:
        """Where Locust's tags took the task away, wait for the end of the run, which is refused for it."""
        while not self.tasks:
            gevent.sleep(_LONGEST_NAP_SECONDS)

    def exchanges(self, payloads: Payloads, random: Random) -> Iterator[Exchange]:
        """Requests without end, drawn from ``random`` alone; building the next one is not part of a latency."""
        raise NotImplementedError

    @task
    def follow(self) -> None:
        """Go through a whole run."""
        course = generator_of(self.environment).course()
        serial = course.enlist(self.workload)
        try:
            course.started.wait()
            exchanges = self.exchanges(course.payloads, course.random(self.workload, serial, "payloads"))
            if course.plan is not None and course.plan.arrivals == "closed":
                self._follow_closed(course, course.pauses(self.workload, serial), exchanges)
            else:
                with Alarm() as alarm:
                    self._follow_open(course, course.schedule(self.workload, serial), exchanges, alarm)
        finally:
            course.dismiss(self)
        while not course.halted:
            gevent.sleep(_LONGEST_NAP_SECONDS)
        raise StopUser

    def _follow_open(
        self, course: Course, schedule: Iterator[Arrival], exchanges: Iterator[Exchange], alarm: Alarm
    ) -> None:
        for arrival in schedule:
            course.tally.await_arrival(self, arrival)
            exchange = next(exchanges)
            _sleep_until(course, arrival.moment, alarm.sleep)
            if course.halted:
                return
            if self._under_way >= course.in_flight:
                course.tally.drop(arrival)
                continue
            course.tally.arrive(arrival)
            self._under_way += 1
            gevent.spawn(self._send, course, arrival, exchange)

    def _follow_closed(self, course: Course, pauses: Iterator[float], exchanges: Iterator[Exchange]) -> None:
        for pause in pauses:
            _sleep_until(course, max(course.now, 0.0) + pause, gevent.sleep)
            arrival = course.arrival_now()
            if course.halted or arrival is None:
                return
            course.tally.arrive(arrival)
            self._under_way += 1
            # Its own greenlet, as in the open model, so that stopping the user does not cut the request off.
            gevent.spawn(self._send, course, arrival, next(exchanges)).join()

    def _send(self, course: Course, arrival: Arrival, exchange: Exchange) -> None:
        begun = course.now
        course.tally.start(arrival, begun - arrival.moment)
        outcome, ended, received = outcomes.GENERATOR_ERROR, begun, 0
        try:
            with (
                gevent.Timeout(course.timeout),
                self._http.request(
                    "POST", self.route, data=exchange.body, headers=_HEADERS, catch_response=True
                ) as answer,
            ):
                ended = course.now
                received = int(answer.request_meta["response_length"])
                outcome, problem = _judged(answer, exchange)
                answer.request_meta["response_time"] = (ended - arrival.moment) * 1000.0
                if problem:
                    answer.failure(problem)
        except (Exception, gevent.Timeout) as error:
            course.complain(f"{self.route}: {error!r}")
        finally:
            self._under_way -= 1
            course.tally.end(
                arrival,
                Ended(
                    workload=self.workload,
                    route=self.route,
                    outcome=outcome,
                    latency=ended - arrival.moment,
                    service=ended - begun,
                    items=exchange.items,
                    request_bytes=len(exchange.body),
                    response_bytes=received,
                ),
            )


def _judged(answer: Any, exchange: Exchange) -> tuple[str, str]:
    """The outcome of a request, and what Locust's table of failures shows for it."""
    error = answer.request_meta["exception"]
    status = answer.status_code
    if status == 0 or (error is not None and status == 200):
        name = outcomes.of_error(error)
        return name, name
    if status != 200:
        name = outcomes.of_status(status)
        return name, name
    try:
        exchange.check(answer.content or b"")
    except WrongAnswerError as wrong:
        return outcomes.WRONG_ANSWER, f"{outcomes.WRONG_ANSWER}: {wrong}"
    return OK, ""


def _sleep_until(course: Course, moment: float, sleep: Callable[[float], None]) -> None:
    """Let others run until ``moment``, or until the course is halted; at least once, however late it is."""
    while not course.halted:
        wait = moment - course.now
        sleep(min(max(wait, 0.0), _LONGEST_NAP_SECONDS))
        if wait <= _LONGEST_NAP_SECONDS:
            return


_run.attach(locust.events)
