"""What calibration found, as it is kept, looked up and handed to a verdict.

CalibrationFileError   a file is no calibration; says which, and why
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec

from slo.calibration.gates import FOLDER
from slo.calibration.model import Calibration, Spread
from slo.calibration.pool import Key
from slo.duel.model import Known
from slo.record import MachineFacts
from slo.stats import LaunchSpread

SHIPPED = Path(__file__).parent / "data"
"""Of the machines whose figures come with Loadstone; a file for each machine and rhythm."""
LARGEST_FILE_BYTES = 1_048_576


class CalibrationFileError(Exception):
    """A file is no calibration."""


def write(path: Path, calibration: Calibration) -> None:
    """Keep ``calibration`` in ``path``, in place of what was there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(".unfinished")
    unfinished.write_bytes(msgspec.json.format(msgspec.json.encode(calibration), indent=1) + b"\n")
    unfinished.replace(path)


def read(path: Path) -> Calibration:
    """The calibration in ``path``; raises `CalibrationFileError`."""
    try:
        if path.stat().st_size > LARGEST_FILE_BYTES:
            raise CalibrationFileError(f"{path}: too large for a calibration")
        return msgspec.json.decode(path.read_bytes(), type=Calibration)
    except OSError as error:
        raise CalibrationFileError(f"{path}: {error.strerror or error}") from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise CalibrationFileError(f"{path}: this is no calibration: {error}") from error


def calibration(
    machine: MachineFacts, rhythm: str, plan: str, folder: Path = FOLDER, shipped: Path = SHIPPED
) -> Calibration | None:
    """The one that says most about gates of ``rhythm`` and ``plan`` on ``machine``; None if there is none of both.

    Those of the same machine come first, then the user's own in ``folder`` before the shipped ones, then the newest.
    """
    own = [each for each in _all(folder) if (each.rhythm, each.plan) == (rhythm, plan)]
    others = [each for each in _all(shipped) if (each.rhythm, each.plan) == (rhythm, plan)]
    ranked = sorted(
        [
            (is_same(each.machine, machine), is_own, each.measured_on, each)
            for is_own, found in ((1, own), (0, others))
            for each in found
        ],
        key=lambda ranks: ranks[:3],
    )
    return ranked[-1][-1] if ranked else None


def known(
    machine: MachineFacts, rhythm: str, plan: str, folder: Path = FOLDER, shipped: Path = SHIPPED
) -> Known | None:
    """What a report tells beside a verdict of ``rhythm`` and ``plan`` on ``machine``; None where nobody calibrated."""
    found = calibration(machine, rhythm, plan, folder, shipped)
    if found is None:
        return None
    return Known(
        machine=found.machine,
        measured_on=found.measured_on,
        false_alarms=found.real.failed,
        gates=found.real.gates,
        resampled_false_alarms=found.resampled.failed,
        resampled=found.resampled.gates,
        power=tuple((each.planted.metric, each.planted.size, each.share) for each in found.power),
        same_machine=is_same(found.machine, machine),
    )


def spreads(
    machine: MachineFacts, rhythm: str, plan: str, folder: Path = FOLDER, shipped: Path = SHIPPED
) -> dict[Key, LaunchSpread]:
    """How far launches usually lie apart on ``machine``, by metric and workload.

    Nothing is lent by another machine, nor by another plan, which may be that of another service.
    """
    found = calibration(machine, rhythm, plan, folder, shipped)
    return priors(found.spreads) if found is not None and is_same(found.machine, machine) else {}


def check(folder: Path = FOLDER, shipped: Path = SHIPPED) -> None:
    """Read all there is, before hours are spent on what it is needed for; raises `CalibrationFileError`."""
    for place in (folder, shipped):
        for _ in _all(place):
            pass


def priors(kept: Iterable[Spread]) -> dict[Key, LaunchSpread]:
    """Kept spreads as a verdict takes them."""
    return {
        (each.metric, each.workload): LaunchSpread(each.variance, math.inf if each.degrees is None else each.degrees)
        for each in kept
    }


def is_same(one: MachineFacts, other: MachineFacts) -> bool:
    """Whether figures of one hold on the other: the same processor and as many cores, whatever the kernel."""
    return (one.cpu, one.cores) == (other.cpu, other.cores)


def _all(folder: Path) -> Iterator[Calibration]:
    yield from (read(path) for path in sorted(folder.glob("*.json")))
