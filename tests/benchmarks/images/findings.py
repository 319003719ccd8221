"""What one run of the benchmark found."""

from __future__ import annotations

import msgspec

from tests.benchmarks.images.accuracy import Copies, Judged, Labelled, Strangers
from tests.benchmarks.images.speed import Pace, Stage


class Measured(msgspec.Struct, frozen=True, kw_only=True):
    """Speed and accuracy, and under which circumstances."""

    started_at: str
    machine: str
    python: str
    packages: dict[str, str]
    drawn: bool
    """No photos were given: all pictures were drawn."""
    rounds: int
    paces: list[Pace]
    stages: list[Stage]
    labelled: Labelled | None
    spoiled: list[Judged]
    copies: list[Copies]
    strangers: Strangers


def misses(measured: Measured) -> list[str]:
    """Goals that were not reached."""
    return [
        f"{pace.megapixels:g} MP with {pace.thumbnails} thumbnails: {1 / pace.seconds:.0f} a second, not {pace.goal:g}"
        for pace in measured.paces
        if pace.goal is not None and pace.seconds * pace.goal > 1
    ]
