"""The generator's end of the messages: prepares, starts and halts a run's course, and reports every second."""

from __future__ import annotations

import gc
import logging
import math
import time
from typing import Any
from weakref import WeakKeyDictionary

import gevent
from gevent.event import Event
from locust.env import Environment
from locust.exception import RPCError

from loadtests._running import _messages as messages
from loadtests._running._course import Course, course_of
from loadtests._running._ledger import FOREVER, Report
from loadtests._running._machine import Meter
from loadtests._running._messages import ASK, BEGIN, GO, HALT, REPORT, SHOWN, Shown, UnreadableMessageError
from slo.record import Cell, Pulse

_POLL_SECONDS = 0.1
_GRACE_SECONDS = 5.0
_SILENCE_SECONDS = 5.0
"""The recorder asks every second; one that says nothing for so long is dead, and load that nobody records is none."""
_CANNOT_BE_JUDGED = 3

logger = logging.getLogger(__name__)


class Generator:
    """One per process that runs users."""

    def __init__(self, environment: Environment, runner: Any) -> None:
        self._environment = environment
        self._runner = runner
        self._course: Course | None = None
        self._begun = Event()
        self._reporter: gevent.Greenlet[..., None] | None = None
        self._silent_polls = 0
        self._told = False
        runner.register_message(BEGIN, self._begin)
        runner.register_message(ASK, self._show)
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
        try:
            self._course = course_of(messages.begin_of(msg.data))
        except UnreadableMessageError as error:
            self._leave(f"{error}; the recorder needs this version of the load tests")
            return
        # What is loaded stays loaded: the collector need not walk through it in the middle of a measurement.
        gc.collect()
        gc.freeze()
        self._told = False
        self._silent_polls = 0
        self._reporter = gevent.spawn(self._report, self._course)
        self._begun.set()

    def _show(self, environment: Environment, msg: Any, **_: Any) -> None:
        self._silent_polls = 0
        shown = Shown(asked=messages.ask_of(msg.data).asked, shown=time.perf_counter())
        self._runner.send_message(SHOWN, messages.packed(shown))

    def _go(self, environment: Environment, msg: Any, **_: Any) -> None:
        self._silent_polls = 0
        if self._course is not None:
            self._course.start(messages.go_of(msg.data))

    def _halt(self, environment: Environment, msg: Any, **_: Any) -> None:
        self._told = True
        if self._course is not None:
            self._course.halt()

    def _report(self, course: Course) -> None:
        """Tell the recorder every second what is settled, until the run is over and its last second is told."""
        course.started.wait()
        meter, beaten = Meter(), max(int(course.now), 0)
        cells: list[Cell] = []
        pulses: list[Pulse] = []
        last = sent = False
        while not (last and sent):
            gevent.sleep(_POLL_SECONDS)
            self._heed_silence(course)
            last = course.over
            passed = course.now
            planned = min(passed, course.seconds)
            seconds = range(beaten, math.ceil(planned) if last else int(planned))
            if not last and int(passed) <= beaten:
                continue
            if seconds:
                effort = meter.read()
                for second in seconds:
                    course.tally.beat(second, **effort._asdict())
                beaten = seconds.stop
            settled = FOREVER if last else course.tally.settled(passed)
            more_cells, more_pulses = course.tally.take(settled)
            cells.extend(more_cells)
            pulses.extend(more_pulses)
            left = last and course.halted and not self._told
            sent = self._sent(
                Report(generator=course.tally.generator, settled=settled, cells=cells, pulses=pulses, left=left)
            )
            if sent:
                cells, pulses = [], []
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

    def _heed_silence(self, course: Course) -> None:
        """End when the recorder has. Turns of this loop count, not time: a process that stood still heard nobody."""
        self._silent_polls += 1
        if self._silent_polls > _SILENCE_SECONDS / _POLL_SECONDS and not course.halted:
            course.halt()
            self._leave(f"the recorder has said nothing for {_SILENCE_SECONDS:.0f} s; the load ends here")

    def _leave(self, reason: str) -> None:
        """End this process, as there is nothing left for it to do."""
        logger.error(reason)
        self._environment.process_exit_code = _CANNOT_BE_JUDGED
        gevent.spawn(self._runner.quit)


_generators: WeakKeyDictionary[Environment, Generator] = WeakKeyDictionary()


def install(environment: Environment, runner: Any) -> Generator:
    """Make this process a generator."""
    generator = _generators[environment] = Generator(environment, runner)
    return generator


def generator_of(environment: Environment) -> Generator:
    """The generator that the users of ``environment`` belong to."""
    return _generators[environment]
