"""Under which circumstances the runs were made, and what of it makes them hard to compare."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlsplit

import msgspec

from slo.reports import wording
from slo.reports.comparison.side import Side
from slo.reports.run.facts import facts
from slo.reports.run.summary import LOOPBACK, host_of

_ALWAYS_DIFFERENT = frozenset({"Run", "Time", "Judged", "Repeat"})


class Circumstance(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One line of facts about all runs."""

    label: str
    texts: tuple[str, ...]
    differs: bool
    """Whether the runs are not alike in it, where one would expect them to be."""


class Notice(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A sentence that a reader needs before the figures."""

    grave: bool
    """Whether figures must not be compared because of it."""
    text: str


def circumstances(sides: Sequence[Side]) -> tuple[Circumstance, ...]:
    """Every fact that at least one run tells."""
    told = [dict(facts(side.report)) for side in sides]
    labels = list(dict.fromkeys(label for each in told for label in each))
    return tuple(
        Circumstance(
            label=label,
            texts=tuple(each.get(label, "") for each in told),
            differs=label not in _ALWAYS_DIFFERENT
            and len({_comparable(label, each.get(label, "")) for each in told}) > 1,
        )
        for label in labels
    )


def notices(sides: Sequence[Side]) -> tuple[Notice, ...]:
    """What to know first, the gravest first."""
    base, others = sides[0], sides[1:]
    elsewhere = [side for side in others if not side.ran_where(base)]
    unlike = [side for side in others if not side.was_loaded_like(base)]
    found = []
    if elsewhere:
        found.append(
            _notice(f"Different machines: figures of {_letters(elsewhere)} cannot be compared with A's.", True)
        )
    found += [_notice(_doubt(side), True) for side in sides if side.doubts]
    if unlike:
        text = f"Different loads: {_letters(unlike)} had another plan to follow than A, which may be all that differs."
        found.append(_notice(text, False))
    elif len({side.run.header.seed for side in sides}) > 1:
        found.append(_notice("Different seeds: the runs had other arrivals and other payloads.", False))
    same = [side for side in others if side.is_same_run_as(base)]
    if same:
        found.append(_notice(f"{_letters(same)} {'is' if len(same) == 1 else 'are'} the same run as A.", False))
    return tuple(found)


def _notice(text: str, grave: bool) -> Notice:
    return Notice(grave=grave, text=wording.plain(text))


def _doubt(side: Side) -> str:
    reasons = "; ".join(doubt.reason for doubt in side.doubts)
    return f"{side.letter} cannot be trusted: {reasons}."


def _letters(sides: Sequence[Side]) -> str:
    letters = [side.letter for side in sides]
    return letters[0] if len(letters) == 1 else f"{', '.join(letters[:-1])} and {letters[-1]}"


def _comparable(label: str, text: str) -> str:
    """A target on this machine has another port every time."""
    url, comma, rest = text.partition(", ")
    return f"{urlsplit(url).scheme}{comma}{rest}" if label == "Target" and host_of(url) in LOOPBACK else text
