"""What the objectives say of a run so far, by the code that judges it when it has ended."""

from __future__ import annotations

from typing import NamedTuple

import msgspec

from slo import indicators
from slo.documents import SpecError
from slo.evaluate import verdict
from slo.gathering import Gathering
from slo.model import Budget, DutyCost, Objective, ObjectiveVerdict, RunFigure, SeriesUse, State
from slo.record import Cell, Header, Line, Pulse, Run
from slo.spec import Specifications


class _Followed(NamedTuple):
    budget: str
    objective: Objective
    gathering: Gathering | None
    """Nothing for a figure that is measured anew each time, from lines without their histograms."""


class Standing:
    """Follows the objectives that the plan names, one cell after the other: asking costs the same late as early.

    What needs the server's counters, its duties or a base is known at the end alone; ``pending`` counts those.
    """

    def __init__(self, specifications: Specifications, environment: str) -> None:
        self._specifications = specifications
        self._environment = environment
        self._run: Run | None = None
        self._judged: frozenset[str] = frozenset()
        self._followed: list[_Followed] = []
        self._cells: list[Cell] = []
        self._pulses: list[Pulse] = []
        self.pending = 0

    def take(self, line: Line) -> None:
        """Take in a line of the record."""
        if isinstance(line, Header):
            self._begin(line)
        elif isinstance(line, Cell) and line.stage in self._judged:
            for each in self._followed:
                if each.gathering is not None:
                    each.gathering.add(line)
            self._cells.append(msgspec.structs.replace(line, latency="", service=""))
        elif isinstance(line, Pulse):
            self._pulses.append(msgspec.structs.replace(line, lateness=""))

    def verdicts(self) -> list[ObjectiveVerdict]:
        """What the judged part so far says of every objective that is followed; nothing before there is any."""
        if self._run is None or not self._cells:
            return []
        run = msgspec.structs.replace(self._run, cells=tuple(self._cells), pulses=tuple(self._pulses))
        return [self._verdict(run, each) for each in self._followed]

    def _begin(self, header: Header) -> None:
        self._run = Run(header=header)
        self._judged = self._run.judged_stages
        for budget in self._budgets(header):
            for objective in budget.objectives:
                if _known_on_the_way(objective):
                    gathering = indicators.gathering(objective.source, objective.workload)
                    self._followed.append(_Followed(budget.name, objective, gathering))
                else:
                    self.pending += 1

    def _budgets(self, header: Header) -> list[Budget]:
        """Those that the plan names; one that nobody knows is for the judge to refuse."""
        try:
            return [self._specifications.budget(name, self._environment) for name in header.plan.objectives]
        except SpecError:
            return []

    def _verdict(self, run: Run, followed: _Followed) -> ObjectiveVerdict:
        objective = followed.objective
        if followed.gathering is not None:
            reading = followed.gathering.reading(objective.confidence)
        else:
            reading = indicators.measure(
                run, objective.source, workload=objective.workload, confidence=objective.confidence
            )
        return verdict(objective, reading, followed.budget)


def _known_on_the_way(objective: Objective) -> bool:
    if objective.critical is None and objective.warning is None:
        return False
    if isinstance(objective.source, SeriesUse | DutyCost):
        return False
    return isinstance(objective.source, RunFigure) or indicators.gathering(objective.source, "") is not None


SO_FAR: dict[State, str] = {
    State.PASSED: "pass",
    State.WARNING: "pass (warning)",
    State.CRITICAL: "fail",
    State.INCONCLUSIVE: "undecided",
    State.NO_DATA: "no data",
}
"""What the states are called while more may come."""
