from __future__ import annotations

import msgspec

from slo.duel.samples import Launch
from slo.duel.trust import doubts
from slo.histogram import Histogram
from tests.slo.duel.launches import launch, run, stages


def codes(*launches: Launch, step: float = 0.0) -> list[str]:
    return [doubt.code for doubt in doubts(launches, 1, clock_step=step, longest=2.0)]


def test_a_clean_duel_is_not_doubted() -> None:
    assert codes(launch("base"), launch("head")) == []


def test_what_makes_one_run_doubtful_makes_the_duel_so_once() -> None:
    broken = [
        launch(first)._replace(opened=msgspec.structs.replace(launch(first).opened, footer=None))
        for first in ("base", "head")
    ]
    found = doubts(broken, 1, clock_step=0.0, longest=2.0)

    assert [doubt.code for doubt in found] == ["aborted"]
    assert found[0].reason.startswith("in launch 1 ")


def test_a_clock_that_was_set_is_told() -> None:
    assert codes(launch(), step=3.0) == ["clock-jumped"]


def test_sides_that_did_not_get_the_same_are_told() -> None:
    whole = launch()
    cells = tuple(cell for cell in whole.opened.cells if cell.side == "base" or cell.second % 2)
    torn = whole._replace(opened=msgspec.structs.replace(whole.opened, cells=cells))

    assert "sides-unbalanced" in codes(torn)
    only = tuple(cell for cell in whole.opened.cells if cell.side == "base")
    assert "one-side-only" in codes(whole._replace(opened=msgspec.structs.replace(whole.opened, cells=only)))


def test_a_base_that_differs_from_itself_is_told() -> None:
    def drifting(slower: float) -> Launch:
        opened = run(stages())
        cells = tuple(
            msgspec.structs.replace(cell, latency=Histogram.of([0.003 * slower] * 400).encode())
            if cell.stage == "block-4-base"
            else cell
            for cell in opened.cells
        )
        return Launch(msgspec.structs.replace(opened, cells=cells), None, {})

    assert codes(drifting(2.0), drifting(2.01), drifting(2.02)) == ["control-moved"]
    assert codes(drifting(1.1), drifting(1.11), drifting(1.12)) == [], "certain, and too small to matter"
    assert codes(drifting(2.0), drifting(0.5), drifting(1.5)) == [], "large, and nothing but noise"
