"""What the gate knows about itself: how often it errs, what it finds, and from where on this duel could see."""

from __future__ import annotations

import msgspec

from slo import stats
from slo.duel.metrics import METRICS
from slo.duel.model import Duel, Known
from slo.model import Unit
from slo.reports import wording
from slo.reports.duel import findings

CONFIDENCE = 0.95

UNKNOWN = (
    "This gate has not been calibrated: how often it is wrong is not known here. `loadstone calibrate` measures it."
)
"""Stands where there is no calibration."""


class Sight(msgspec.Struct, frozen=True, kw_only=True):
    """How well one metric is seen."""

    name: str
    smallest: str
    """The smallest change that this duel would have found in 95 of 100 cases."""
    power: str
    """Of planted changes, how many calibration found: ``+5 %: 98 %``."""


def sentences(duel: Duel) -> tuple[str, ...]:
    """How often the gate errs, where that was measured, and what is counted without error."""
    said = list(_errs(duel.known)) if duel.known else [UNKNOWN]
    counted = list(dict.fromkeys(each.title for each in duel.findings if each.exact and each.change is not None))
    if counted:
        said.append(f"Counted, so that every change is seen: {', '.join(counted)}.")
    return tuple(wording.plain(each) for each in said)


def _errs(known: Known) -> list[str]:
    machine = known.machine
    where = "a machine like this one" if known.same_machine else "another machine, so this one may err otherwise"
    facts = f"{machine.cpu}, {machine.cores} cores"
    return [
        f"Between equal builds {_share(known.false_alarms, known.gates, 'gates')} gave a false alarm.",
        f"Drawn from their launches: {_share(known.resampled_false_alarms, known.resampled, 'gates')}.",
        f"Measured on {known.measured_on} on {where} ({facts}).",
    ]


def _share(count: int, total: int, of: str) -> str:
    """Such as ``0 of 34 gates (0 %, at most 8.4 % with 95 % confidence)``."""
    if not total:
        return f"0 of 0 {of}"
    low, high = stats.clopper_pearson(count, total, CONFIDENCE)
    bounds = f"{wording.percent(low)} to {wording.percent(high)} with {wording.percent(CONFIDENCE)} confidence"
    return f"{count:,} of {total:,} {of} ({wording.percent(count / total)}; {bounds})"


def sights(duel: Duel) -> tuple[Sight, ...]:
    """A line for every measured metric of the duel, and for those that only calibration knows."""
    power: dict[str, list[str]] = {}
    for metric, size, share in duel.known.power if duel.known else ():
        unit = METRICS[metric].unit if metric in METRICS else Unit.COUNT
        found = f"{findings.difference(size, unit)}: {wording.percent(share)}"
        power.setdefault(metric, []).append(found)
    seen = [each for each in duel.findings if not each.exact and each.change is not None]
    told = [
        Sight(
            name=findings.name(each),
            smallest="not known" if each.smallest is None else findings.size(each.smallest, each.unit),
            power=", ".join(power.get(each.metric, ())),
        )
        for each in seen
    ]
    others = [
        Sight(name=_title(metric), smallest="", power=", ".join(found))
        for metric, found in power.items()
        if metric not in {each.metric for each in seen}
    ]
    return (*told, *others)


def _title(metric: str) -> str:
    return wording.capitalised(METRICS[metric].title) if metric in METRICS else wording.plain(metric)
