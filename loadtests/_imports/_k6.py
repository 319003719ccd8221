"""k6's options: shortcuts, scenarios with their executors, thresholds.

Source: https://grafana.com/docs/k6/latest/using-k6/scenarios/executors/
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from loadtests._imports._javascript import Script
from loadtests._imports._k6_script import traffic_of
from loadtests._imports._k6_thresholds import Thresholds
from loadtests._imports._routes import Routes
from loadtests._imports._streams import Leg, Reading, Stream, Traffic
from loadtests._imports._table import Remarks, Table
from slo.promises import Promise

TOOL = "k6"
MOST_SCENARIOS = 100
MOST_STAGES = 1_000

_LONGEST_SECONDS = 600.0
"""k6's own default of ``maxDuration``."""
_MILLISECOND = 1e-3
"""A time without a unit counts these."""
_SHORTCUTS = ("vus", "duration", "iterations", "stages")
_NO_EQUIVALENT = "a plan has nothing like it"
_BY_COUNT = "a plan ends after a time and not after a count; now the users ask for as long as they may"


def is_k6(data: Any) -> bool:
    """Whether ``data`` looks like k6's options as JSON."""
    return isinstance(data, dict) and bool({*_SHORTCUTS, "scenarios", "thresholds"} & data.keys())


def read(options: dict[str, Any], script: Script | None) -> Reading:
    """The options, and what the functions of ``script`` send; options in JSON have none."""
    remarks = Remarks()
    reader = _Options(Table(options, "options" if script else "", remarks), script)
    streams = tuple(reader.streams())
    promises = tuple(reader.promises())
    reader.table.close(_NO_EQUIVALENT)
    return Reading(TOOL, streams, promises, remarks.all())


class _Options:
    def __init__(self, table: Table, script: Script | None) -> None:
        self.table = table
        self._script = script
        self._routes = Routes(table.remarks)
        self._names: tuple[str, ...] = ()

    def streams(self) -> Iterator[Stream]:
        """The scenarios, or the one that shortcuts mean."""
        scenarios = self.table.table("scenarios")
        if scenarios is None:
            shortcut = self._shortcut()
            if shortcut is not None:
                self._names = ("default",)
                yield shortcut
            return
        for name in _SHORTCUTS:
            self.table.lose(name, "k6 has either this or scenarios, not both")
        for number, (name, value) in enumerate(scenarios.items()):
            if number == MOST_SCENARIOS:
                self.table.remarks.add(scenarios.at(name), "and what follows", f"more than {MOST_SCENARIOS} scenarios")
                return
            self._names += (name,)
            if isinstance(value, dict):
                yield from self._scenario(Table(value, scenarios.at(name), self.table.remarks))
            else:
                self.table.remarks.add(scenarios.at(name), value, "not a scenario")

    def promises(self) -> Iterator[Promise]:
        """What the thresholds promise."""
        thresholds = self.table.table("thresholds")
        if thresholds is not None:
            yield from Thresholds(self._routes, self._names).promises(thresholds)

    def _shortcut(self) -> Stream | None:
        table = self.table
        if "stages" in table:
            table.lose("duration", "k6 has either this or stages, not both")
            return self._stream(table, _ramping_users(table, "vus"), closed=True)
        if "iterations" in table:
            return self._stream(table, _counted(table, "duration"), closed=True)
        if "duration" in table:
            return self._stream(table, _constant_users(table), closed=True)
        table.lose("vus", "without a duration, k6 lets each user do a single turn")
        return None

    def _scenario(self, scenario: Table) -> Iterator[Stream]:
        executor = scenario.text("executor") or ""
        begin = scenario.seconds("startTime", of_number=_MILLISECOND) or 0.0
        known = _EXECUTORS.get(executor)
        if known is None:
            scenario.lose("executor", f"no executor of k6; there are {', '.join(_EXECUTORS)}")
            return
        closed, legs_of = known
        legs = legs_of(scenario)
        most = None if closed else scenario.whole("maxVUs") or scenario.whole("preAllocatedVUs")
        if not closed:
            scenario.pass_over("preAllocatedVUs")
        stream = self._stream(scenario, legs, closed=closed, begin=begin, most=most)
        waits = "a plan waits for what is under way when it ends, as long as the timeout lets it"
        for key in ("gracefulStop", "gracefulRampDown"):
            scenario.lose(key, waits, lost=False)
        scenario.close(_NO_EQUIVALENT)
        if stream is not None:
            yield stream

    def _stream(
        self, table: Table, legs: tuple[Leg, ...], *, closed: bool, begin: float = 0.0, most: int | None = None
    ) -> Stream | None:
        name = table.text("exec") or "default"
        if not any(leg.seconds for leg in legs):
            table.remarks.add(
                table.path or "options",
                table.raw("executor") or "vus",
                "left out: it says neither how long nor how much, or not in figures",
            )
            return None
        traffic = self._traffic(name)
        if not closed and traffic.pause:
            waits = "in an open plan, each request comes at its own time, and no user waits between two"
            table.remarks.add(f"{name}()", f"sleeps {traffic.pause:g} s in all", waits, lost=False)
        legs = tuple(leg for leg in legs if leg.seconds > 0.0)
        return Stream(closed, legs, traffic, table.path or "options", begin, most_at_once=most)

    def _traffic(self, function: str) -> Traffic:
        if self._script is None:
            return self._routes.or_all(Traffic({}, None), "the script")
        return traffic_of(self._script, function, self._routes, self.table.remarks)


def _constant_rate(table: Table) -> tuple[Leg, ...]:
    unit = table.seconds("timeUnit", of_number=_MILLISECOND) or 1.0
    rate, length = table.number("rate"), table.seconds("duration", of_number=_MILLISECOND)
    return () if rate is None or not length else (Leg(length, rate / unit, rate / unit),)


def _ramping_rate(table: Table) -> tuple[Leg, ...]:
    unit = table.seconds("timeUnit", of_number=_MILLISECOND) or 1.0
    return tuple(_stages(table, (table.number("startRate") or 0.0) / unit, unit))


def _constant_users(table: Table) -> tuple[Leg, ...]:
    users = _users(table, "vus")
    length = table.seconds("duration", of_number=_MILLISECOND)
    return () if users is None or not length else (Leg(length, users, users),)


def _ramping_users(table: Table, start: str = "startVUs") -> tuple[Leg, ...]:
    users = _users(table, start)
    return () if users is None else tuple(_stages(table, users, 1.0))


def _counted(table: Table, longest: str = "maxDuration") -> tuple[Leg, ...]:
    users = _users(table, "vus")
    length = table.seconds(longest, of_number=_MILLISECOND) or _LONGEST_SECONDS
    table.lose("iterations", _BY_COUNT)
    return () if users is None else (Leg(length, users, users),)


def _from_outside(table: Table) -> tuple[Leg, ...]:
    users = table.number("vus")
    length = table.seconds("duration", of_number=_MILLISECOND)
    table.lose("executor", "nobody changes the load of a plan from outside; now it stays as it begins")
    table.lose("maxVUs", "the users stay as many as there are in the beginning")
    return () if not users or not length else (Leg(length, users, users),)


def _users(table: Table, key: str) -> float | None:
    """The number under ``key``, 1 where there is none; None where it is there and no number."""
    return table.number(key) if key in table else 1.0


def _stages(table: Table, first: float, unit: float) -> Iterator[Leg]:
    stages = table.tables("stages")
    if len(stages) > MOST_STAGES:
        table.remarks.add(
            table.at(f"stages[{MOST_STAGES}]"), f"{len(stages) - MOST_STAGES} more", "too many for a plan"
        )
    for stage in stages[:MOST_STAGES]:
        length, target = stage.seconds("duration", of_number=_MILLISECOND), stage.number("target")
        stage.close(_NO_EQUIVALENT)
        if length is None or target is None:
            stage.remarks.add(
                stage.path, "a stage", "left out: it says neither how long nor how much, or not in figures"
            )
            continue
        yield Leg(length, first, target / unit)
        first = target / unit


_EXECUTORS: dict[str, tuple[bool, Callable[[Table], tuple[Leg, ...]]]] = {
    "constant-arrival-rate": (False, _constant_rate),
    "ramping-arrival-rate": (False, _ramping_rate),
    "constant-vus": (True, _constant_users),
    "ramping-vus": (True, _ramping_users),
    "shared-iterations": (True, _counted),
    "per-vu-iterations": (True, _counted),
    "externally-controlled": (True, _from_outside),
}
