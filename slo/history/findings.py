"""What a history says, in words and figures: what terminal and page both tell."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from slo.history.drift import SHORTEST_RUN, Change, Form, changes, drifts
from slo.history.entries import Entry
from slo.history.levels import Series, relative, series
from slo.reports.wording import commit as short
from slo.reports.wording import percent


class Told(NamedTuple):
    """One series and what was found in it."""

    series: Series
    changes: tuple[Change, ...]
    warnings: tuple[str, ...]
    """A sentence for each drift below the budgets."""
    notes: tuple[str, ...]
    """A sentence for each other change."""


class History(NamedTuple):
    """All series of a history, those with warnings first."""

    told: tuple[Told, ...]
    headline: str
    remarks: tuple[str, ...]
    """Sentences on gaps, machines and what was left out."""

    @property
    def drifts(self) -> bool:
        """Whether anything became worse unseen."""
        return any(each.warnings for each in self.told)


def found(entries: Sequence[Entry], metric: str | None = None, seed: int = 1) -> History:
    """What ``entries`` say; equal entries and seeds say the same, whichever metrics are asked for."""
    told = [_told(each, seed) for each in series(entries, metric)]
    told.sort(key=lambda each: not each.warnings)
    warned = [each for each in told if each.warnings]
    if warned:
        names = ", ".join(each.series.name for each in warned)
        headline = f"Worse over {len(entries)} entries, and below what a single gate fails: {names}."
    elif told and all(_is_torn(each.series) for each in told):
        headline = f"Nothing can be told of drift: no {SHORTEST_RUN} of {len(entries)} entries hang together."
    else:
        headline = f"No drift in {len(entries)} {'entry' if len(entries) == 1 else 'entries'}."
    return History(tuple(told), headline, tuple(_remarks(entries, told)))


def _is_torn(of: Series) -> bool:
    """Whether no stretch of it is long enough to be searched."""
    return all(len(stretch.points) < SHORTEST_RUN for stretch in of.stretches)


def change(amount: float, of: Series) -> str:
    """A step or level such as ``+0.52 %``."""
    share = relative(amount, of.metric)
    return f"{'+' if share >= 0 else '−'}{percent(abs(share))}"


def _told(of: Series, seed: int) -> Told:
    random = np.random.default_rng([seed, zlib.crc32(of.name.encode())])
    all_of_them = changes(of, random)
    bad = drifts(all_of_them)
    warnings = tuple(_sentence(each, of) for each in bad)
    notes = tuple(_sentence(each, of) for each in all_of_them if each not in bad)
    return Told(of, all_of_them, warnings, notes)


def _sentence(each: Change, of: Series) -> str:
    first, last = of.points[each.first], of.points[each.last]
    chance = "counted exactly" if each.p == 0 else f"p = {each.p:.1g}"
    size = change(each.size, of)
    if each.form is Form.STEP:
        known = f", and the gate called it {first.outcome.value}" if each.told else ""
        return f"{of.name}: a step of {size} at {_name(first.commit)} ({chance}){known}."
    number = each.last - each.first + 1
    return (
        f"{of.name}: drifted by {size} over {number} entries, {_name(first.commit)} to {_name(last.commit)} ({chance})."
    )


def _name(commit: str) -> str:
    return short(commit) if commit else "a commit without a name"


def _remarks(entries: Sequence[Entry], told: Sequence[Told]) -> list[str]:
    remarks = list(dict.fromkeys(remark for each in told for remark in each.series.remarks))
    machines = {entry.machine for entry in entries}
    if len(machines) > 1:
        remarks.append(
            f"The entries come from {len(machines)} unlike machines; ratios of one need not be those of another."
        )
    invalid = sum(entry.outcome == "invalid" for entry in entries)
    if invalid:
        remarks.append(f"{invalid} of the entries could not be judged and {'is' if invalid == 1 else 'are'} left out.")
    unread = sum(entry.left_out for entry in entries)
    if unread:
        remarks.append(f"{unread} measures of single workloads had no room in their lines.")
    return remarks
