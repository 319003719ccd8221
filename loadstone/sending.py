"""Sending a plan's load, as ``loadstone load`` and ``loadstone gate`` do it."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path

import rich_click as click

from loadstone.offers import refuse, refusing
from loadtests._planning import _plan
from loadtests._planning._plan import Plan
from slo import conductor, live
from slo.exits import ExitCode
from slo.spec import Specifications

RUNS = Path(".loadstone/runs")
"""Where runs are kept unless told otherwise: a folder each, with the record, the logs and the reports."""


def new_folder(name: str) -> Path:
    """A folder for a run of ``name`` that begins now."""
    return RUNS / f"{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime())}-{Path(name).stem}"


def planned(name: str, scales: Mapping[str, float]) -> Plan:
    """The plan as it will be sent; why it could hardly be judged is told before it is. Raises `PlanError`."""
    plan = _plan.load(name).scaled(**scales)
    for doubt in plan.doubts:
        click.echo(f"note: {doubt}", err=True)
    return plan


def arguments(plan: str, seed: int | None, scales: Mapping[str, float]) -> list[str]:
    """What tells Locust to follow ``plan``."""
    scaled = [word for what, factor in scales.items() for word in (f"--{what}-scale", str(factor))]
    return ["--plan", plan, *scaled, *(["--seed", str(seed)] if seed is not None else [])]


def send(
    plan: str,
    host: str | None,
    record: Path,
    *,
    seed: int | None,
    scales: Mapping[str, float],
    known: Specifications,
    environment: str,
) -> str:
    """Run the load and write ``record``, on a service of our own when no ``host`` is given; how that one was lost.

    ``known`` objectives of the plan are shown as they stand in ``environment`` while it runs.
    """
    if record.exists():
        refuse(f"{record} is there already; a run record is never overwritten")
    chosen = arguments(plan, seed, scales)

    def load(url: str) -> None:
        with live.view(known, environment) as show:
            conductor.load([*chosen, "--host", url], record, show)

    with (
        refusing(conductor.ConductorError, OSError),
        refusing(conductor.LoadCutShortError, code=ExitCode.UNJUDGED),
    ):
        if host is not None:
            load(host)
            return ""
        click.echo("starting the service on embedded servers", err=True)
        with conductor.service(record.parent / "service") as service:
            load(service.url)
            return service.loss
