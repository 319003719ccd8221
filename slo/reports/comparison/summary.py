"""What all forms of a comparison share, computed once from the runs and their judgements."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from slo.model import Judgement, ObjectiveVerdict
from slo.record import Run
from slo.reports import wording
from slo.reports.comparison.circumstances import Circumstance, Notice, circumstances, notices
from slo.reports.comparison.figures import Group, groups
from slo.reports.comparison.side import LETTERS, Side
from slo.reports.figures.timeline import seconds_seen, step_for
from slo.reports.run.summary import summarise
from slo.trust import distrusts

MOST = len(LETTERS)

Judged = tuple[str, Run, Judgement]
"""What the reader called a run by, the run, and its judgement."""


class ComparisonError(Exception):
    """So many runs cannot be compared."""


class ObjectiveRow(msgspec.Struct, frozen=True, kw_only=True):
    """One objective in all runs."""

    name: str
    title: str
    verdicts: tuple[ObjectiveVerdict | None, ...]
    """Nothing where a run was not judged by it."""


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """Runs side by side; the first is the baseline."""

    sides: tuple[Side, ...]
    notices: tuple[Notice, ...]
    groups: tuple[Group, ...]
    objectives: tuple[ObjectiveRow, ...]
    circumstances: tuple[Circumstance, ...]


def check_number(runs: int) -> None:
    """Raise `ComparisonError` unless so many runs can be compared."""
    if not 2 <= runs <= MOST:
        raise ComparisonError(f"a comparison takes 2 to {MOST} run records, not {runs}")


def compare(judged: Sequence[Judged]) -> Comparison:
    """Two to five runs, the baseline first; raises `ComparisonError` for another number."""
    check_number(len(judged))
    step = step_for(max(seconds_seen(run) for _, run, _ in judged))
    sides = tuple(
        Side(
            letter=letter,
            name=wording.plain(name),
            run=run,
            report=summarise(run, judgement, step),
            doubts=distrusts(run),
        )
        for letter, (name, run, judgement) in zip(LETTERS, judged, strict=False)
    )
    return Comparison(
        sides=sides,
        notices=notices(sides),
        groups=groups(sides),
        objectives=_objectives(sides),
        circumstances=circumstances(sides),
    )


def _objectives(sides: Sequence[Side]) -> tuple[ObjectiveRow, ...]:
    by_side = [{(each.budget, each.name): each for each in side.report.judgement.verdicts} for side in sides]
    known = {key: verdict for verdicts in reversed(by_side) for key, verdict in verdicts.items()}
    order = dict.fromkeys(key for verdicts in by_side for key in verdicts)
    return tuple(
        ObjectiveRow(
            name=known[key].name,
            title=known[key].indicator,
            verdicts=tuple(verdicts.get(key) for verdicts in by_side),
        )
        for key in order
    )
