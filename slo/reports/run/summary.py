"""What all forms of the report share, computed once from a run and its judgement."""

from __future__ import annotations

import shlex
from typing import Literal
from urllib.parse import urlsplit

import msgspec

from slo.model import Judgement, Reading, Unit
from slo.record import Header, Run
from slo.reports import wording
from slo.reports.figures.distribution import Distribution, distribution
from slo.reports.figures.timeline import Timeline, timeline
from slo.reports.figures.totals import GeneratorHealth, RouteTotals, generator_health, route_totals
from slo.reports.run.observations import observations

FORMAT = "loadstone.report/1"
"""The format of the JSON form; ``schema.json`` beside this file describes it."""

LOOPBACK = {"127.0.0.1", "localhost", "::1"}
"""Hosts that are this machine."""


class Report(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A judged run, ready to be told; the JSON form is this, encoded."""

    format: str
    judgement: Judgement
    outcome: Literal["completed", "stopped", "aborted"]
    """``aborted``: the record ends without a footer."""
    repeat: str
    """The command that repeats the run; empty for one without a plan."""
    observations: tuple[str, ...]
    """What the figures show, a sentence each: where to look for a cause."""
    timeline: Timeline
    distribution: Distribution
    routes: tuple[RouteTotals, ...]
    """Every workload, with an empty route, followed by its routes."""
    generator: GeneratorHealth

    @property
    def causes(self) -> tuple[str, ...]:
        """Why the run is not simply met: what forbids judging it, or what its deciding objectives say."""
        if self.judgement.distrusts:
            return tuple(wording.sentence_of(distrust.reason) for distrust in self.judgement.distrusts)
        found = wording.decisive(self.judgement)
        return tuple(f"{verdict.name} ({verdict.indicator}): {verdict.reason}" for verdict in found)

    @property
    def further_causes(self) -> tuple[str, ...]:
        """`causes` for a list below the sentence; a single doubt is told by the sentence itself."""
        return () if len(self.judgement.distrusts) == 1 else self.causes

    @property
    def cpu_per_request(self) -> Reading | None:
        """The target's CPU time per request, where it was measured."""
        return next((each for each in self.judgement.readings if each.unit is Unit.SECONDS_PER_REQUEST), None)


def summarise(run: Run, judgement: Judgement, step: int | None = None) -> Report:
    """The report on ``run`` as ``judgement`` sees it; its course in steps of ``step`` seconds, or of what suits it."""
    when = timeline(run, step)
    routes = route_totals(run, judgement.run.judged_seconds)
    return Report(
        format=FORMAT,
        judgement=judgement,
        outcome=run.footer.outcome if run.footer else "aborted",
        repeat=_repeat(run.header),
        observations=observations(judgement, when, routes),
        timeline=when,
        distribution=distribution(run),
        routes=routes,
        generator=generator_health(run),
    )


def _repeat(header: Header) -> str:
    """A target on this machine was most likely started for the run, and will be again."""
    if not header.plan.name:
        return ""
    plan = header.plan
    command = ["loadstone", "load", plan.source or plan.name, "--seed", str(header.seed)]
    for what, factor in (("time", plan.time_scale), ("rate", plan.rate_scale)):
        if factor != 1.0:
            command += ["--scale", f"{what}={factor:.12g}"]
    if host_of(header.target.url) not in LOOPBACK:
        command += ["--host", header.target.url]
    return shlex.join(command)


def host_of(url: str) -> str | None:
    """The host that ``url`` names, if it is one."""
    try:
        return urlsplit(url).hostname
    except ValueError:
        return None
