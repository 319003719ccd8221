"""From verdicts to a word for the whole, and from that word to the exit code."""

from __future__ import annotations

from collections.abc import Sequence

from slo.exits import ExitCode
from slo.model import Distrust, InconclusivePolicy, NoDataPolicy, Objective, ObjectiveVerdict, Overall, State

Judged = tuple[Objective, ObjectiveVerdict]
"""An objective and what became of it."""


def overall(judged: Sequence[Judged], distrusts: Sequence[Distrust]) -> Overall:
    """Doubt first, then what is missed for certain, then what cannot be known, then what is undecided.

    Only enforced objectives count, and at least one must have decided something: nothing judged is nothing met.
    """
    deciding = [(objective, verdict) for objective, verdict in judged if objective.enforced]
    if distrusts or not any(verdict.state is not State.NEEDS_BASE for _, verdict in deciding):
        return Overall.UNJUDGED
    if any(misses(objective, verdict) for objective, verdict in deciding):
        return Overall.MISSED
    if any(verdict.state is State.NO_DATA for _, verdict in deciding):
        return Overall.UNJUDGED
    if any(verdict.state is State.INCONCLUSIVE for _, verdict in deciding):
        return Overall.INCONCLUSIVE
    return Overall.MET


def misses(objective: Objective, verdict: ObjectiveVerdict) -> bool:
    """Whether this objective, on its own, makes the whole run missed."""
    match verdict.state:
        case State.CRITICAL:
            return objective.enforced
        case State.NO_DATA:
            return objective.enforced and objective.on_no_data is NoDataPolicy.FAIL
        case State.INCONCLUSIVE:
            return objective.enforced and objective.on_inconclusive is InconclusivePolicy.FAIL
        case _:
            return False


def exit_code(outcome: Overall, *, strict: bool) -> ExitCode:
    """How the command ends; an undecided run passes with a warning unless ``strict``."""
    match outcome:
        case Overall.MET:
            return ExitCode.MET
        case Overall.MISSED:
            return ExitCode.MISSED
        case Overall.UNJUDGED:
            return ExitCode.UNJUDGED
        case Overall.INCONCLUSIVE:
            return ExitCode.INCONCLUSIVE if strict else ExitCode.MET
