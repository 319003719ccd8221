"""What went into a campaign against what came out of it: each row has exactly one result, and it is the right one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import msgspec

from service.core.batches import Row, RowResult, RowState

_TOLD = 5
"""So many lines are named of each kind of mistake."""


class Truth(NamedTuple):
    """What the result of a row must be."""

    subject: str
    id: str | None
    holds: Mapping[str, Any]
    """Fields of the outcome with their values; there may be more."""
    error: str | None = None
    """The class of error where the row must fail."""


@dataclass
class Audit:
    """The lines at which something is not as it must be."""

    rows: int = 0
    results: int = 0
    excused: int = 0
    """Rows that failed with an error that is right under the fault, and not as they would have without it."""
    lost: list[int] = field(default_factory=list)
    """They have no result."""
    duplicated: list[int] = field(default_factory=list)
    """They have another one; named once for each further result."""
    foreign: list[int] = field(default_factory=list)
    """They have a result and were never in the input."""
    wrong: dict[int, str] = field(default_factory=dict)
    """Their result is not theirs, with what is wrong about it."""

    @property
    def is_exact(self) -> bool:
        """Whether results equal inputs exactly."""
        return not (self.lost or self.duplicated or self.foreign or self.wrong)

    def complaints(self) -> list[str]:
        """A sentence for each kind of mistake."""
        kinds = {"lost": self.lost, "duplicated": self.duplicated, "from nowhere": self.foreign}
        told = [f"{len(lines):,} rows {kind}: lines {_first(lines)}" for kind, lines in kinds.items() if lines]
        if self.wrong:
            examples = "; ".join(f"line {line}: {reason}" for line, reason in list(self.wrong.items())[:_TOLD])
            told.append(f"{len(self.wrong):,} results wrong: {examples}")
        return told


def audited(
    rows: Iterable[Row],
    results: Iterable[RowResult],
    truth_of: Callable[[Row], Truth],
    excuses: frozenset[str] = frozenset(),
) -> Audit:
    """Hold all ``results``, in any order, against the ``rows`` of the input.

    With an error of ``excuses`` any row may fail.
    """
    due = {row.line: row for row in rows}
    audit = Audit(rows=len(due))
    seen: set[int] = set()
    for result in results:
        audit.results += 1
        row = due.get(result.line)
        if row is None:
            audit.foreign.append(result.line)
        elif result.line in seen:
            audit.duplicated.append(result.line)
        else:
            seen.add(result.line)
            truth = truth_of(row)
            if result.error in excuses and result.error != truth.error:
                audit.excused += 1
                truth = truth._replace(error=result.error)
            if complaint := _complaint(result, truth):
                audit.wrong[result.line] = complaint
    audit.lost = sorted(due.keys() - seen)
    return audit


def _complaint(result: RowResult, truth: Truth) -> str | None:
    """What is wrong about ``result``; None when it is the right one."""
    if (result.subject, result.id) != (truth.subject, truth.id):
        return f"is of {result.id} ({result.subject}), not of {truth.id} ({truth.subject})"
    if result.error != truth.error:
        return f"ended with {result.error} ({result.reason}), not with {truth.error}"
    if truth.error is not None:
        return None if result.state is RowState.FAILED else f"is {result.state}, with an error"
    if result.state is not RowState.SUCCEEDED or result.result is None:
        return f"is {result.state}, without an error or an outcome"
    outcome = msgspec.json.decode(result.result)
    unlike = [name for name, value in truth.holds.items() if outcome.get(name) != value]
    return f"has another {', '.join(unlike)}" if unlike else None


def _first(lines: list[int]) -> str:
    more = ", …" if len(lines) > _TOLD else ""
    return ", ".join(map(str, lines[:_TOLD])) + more
