"""Artillery's test definitions: phases of arrivals, flows of requests, conditions to ensure.

Source: https://www.artillery.io/docs/reference/test-script
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from loadtests._imports._artillery_ensure import ensured
from loadtests._imports._artillery_flow import traffic_of
from loadtests._imports._routes import Routes
from loadtests._imports._streams import Leg, Reading, Stream
from loadtests._imports._table import Remarks, Table
from slo.promises import Promise

TOOL = "Artillery"
MOST_PHASES = 1_000

_NO_EQUIVALENT = "a plan has nothing like it"


def is_artillery(data: Any) -> bool:
    """Whether ``data`` looks like a test definition of Artillery."""
    if not isinstance(data, dict) or not isinstance(data.get("config"), dict):
        return False
    return isinstance(data.get("scenarios"), list) or bool({"phases", "target", "ensure"} & data["config"].keys())


def read(data: dict[str, Any]) -> Reading:
    """The whole definition."""
    remarks = Remarks()
    script = Table(data, "", remarks)
    config = script.table("config") or Table({}, "config", remarks)
    traffic = traffic_of(script, Routes(remarks))
    phases = config.tables("phases")
    if len(phases) > MOST_PHASES:
        remarks.add(f"config.phases[{MOST_PHASES}]", f"{len(phases) - MOST_PHASES} more phases", "too many for a plan")
    modes: set[bool] = set()
    caps: set[int] = set()
    legs = tuple(leg for phase in phases[:MOST_PHASES] for leg in _legs(phase, modes, caps))
    if len(modes) > 1:
        remarks.add(
            "config.phases", "mode", "arrivals of a plan are Poisson or constant throughout; now Poisson", lost=False
        )
    if len(caps) > 1:
        cap = f"a plan has one limit for all of its stages; now the largest, {max(caps)}"
        remarks.add("config.phases", "maxVusers", cap, lost=False)
    stream = Stream(
        closed=False,
        legs=legs,
        traffic=traffic,
        where="config.phases",
        poisson=True in modes,
        most_at_once=max(caps, default=None),
    )
    promises = tuple(_promises(config))
    http = config.table("http")
    timeout = http.seconds("timeout") if http else None
    if http:
        http.close("how connections are made is the load generator's own affair")
    config.lose("target", "a plan has no address: give it with --host", lost=False)
    config.lose("environments", "a plan is of one environment: import the others one by one, or scale it")
    config.close(_NO_EQUIVALENT)
    script.close(_NO_EQUIVALENT)
    return Reading(TOOL, (stream,) if legs else (), promises, remarks.all(), timeout or None)


def _legs(phase: Table, modes: set[bool], caps: set[int]) -> Iterator[Leg]:
    """What ``phase`` sends, and in ``modes`` and ``caps`` how."""
    name = phase.text("name") or ""
    pause, length = phase.seconds("pause"), phase.seconds("duration")
    rate, top, count = phase.number("arrivalRate"), phase.number("rampTo"), phase.number("arrivalCount")
    mode, cap = phase.raw("mode"), phase.whole("maxVusers")
    phase.close(_NO_EQUIVALENT)
    if cap is not None:
        caps.add(cap)
    if pause:
        yield Leg(pause, 0.0, 0.0, name or "pause")
        return
    if not length or (rate is None and count is None) or ("rampTo" in phase and top is None):
        phase.remarks.add(
            phase.path, _given(phase), "left out: it says neither how long nor how much, or not in figures"
        )
        return
    if count is not None:
        yield Leg(length, count / length, count / length, name)
        return
    rate = rate or 0.0
    if top is None:
        modes.add(mode == "poisson")
    yield Leg(length, rate, rate if top is None else top, name)


def _given(phase: Table) -> str:
    return ", ".join(f"{key}: {value}" for key, value in phase.items()) or "nothing"


def _promises(config: Table) -> Iterator[Promise]:
    ensure = config.table("ensure")
    if ensure:
        yield from ensured(ensure)
    plugins = config.table("plugins")
    if plugins is None:
        return
    within = plugins.table("ensure")
    if within:
        yield from ensured(within)
    plugins.lose("expect", "every answer is checked as it is, whole; a wrong one counts as failed", lost=False)
    plugins.close("a plugin of Artillery")
