"""The user that all scenarios build on: an open model, answers that are checked, latency from the intended start.

A closed user waits for a slow answer before it asks again, and so never sees what its absence would have cost
("coordinated omission"). An open one has its arrivals drawn ahead: each request goes out when it is due, whatever
became of the others, and its latency counts from then.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from random import Random
from typing import Any, ClassVar

import gevent
import locust
from gevent.event import Event
from locust import User, task
from locust.exception import CatchResponseError, StopTest, StopUser

from loadtests._alarm import Alarm
from loadtests._exchange import Exchange
from loadtests._planning._plan import Payloads
from loadtests._running import _run
from loadtests._running._course import Course
from loadtests._running._generator import generator_of
from loadtests._running._tally import Arrival
from loadtests._running._turns import SIDES, Side, Turns
from loadtests._sender import METHOD, Sender, Told

_HEADERS = {"Content-Type": "application/json", "Accept": "application/json"}
_LONGEST_NAP_SECONDS = 1.0


class AnalysisUser(User):
    """Sends one workload's requests as the run's course has them due.

    A scenario gives ``route`` and `exchanges`; its workload is called after its file.
    """

    abstract = True
    host = os.environ.get("HOST", "")
    accepted_codings: ClassVar[str] = "identity"
    """The ``Accept-Encoding``: as most machines ask, so that inflating answers costs the generator nothing."""
    headers: ClassVar[Mapping[str, str]] = {}
    """Sent with every request, beside those that JSON and the API key need."""

    workload: ClassVar[str]
    route: ClassVar[str]

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "workload" not in cls.__dict__:
            cls.workload = cls.__module__.rpartition(".")[2]

    def __init__(self, environment: locust.env.Environment) -> None:
        super().__init__(environment)
        self._interruption: BaseException | None = None
        self._urls_of: dict[Side, str] = {}

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
            self._take_part(course, serial)
        finally:
            course.dismiss(self)
        while not course.halted:
            gevent.sleep(_LONGEST_NAP_SECONDS)
        raise StopUser

    def _take_part(self, course: Course, serial: int) -> None:
        exchanges = self.exchanges(course.payloads, course.random(self.workload, serial, "payloads"))
        turns = course.turns(self.workload, serial, exchanges)
        urls = self._urls(course.base)
        self._urls_of = urls
        sender = Sender(
            course,
            urls=urls,
            workload=self.workload,
            route=self.route,
            headers=self._headers(course.api_key),
            tell=self._tell,
        )
        try:
            if course.plan is not None and course.plan.arrivals == "closed":
                self._follow_closed(course, course.pauses(self.workload, serial), turns, sender)
            else:
                with Alarm() as alarm:
                    schedule = course.schedule(self.workload, serial)
                    self._follow_open(course, schedule, turns, sender, alarm)
        finally:
            sender.close()

    def _follow_open(
        self, course: Course, schedule: Iterator[Arrival], turns: Turns, sender: Sender, alarm: Alarm
    ) -> None:
        for arrival in schedule:
            course.tally.await_arrival(self, arrival)
            exchange, side = turns.next(arrival.stage)
            self._sleep_until(course, arrival.moment, alarm.sleep)
            if course.halted:
                return
            if sender.under_way < course.in_flight:
                sender.send(arrival, exchange, side)
            else:
                course.tally.drop(arrival)
                turns.give_back()

    def _follow_closed(self, course: Course, pauses: Iterator[float], turns: Turns, sender: Sender) -> None:
        ended = Event()
        for pause in pauses:
            self._sleep_until(course, max(course.now, 0.0) + pause, gevent.sleep)
            arrival = course.arrival_now()
            if course.halted or arrival is None:
                return
            ended.clear()
            exchange, side = turns.next(arrival.stage)
            sender.send(arrival, exchange, side, ended.set)
            ended.wait()

    def _sleep_until(self, course: Course, moment: float, sleep: Callable[[float], None]) -> None:
        """Let others run until ``moment``, or until the course is halted; at least once, however late it is."""
        while not course.halted:
            wait = moment - course.now
            sleep(min(max(wait, 0.0), _LONGEST_NAP_SECONDS))
            if self._interruption is not None:
                raise self._interruption
            if wait <= _LONGEST_NAP_SECONDS:
                return

    def _urls(self, base: str) -> dict[Side, str]:
        """Whom there is to send to: the host alone, or in a duel both sides, of which it is the head."""
        return dict(zip(SIDES, (base, self.host), strict=True)) if base else {"": self.host}

    def _headers(self, api_key: str) -> dict[str, str]:
        key = {"Authorization": f"Bearer {api_key}"} if api_key else {}
        return {**_HEADERS, "Accept-Encoding": self.accepted_codings, **key, **self.headers}

    def _tell(self, told: Told) -> None:
        """Fire Locust's own event, which feeds its statistics, its web interface and everybody's listeners."""
        route = self.route + told.door
        name = f"{route} [{told.side}]" if told.side else route
        url = f"{self._urls_of[told.side].rstrip('/')}{route}"
        try:
            self.environment.events.request.fire(
                request_type=METHOD,
                name=name,
                response_time=told.latency * 1000.0,
                response_length=len(told.answer.content),
                response=told.answer,
                context=self.context(),
                exception=CatchResponseError(told.problem) if told.problem else None,
                start_time=told.started_at,
                url=url,
            )
        except (StopUser, StopTest) as interruption:
            self._interruption = interruption


_run.attach(locust.events)
