"""What is kept of a duel: one line of at most 4 kB, and how lines become entries again.

HistoryError        the history cannot be used; says the file or branch, the line and why
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable
from typing import Annotated

import msgspec

from slo.duel.metrics import METRICS
from slo.duel.model import Duel, Finding, Outcome
from slo.record import MachineFacts

FORMAT = "loadstone.history/1"
LONGEST_LINE_BYTES = 4096
LARGEST_BYTES = 67_108_864
MOST_ENTRIES = 20_000
"""In one history; the oldest leave first."""
_DIGITS = 6

Figure = Annotated[float, msgspec.Meta(ge=-1e18, le=1e18)]
LARGEST_RATIO = 1e6
Ratio = Annotated[float, msgspec.Meta(ge=-LARGEST_RATIO, le=LARGEST_RATIO)]
Word = Annotated[str, msgspec.Meta(max_length=200)]


class HistoryError(Exception):
    """A history cannot be used."""


class Measure(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """One metric of one workload; written without the names of its parts."""

    metric: Annotated[str, msgspec.Meta(min_length=1, max_length=63)]
    workload: Annotated[str, msgspec.Meta(max_length=100)]
    """Empty for all together."""
    outcome: Outcome
    base: Figure
    head: Figure
    change: Ratio
    """head / base − 1; of ``errors`` the difference of the two shares."""
    low: Ratio | None = None
    high: Ratio | None = None
    launches: Annotated[tuple[Ratio, ...], msgspec.Meta(max_length=100)] = ()
    """Mean ln(head / base) of every launch; empty for what is counted, and where the line would be too long."""


class Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What is kept of one duel."""

    format: str = FORMAT
    commit: Word
    """Of the head, in full; empty where it is not known."""
    base: Word
    """The commit it was compared with."""
    time: Annotated[str, msgspec.Meta(min_length=1, max_length=40)]
    """When the duel began; UTC, ISO 8601."""
    machine: Annotated[str, msgspec.Meta(max_length=64)]
    """A digest of the machine's facts: equal ones are alike."""
    cpu: Word
    rhythm: Word
    outcome: Outcome
    measures: Annotated[tuple[Measure, ...], msgspec.Meta(max_length=1000)]
    left_out: Annotated[int, msgspec.Meta(ge=0)] = 0
    """Measures of single workloads for which the line had no room."""


def entry_of(duel: Duel) -> Entry:
    """What to keep of ``duel``.

    Figures have six digits. Where one line does not hold all, the launches of single workloads go first, then their
    measures from the last to the first; what concerns all workloads together always stays.
    """
    samples = duel.samples
    measures = sorted((_measure(each) for each in duel.findings if each.change is not None), key=_place)
    entry = Entry(
        commit=samples.head.commit,
        base=samples.base.commit,
        time=samples.started_at,
        machine=machine_digest(samples.machine),
        cpu=samples.machine.cpu[:200],
        rhythm=samples.rhythm,
        outcome=duel.outcome,
        measures=tuple(measures),
    )
    return _fitting(entry)


def machine_digest(machine: MachineFacts) -> str:
    """Twelve letters and digits that differ between unlike machines; the kernel's version is not among the facts."""
    facts = (machine.cpu, machine.cores, round(machine.memory_bytes / 2**30), machine.python)
    return hashlib.sha256(msgspec.json.encode(facts)).hexdigest()[:12]


def written(entry: Entry) -> bytes:
    """``entry`` as a line."""
    return msgspec.json.encode(entry) + b"\n"


def parsed(content: bytes, source: str) -> tuple[Entry, ...]:
    """The entries of ``content``, in their order; raises `HistoryError` that names ``source`` and the line."""
    if len(content) > LARGEST_BYTES:
        raise HistoryError(f"{source}: more than {LARGEST_BYTES:,} bytes are too many for a history")
    return tuple(_entry(line, f"{source}: line {number}") for number, line in _lines(content))


def joined(content: bytes, entry: Entry, source: str) -> bytes:
    """``content`` and ``entry``: an entry of the same commit and time is replaced, and the oldest make room."""
    kept = [each for each in parsed(content, source) if (each.commit, each.time) != (entry.commit, entry.time)]
    lines = [written(each) for each in [*kept, entry][-MOST_ENTRIES:]]
    beyond = sum(map(len, lines)) - LARGEST_BYTES
    while beyond > 0:
        beyond -= len(lines.pop(0))
    return b"".join(lines)


def _lines(content: bytes) -> Iterable[tuple[int, bytes]]:
    return ((number, line) for number, line in enumerate(content.split(b"\n"), start=1) if line.strip())


def _entry(line: bytes, place: str) -> Entry:
    try:
        entry = _DECODER.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise HistoryError(f"{place}: no entry of a history: {error}") from error
    if entry.format != FORMAT:
        raise HistoryError(f"{place}: its format is {entry.format!r}, and only {FORMAT!r} is known here")
    return entry


_DECODER = msgspec.json.Decoder(Entry)


def _measure(finding: Finding) -> Measure:
    means = tuple(_short(math.fsum(windows) / len(windows)) for windows in finding.launches if windows)
    return Measure(
        metric=finding.metric,
        workload=finding.workload,
        outcome=finding.outcome if finding.enforced else Outcome.REPORTED,
        base=_short(finding.base or 0.0),
        head=_short(finding.head or 0.0),
        change=min(_short(finding.change or 0.0), LARGEST_RATIO),
        low=_end(finding.low),
        high=_end(finding.high),
        launches=means,
    )


def _short(value: float) -> float:
    return float(f"{value:.{_DIGITS}g}")


def _end(value: float | None) -> float | None:
    """An end of an interval; one that is beyond all that is read again is endless."""
    return None if value is None or abs(value) > LARGEST_RATIO else _short(value)


def _place(measure: Measure) -> tuple[bool, str, int]:
    names = list(METRICS)
    place = names.index(measure.metric) if measure.metric in names else len(names)
    return bool(measure.workload), measure.workload, place


def _fitting(entry: Entry) -> Entry:
    if len(written(entry)) <= LONGEST_LINE_BYTES:
        return entry
    shorter = [msgspec.structs.replace(each, launches=()) if each.workload else each for each in entry.measures]
    entry = msgspec.structs.replace(entry, measures=tuple(shorter))
    while len(written(entry)) > LONGEST_LINE_BYTES and entry.measures[-1].workload:
        entry = msgspec.structs.replace(entry, measures=entry.measures[:-1], left_out=entry.left_out + 1)
    return entry
