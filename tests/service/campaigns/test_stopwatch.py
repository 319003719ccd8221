"""Analyses that never end are seen from another thread."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from service.campaigns.stopwatch import Stopwatch
from tests.service.doubles import FakeClock
from tests.service.sample_workload import words_workload


def test_the_oldest_of_what_runs_is_told() -> None:
    clock = FakeClock()
    stopwatch = Stopwatch(clock)
    seen: list[object] = []

    def analyse(lane: str, items: Sequence[Any]) -> Sequence[Any]:
        clock.now += 7.0
        seen.append(stopwatch.longest())
        if not items:
            raise ZeroDivisionError
        return items

    watched = stopwatch.watched(words_workload(analyse))
    assert watched.analyse("dear", [("dear", "stone")]) == [("dear", "stone")]
    with pytest.raises(ZeroDivisionError):
        watched.analyse("dear", [])

    assert seen == [(7.0, "words"), (7.0, "words")]
    assert stopwatch.longest() is None
