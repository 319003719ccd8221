"""Artillery's scenarios: what one arrival sends, on average over their weights."""

from __future__ import annotations

from typing import Any

from loadtests._imports._routes import Routes
from loadtests._imports._streams import Traffic
from loadtests._imports._table import Table, known_late, number, seconds

METHODS = frozenset({"get", "post", "put", "patch", "delete", "head", "options"})
MOST_TURNS = 10_000
"""Of a loop."""
_BODIES = ("json", "body", "form", "formData")
_OF_USERS = "what a user keeps between requests; a plan's requests are on their own"


def traffic_of(script: Table, routes: Routes) -> Traffic:
    """The requests of one arrival: each scenario's, by its weight."""
    flows: list[tuple[float, dict[str, float]]] = []
    for scenario in script.tables("scenarios"):
        weight = scenario.number("weight")
        engine = scenario.raw("engine")
        scenario.pass_over("name")
        flow = _Flow(scenario, routes)
        if engine not in (None, "http"):
            scenario.remarks.add(scenario.path, f"engine: {engine}", "only HTTP is sent")
            scenario.pass_over("flow")
        else:
            flow.read(scenario, "flow", 1.0)
        scenario.close(_OF_USERS)
        flows.append((1.0 if weight is None else weight, flow.requests))
    total = sum(weight for weight, _ in flows)
    requests: dict[str, float] = {}
    for weight, sent in flows:
        for workload, times in sent.items():
            requests[workload] = requests.get(workload, 0.0) + (times * weight / total if total else 0.0)
    return routes.or_all(Traffic({name: times for name, times in requests.items() if times}, pause=0.0), "scenarios")


class _Flow:
    """The steps of one scenario."""

    def __init__(self, scenario: Table, routes: Routes) -> None:
        self.requests: dict[str, float] = {}
        self._routes = routes
        self._remarks = scenario.remarks

    def read(self, holder: Table, key: str, times: float) -> None:
        """Take in the steps under ``key``, which are done ``times`` times."""
        for step in holder.tables(key):
            count = self._turns(step) if "loop" in step else 1.0
            for name, value in step.items():
                self._step(step, name, value, times * count)

    def _turns(self, step: Table) -> float:
        given = step.raw("count")
        turns = number(given)
        if turns is None or turns > MOST_TURNS:
            why = known_late(given) or f"not a number of turns up to {MOST_TURNS:,}; taken as one"
            self._remarks.add(step.at("loop"), f"count: {given}", why)
            return 1.0
        return turns

    def _step(self, step: Table, name: str, value: Any, times: float) -> None:
        if name in ("loop", "parallel"):
            self.read(step, name, times)
        elif name in METHODS:
            self._request(step, name, times)
        elif name == "think":
            why = "in an open plan, each request comes at its own time, and no user waits between two"
            self._remarks.add(step.at(name), value, known_late(value) or why, lost=seconds(value, 1.0) is None)
        elif name not in ("count", "log"):
            self._remarks.add(step.at(name), value, _OF_USERS)

    def _request(self, step: Table, method: str, times: float) -> None:
        request = step.table(method)
        if request is None:
            return
        workload = self._routes.asked(method, request.raw("url"), request.at("url"))
        if not workload:
            return
        self.requests[workload] = self.requests.get(workload, 0.0) + times
        for body in _BODIES:
            request.lose(body, f"what is sent comes from [payloads.{workload}], drawn by the seed", lost=False)
        request.lose("expect", "every answer is checked as it is, whole; a wrong one counts as failed", lost=False)
        request.pass_over("name")
        request.close(_OF_USERS)
