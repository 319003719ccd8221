"""Runs the steps: asks the search for a rate, has it sent, learns from the record, until the search is done.

CapacityError
├── NothingToJudgeError    no objective decides, or no request arrived in the first step
├── NotLoadedError         step after step said nothing of the service
└── ServiceLostError       the service ended under its load
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec

from slo import conductor, live
from slo.capacity.model import StepState
from slo.capacity.plan import Course, step_plan
from slo.capacity.search import Range, Search
from slo.capacity.steps import Measure, Observed, observe, trial
from slo.capacity.watching import Watch
from slo.live import Progress
from slo.record import Header, read

NOTHING_DECIDES = "no enforced objective of the plan limits latency or errors, so no rate would be too high"
LONGER = 6.0
"""How many times longer a step may be, where so few requests come that a usual one would decide nothing."""
_ROOM = 1.15
"""Chance sends fewer than planned, sometimes."""
SPOILT_IN_A_ROW = 3
"""Steps that something else disturbed, after which the machine is taken for unfit."""


class CapacityError(Exception):
    """A capacity cannot be measured this way; the message says why in one sentence."""


class NothingToJudgeError(CapacityError):
    """What is asked for decides nothing."""


class NotLoadedError(CapacityError):
    """No step told anything of the service."""


class ServiceLostError(CapacityError):
    """The service that was started for the test ended."""


class Setting(msgspec.Struct, frozen=True, kw_only=True):
    """What to load, and how."""

    name: str
    """What people call the load: the plan's name, or the workload's."""
    url: str
    base: Mapping[str, Any]
    """The plan in plain values: its mix and payloads are sent at other rates."""
    limits: Range
    course: Course
    measure: Measure
    seed: int
    folder: Path
    cores: Collection[int] = ()
    """The service's cores of this machine, where they are known."""
    generators: int = 1
    """Processes of the generator."""


class Survey:
    """One test: iterate over it to run its steps one by one."""

    def __init__(self, setting: Setting) -> None:
        if not setting.measure.objectives:
            raise NothingToJudgeError(
                "no enforced objective of the plan limits latency or errors, so no rate is too high"
            )
        self.setting = setting
        self.search = Search(setting.limits)
        self.header: Header | None = None
        self._spoilt = 0

    def __iter__(self) -> Iterator[Observed]:
        number = 0
        while (rate := self.search.next_rate()) is not None:
            number += 1
            observed = self._step(number, rate)
            self._learn(observed)
            yield observed

    def _step(self, number: int, rate: float) -> Observed:
        setting = self.setting
        name = f"step-{number:02}"
        folder = setting.folder / name
        folder.mkdir(parents=True, exist_ok=True)
        plan, record = folder / f"{name}.toml", folder / "record.jsonl"
        # Another seed each time: what nobody sent before would otherwise be known from the step before.
        seed = setting.seed + number
        plan.write_text(step_plan(setting.base, rate, self._course(rate), seed), encoding="utf-8")
        arguments = ["--plan", str(plan), "--seed", str(seed), "--host", setting.url]
        if setting.generators > 1:
            arguments += ["--processes", str(setting.generators)]
        watch = Watch(setting.url, setting.cores)
        with live.view() as show:
            conductor.load(arguments, record, _watching(watch, setting.course, show))
        run = read(record)
        self.header = self.header or run.header
        if not any(cell.requests for cell in run.judged()) and not any(pulse.intended for pulse in run.pulses):
            length = setting.course.step_seconds
            raise NothingToJudgeError(f"no request arrived in a step of {length:g} s at {rate:g}/s; begin higher")
        place = f"{name}/{record.name}"
        return observe(run, watch.sights, setting.measure, number=number, record=place)

    def _course(self, rate: float) -> Course:
        """Long enough for the events that the objectives ask for, within reason, once a step has to decide."""
        course = self.setting.course
        if self.search.climbing:
            return course
        wanted = max(objective.min_events for _, objective in self.setting.measure.objectives) / rate * _ROOM
        return course._replace(step_seconds=max(course.step_seconds, min(wanted, course.step_seconds * LONGER)))

    def _learn(self, observed: Observed) -> None:
        step = observed.step
        self._spoilt = self._spoilt + 1 if step.state is StepState.SPOILT else 0
        if self._spoilt >= SPOILT_IN_A_ROW:
            raise NotLoadedError(f"{SPOILT_IN_A_ROW} steps in a row were disturbed: {step.reason}")
        match step.state:
            case StepState.SPOILT:
                self.search.spoil()
            case StepState.GENERATOR:
                self.search.give_up(step.offered_per_s)
            case _:
                self.search.take(trial(observed), behind=not observed.follows)


def _watching(watch: Watch, course: Course, show: Callable[[Progress], None]) -> Callable[[Progress], None]:
    """Show progress, and look at the service once the step has settled."""

    def watched(progress: Progress) -> None:
        show(progress)
        if progress.second >= course.settle_seconds:
            watch.look()

    return watched
