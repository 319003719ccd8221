"""The generator's end of the messages: prepares, starts and halts a run's course, and reports every second."""

from __future__ import annotations

import gc
import math
from typing import Any
from weakref import WeakKeyDictionary

import gevent
from gevent.event import Event
from locust.env import Environment
from locust.exception import RPCError

from loadtests import _messages as messages
from loadtests._course import Course, course_of
from loadtests._ledger import FOREVER, Report
from loadtests._machine import Meter
from loadtests._messages import BEGIN, GO, HALT, REPORT
from slo.record import Cell, Pulse

_POLL_SECONDS = 0.1
_GRACE_SECONDS = 5.0


class Generator:
    """One per process that runs users."""

    def __init__(self, runner: Any) -> None:
        self._runner = runner
        self._course: Course | None = None
        self._begun = Event()
        self._reporter: gevent.Greenlet[..., None] | None = None
        runner.register_message(BEGIN, self._begin)
        runner.register_message(GO, self._go)
        runner.register_message(HALT, self._halt)

    def course(self) -> Course:
        """The present run; waits until there is one."""
        while self._course is None:
            self._begun.wait()
        return self._course

    def stop(self, **_: Any) -> None:
        """Halt the run, if there is one, and wait until its last request has ended and is reported."""
        if self._course is not None and self._reporter is not None:
            self._course.halt()
            self._reporter.join(timeout=self._course.timeout + _GRACE_SECONDS)

    def interrupt(self) -> bool:
        """Somebody wants this process to end; whether there was a run to end."""
        if self._course is None:
            return False
        self.stop()
        return True

    def _begin(self, environment: Environment, msg: Any, **_: Any) -> None:
        self._course = course_of(messages.begin_of(msg.data))
        # What is loaded stays loaded: the collector need not walk through it in the middle of a measurement.
        gc.collect()
        gc.freeze()
        self._reporter = gevent.spawn(self._report, self._course)
        self._begun.set()

    def _go(self, environment: Environment, msg: Any, **_: Any) -> None:
        if self._course is not None:
            self._course.start(messages.go_of(msg.data))

    def _halt(self, environment: Environment, msg: Any, **_: Any) -> None:
        if self._course is not None:
            self._course.halt()

    def _report(self, course: Course) -> None:
        course.started.wait()
        meter, beaten = Meter(), 0
        cells: list[Cell] = []
        pulses: list[Pulse] = []
        last = False
        while not last:
            gevent.sleep(_POLL_SECONDS)
            last = course.over
            passed = course.now
            planned = min(passed, course.seconds)
            seconds = range(beaten, math.ceil(planned) if last else int(planned))
            if not last and int(passed) <= beaten:
                continue
            if seconds:
                cpu, steal = meter.read()
                for second in seconds:
                    course.tally.beat(second, cpu=cpu, steal=steal)
                beaten = seconds.stop
            settled = FOREVER if last else course.tally.settled(passed)
            more_cells, more_pulses = course.tally.take(settled)
            cells.extend(more_cells)
            pulses.extend(more_pulses)
            if self._sent(Report(generator=course.tally.generator, settled=settled, cells=cells, pulses=pulses)):
                cells, pulses = [], []
            else:
                last = False
        if self._course is course:
            self._begun.clear()
            self._course = None

    def _sent(self, report: Report) -> bool:
        """Whether ``report`` went out; what did not is sent again with the next one."""
        try:
            self._runner.send_message(REPORT, messages.packed(report))
        except RPCError:
            return False
        return True


_generators: WeakKeyDictionary[Environment, Generator] = WeakKeyDictionary()


def install(environment: Environment, runner: Any) -> Generator:
    """Make this process a generator."""
    generator = _generators[environment] = Generator(runner)
    return generator


def generator_of(environment: Environment) -> Generator:
    """The generator that the users of ``environment`` belong to."""
    return _generators[environment]
