"""Keeps real gates, one file each, so that calibration goes on where it stopped and can be judged anew.

GateFileError   a file in the folder is no gate; says which, and why
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec

from slo.calibration.model import NOTHING, Gate, Planted
from slo.duel.model import Samples

FOLDER = Path(".loadstone/calibration")
"""Where gates and what came of them are kept unless told otherwise."""
GATES = "gates"
"""The part of it that holds the gates."""
FIRST = 5
LARGEST_FILE_BYTES = 16_777_216

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Gate).decode


class GateFileError(Exception):
    """A file is no kept gate."""


def keep(folder: Path, gate: Gate) -> Path:
    """Write ``gate`` under a name of its own, whole or not at all; where it went."""
    place = folder / GATES
    place.mkdir(parents=True, exist_ok=True)
    stem = f"{gate.samples.rhythm}-{gate.planted.name}"
    ends = (path.stem.rpartition("-")[2] for path in place.glob(f"{stem}-[0-9]*.json"))
    numbers = (int(end) for end in ends if end.isdecimal())
    path = place / f"{stem}-{max(numbers, default=0) + 1:03d}.json"
    unfinished = path.with_suffix(".unfinished")
    unfinished.write_bytes(_encode(gate) + b"\n")
    unfinished.replace(path)
    return path


def kept(folder: Path, rhythm: str) -> list[Gate]:
    """All gates of ``rhythm`` in ``folder``, in the order of their names; raises `GateFileError`."""
    return [_read(path) for path in sorted((folder / GATES).glob(f"{rhythm}-*.json"))]


def missing(gates: Sequence[Gate], wished: Sequence[tuple[Planted, int]]) -> list[Planted]:
    """What is still to be fought, in this order, so that the ``wished`` numbers of judged gates are there.

    `FIRST` gates between equal builds come first, as plants take their size from them; then kinds take turns, so that
    each sees the same hours of the machine.
    """
    judged = [gate.planted for gate in gates if gate.is_judged]
    numbers = dict(wished)
    left = {planted: max(number - judged.count(planted), 0) for planted, number in wished}
    turns: list[Planted] = []
    while any(left.values()):
        equal = judged.count(NOTHING) + turns.count(NOTHING)
        kind = max(left, key=lambda planted: left[planted] / max(numbers[planted], 1))
        if left.get(NOTHING) and equal < FIRST:
            kind = NOTHING
        turns.append(kind)
        left[kind] -= 1
    return turns


def equal_builds(gates: Sequence[Gate]) -> list[Samples]:
    """What the judged gates measured in which nothing was planted."""
    return [gate.samples for gate in gates if gate.planted.is_nothing and gate.is_judged]


def _read(path: Path) -> Gate:
    try:
        if path.stat().st_size > LARGEST_FILE_BYTES:
            raise GateFileError(f"{path}: too large for a kept gate")
        return _decode(path.read_bytes())
    except OSError as error:
        raise GateFileError(f"{path}: {error.strerror or error}") from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise GateFileError(f"{path}: this is no kept gate: {error}") from error
