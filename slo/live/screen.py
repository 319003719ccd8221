"""The picture of a load for a terminal: where it is, how it does, what the objectives say so far."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from slo.live.health import Health
from slo.live.progress import Lately, Progress
from slo.live.standing import SO_FAR
from slo.model import ObjectiveVerdict, Unit
from slo.quantities import written
from slo.record import OK
from slo.reports import wording
from slo.reports.sparkline import sparkline

ROOMY = 100
"""Columns from which on there are little blocks beside the figures."""
_LABEL = 12
_SPARK = 30
_MOST_OUTCOMES = 4
_MOST_WORKLOADS = 8
_SILENT_S = 3.0


class Standings(NamedTuple):
    """What the objectives say so far."""

    verdicts: Sequence[ObjectiveVerdict] = ()
    pending: int = 0
    """How many more are known only at the end."""

    @property
    def tally(self) -> str:
        """How many objectives stand how, such as ``3 pass, 1 undecided``."""
        states = [verdict.state for verdict in self.verdicts]
        return ", ".join(f"{states.count(state)} {SO_FAR[state]}" for state in SO_FAR if state in states)


def picture(progress: Progress, standings: Standings, *, width: int, silent: float) -> RenderableType:
    """All of it in ``width`` columns; ``silent`` is how many seconds ago the last line came."""
    if progress.second < 0:
        return Text("waiting for the first second of the load", style="dim")
    health = Health(progress)
    parts: list[RenderableType] = [_title(progress, silent), _bar(progress, width - 1)]
    parts.append(_figures(progress, health, roomy=width >= ROOMY))
    if silent >= _SILENT_S:
        reason = "requests are still under way, or the generator is stuck"
        parts.append(Text(f"No second was completed for {silent:.0f} s: {reason}.", style="yellow"))
    parts += [Text(f"▲ {warning}", style="bold magenta") for warning in health.warnings().values()]
    if standings.verdicts:
        parts.append(_objectives(standings, width))
    return Group(*parts)


def place(progress: Progress, silent: float = 0.0) -> tuple[float, float]:
    """Seconds passed and seconds left; none are left for a run without a planned length."""
    passed = progress.second + 1 + silent
    left = max(progress.planned_seconds - passed, 0.0)
    return (min(passed, progress.planned_seconds), left) if progress.planned_seconds else (passed, 0.0)


def failures(outcomes: Lately | Progress) -> str:
    """The failures by kind, the most frequent first; empty where there are none."""
    kinds = [(name, count) for name, count in outcomes.outcomes.most_common() if name != OK and count]
    told = [f"{count:,} × {wording.plain(name)}" for name, count in kinds[:_MOST_OUTCOMES]]
    more = sum(count for _, count in kinds[_MOST_OUTCOMES:])
    return ", ".join([*told, *([f"{more:,} others"] if more else [])])


def quantiles(lately: Lately) -> str:
    """The latencies of the last seconds in words."""
    if not lately.latency.count:
        return "nothing answered"
    return "  ".join(
        f"{name} {written(lately.latency.quantile(fraction), Unit.SECONDS)}"
        for name, fraction in (("p50", 0.5), ("p95", 0.95), ("p99", 0.99))
    )


def _title(progress: Progress, silent: float) -> Text:
    passed, left = place(progress, silent)
    plan = progress.plan.name if progress.plan and progress.plan.name else "load"
    title = Text.assemble((wording.plain(plan), "bold"), f"  {wording.plain(progress.stage) or 'starting'}")
    title.append(f"  {wording.clock(passed)}", style="dim")
    if progress.planned_seconds:
        title.append(f" of {wording.clock(progress.planned_seconds)}, {wording.clock(left)} left", style="dim")
    title.no_wrap, title.overflow = True, "ellipsis"
    return title


def _bar(progress: Progress, width: int) -> Text:
    """The stages one after the other, each as wide as it is long; those that are not judged are thinner."""
    if not progress.planned_seconds:
        return Text("")
    bar = Text(no_wrap=True, overflow="crop")
    begin = 0.0
    passed = progress.second + 1
    for stage in progress.stages:
        end = begin + stage.seconds
        first, last = (round(width * moment / progress.planned_seconds) for moment in (begin, end))
        done = round(width * min(max(passed, begin), end) / progress.planned_seconds)
        sign = "━" if stage.judged else "─"
        gap = 1 if last - first > 2 and last < width else 0
        reached = min(done, last - gap)
        bar.append(sign * (reached - first), style="green")
        bar.append(sign * (last - gap - reached) + " " * gap, style="bright_black")
        begin = end
    return bar


def _figures(progress: Progress, health: Health, *, roomy: bool) -> Table:
    table = Table.grid(padding=(0, 2))
    table.add_column(style="dim", width=_LABEL, no_wrap=True)
    table.add_column(overflow="fold")
    lately = progress.lately()
    seconds = max(progress.seconds, 1)
    rate = f"{written(health.due_per_s, Unit.PER_SECOND)} due, " if health.seen else ""
    answered = f"{written(lately.outcomes[OK] / seconds, Unit.PER_SECOND)} answered"
    rows = [
        ("rate", f"{rate}{answered}", sparkline(tuple(progress.answered), _SPARK)),
        ("latency", quantiles(lately), sparkline(tuple(progress.p95s), _SPARK)),
    ]
    if roomy:
        table.add_column(style="cyan", no_wrap=True)
    for label, text, spark in rows:
        table.add_row(label, text, *([spark] if roomy else []))
    told = failures(progress)
    errors = f"{progress.failures:,} of {progress.requests:,}{f': {told}' if told else ''}"
    table.add_row("errors", Text(errors, style="red" if progress.failures else ""))
    workloads = progress.lately_by_workload()
    if len(workloads) > 1:
        for name, each in list(workloads.items())[:_MOST_WORKLOADS]:
            rate = written(each.outcomes[OK] / seconds, Unit.PER_SECOND)
            failed = f"  {each.failures:,} failed" if each.failures else ""
            table.add_row(f"  {wording.plain(name)}", f"{rate}  {quantiles(each)}{failed}")
    if health.seen:
        table.add_row("generator", health.figures)
    return table


def _objectives(standings: Standings, width: int) -> RenderableType:
    later = f"; {standings.pending} more at the end" if standings.pending else ""
    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True)
    table.add_column(overflow="ellipsis", no_wrap=True)
    table.add_column(overflow="ellipsis", no_wrap=True)
    for verdict in standings.verdicts:
        state = f"{wording.STATE_SIGNS[verdict.state]} {SO_FAR[verdict.state]}"
        name = f"{wording.plain(verdict.name)}{'' if verdict.enforced else ' (not enforced)'}"
        figures = f"{wording.measured(verdict)}, wanted {wording.target(verdict)}"
        table.add_row(
            Text(state, style=wording.STATE_STYLES[verdict.state]), name, *([figures] if width >= ROOMY else [])
        )
    return Group(Text(f"objectives so far: {standings.tally}{later}", style="dim"), table)
