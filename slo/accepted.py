"""Regressions that somebody answers for: a file in the commit (``slo/accepted.toml``), and what it makes of findings.

AcceptedError       the file cannot be used; says the file, the entry and the key
"""

from __future__ import annotations

import datetime
import re
import tomllib
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Annotated, NamedTuple

import msgspec

from slo.duel.model import Finding, Outcome
from slo.model import Unit
from slo.quantities import written
from slo.schema import Text

LARGEST_FILE_BYTES = 262_144
LONGEST = datetime.timedelta(days=366)
"""How far ahead an acceptance may expire."""

_SIZE = re.compile(r"(?P<sign>[+-])(?P<number>[0-9]{1,4}(\.[0-9]{1,6})?) ?%")
_DECIDED = {Outcome.PASSED, Outcome.WARNING}


class AcceptedError(Exception):
    """The file of acceptances cannot be used."""


class Acceptance(msgspec.Struct, frozen=True, kw_only=True):
    """One regression that is answered for."""

    metric: str
    workload: str
    """Empty for every workload, and for all together."""
    size: float
    """Up to which change, as head / base − 1."""
    reason: str
    expires: datetime.date
    """The last day on which it counts."""

    def covers(self, finding: Finding) -> bool:
        """Whether it speaks of this metric and workload, whatever the size."""
        return self.metric == finding.metric and self.workload in ("", finding.workload)

    def reaches(self, change: float) -> bool:
        """Whether ``change`` lies between none and the accepted size."""
        return 0 <= change <= self.size if self.size > 0 else self.size <= change <= 0

    def __str__(self) -> str:
        of = f" of {self.workload}" if self.workload else ""
        sign = "+" if self.size > 0 else "−"
        return f"{sign}{written(abs(self.size), Unit.RATIO)} of {self.metric}{of} ({self.reason})"


class Applied(NamedTuple):
    """What acceptances make of findings."""

    findings: tuple[Finding, ...]
    remarks: tuple[str, ...]
    """Sentences about acceptances that have expired, or that cover nothing any more."""


class _Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    metric: Text
    workload: Annotated[str, msgspec.Meta(max_length=100)] = ""
    size: Annotated[str, msgspec.Meta(max_length=20)]
    reason: Annotated[str, msgspec.Meta(min_length=10, max_length=500)]
    expires: datetime.date


def load(path: Path, metrics: Collection[str], today: datetime.date) -> tuple[Acceptance, ...]:
    """What ``path`` accepts; nothing where there is no such file.

    ``metrics`` are the names that exist. Raises `AcceptedError`.
    """
    try:
        if path.stat().st_size > LARGEST_FILE_BYTES:
            raise AcceptedError(f"{path}: more than {LARGEST_FILE_BYTES:,} bytes are too many for acceptances")
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return ()
    except OSError as error:
        raise AcceptedError(f"{path}: cannot be read: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise AcceptedError(f"{path}: byte {error.start} is no UTF-8") from error
    except tomllib.TOMLDecodeError as error:
        raise AcceptedError(f"{path}: no TOML: {error}") from error
    entries = content.pop("accepted", [])
    if content:
        raise AcceptedError(f"{path}: unknown key {next(iter(content))!r}; entries begin with [[accepted]]")
    if not isinstance(entries, list):
        raise AcceptedError(f"{path}: accepted: entries begin with [[accepted]], in two brackets")
    found: dict[tuple[str, str], Acceptance] = {}
    for number, entry in enumerate(entries, start=1):
        place = f"{path}: entry {number}"
        acceptance = _acceptance(entry, place, metrics, today)
        key = (acceptance.metric, acceptance.workload)
        if key in found:
            raise AcceptedError(f"{place}: metric: {acceptance.metric!r} was accepted for the same workload before")
        found[key] = acceptance
    return tuple(found.values())


def _acceptance(entry: object, place: str, metrics: Collection[str], today: datetime.date) -> Acceptance:
    try:
        read = msgspec.convert(entry, _Entry)
    except msgspec.ValidationError as error:
        reason, _, key = str(error).partition(" - at `$.")
        raise AcceptedError(f"{place}: {key.rstrip('`') + ': ' if key else ''}{reason}") from error
    if read.metric not in metrics:
        raise AcceptedError(f"{place}: metric: there is no {read.metric!r}; there are {', '.join(sorted(metrics))}")
    size = _SIZE.fullmatch(read.size)
    if size is None or float(size["number"]) == 0:
        raise AcceptedError(f"{place}: size: {read.size!r} is no change such as '+12%' or '-8%'")
    if isinstance(read.expires, datetime.datetime) or read.expires > today + LONGEST:
        raise AcceptedError(f"{place}: expires: {read.expires} is more than a year ahead; nobody answers for so long")
    return Acceptance(
        metric=read.metric,
        workload=read.workload,
        size=float(size["sign"] + size["number"]) / 100,
        reason=" ".join(read.reason.split()),
        expires=read.expires,
    )


def applied(findings: Sequence[Finding], acceptances: Sequence[Acceptance], today: datetime.date) -> Applied:
    """``findings`` after ``acceptances``: failed ones within an accepted size are accepted, others say why not.

    Of two acceptances that cover a finding, the one for its workload alone counts.
    """
    valid = [each for each in acceptances if each.expires >= today]
    remarks = [
        f"The acceptance of {each} expired on {each.expires} and no longer counts."
        for each in acceptances
        if each.expires < today
    ]
    remarks += [remark for each in valid if (remark := _needless(each, findings))]
    return Applied(tuple(_judged(finding, valid) for finding in findings), tuple(remarks))


def _judged(finding: Finding, valid: Sequence[Acceptance]) -> Finding:
    covering = [each for each in valid if each.covers(finding)]
    if finding.outcome is not Outcome.FAILED or finding.change is None or not covering:
        return finding
    acceptance = max(covering, key=lambda each: bool(each.workload))
    until = f"until {acceptance.expires}"
    if acceptance.reaches(finding.change):
        told = f"{acceptance.reason} ({until})"
        return msgspec.structs.replace(finding, outcome=Outcome.ACCEPTED, acceptance=told)
    sign = "+" if acceptance.size > 0 else "−"
    beyond = f"This goes beyond the {sign}{written(abs(acceptance.size), Unit.RATIO)} that is accepted {until}."
    return msgspec.structs.replace(finding, reason=f"{finding.reason} {beyond}")


def _needless(acceptance: Acceptance, findings: Sequence[Finding]) -> str:
    """Why ``acceptance`` may go; empty where it is needed, or nothing is known."""
    outcomes = {finding.outcome for finding in findings if acceptance.covers(finding)}
    if outcomes and outcomes <= _DECIDED:
        return f"The acceptance of {acceptance} covers nothing any more and can be removed."
    if not outcomes:
        return f"The acceptance of {acceptance} speaks of nothing that was measured; look at its workload."
    return ""
