"""What the objectives say of a run so far is what the judge says of a run that ended there."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from slo.evaluate import judge
from slo.live.standing import Standing
from slo.model import State
from slo.record import Cell, Pulse, Run
from slo.spec import Specifications, load
from tests.slo.conftest import change

Make = Callable[..., Run]


@pytest.fixture(scope="module")
def shipped() -> Specifications:
    return load()


def follow(standing: Standing, run: Run) -> None:
    standing.take(run.header)
    lines: list[Cell | Pulse] = [*run.cells, *run.pulses]
    for line in sorted(lines, key=lambda line: line.second):
        standing.take(line)


@pytest.mark.parametrize("until", [6, 12, 35])
def test_the_states_so_far_are_the_judges(until: int, make_run: Make, shipped: Specifications) -> None:
    whole = make_run(good=[0.01 * (1 + index % 40) for index in range(99)], failures=1)
    cells = tuple(cell for cell in whole.cells if cell.second < until)
    run = change(whole, cells=cells, pulses=tuple(pulse for pulse in whole.pulses if pulse.second < until), footer=None)
    standing = Standing(shipped, "production")

    follow(standing, run)

    judged = {each.name: each for each in judge(run, shipped, environment="production").verdicts}
    found = standing.verdicts()
    assert [each.name for each in found] == ["latency-p95", "latency-p99", "error-rate", "throughput", "latency-median"]
    assert found == [judged[each.name] for each in found]
    assert standing.pending == len(judged) - len(found)


def test_every_state_is_seen_on_the_way(make_run: Make, shipped: Specifications) -> None:
    standing = Standing(shipped, "production")
    follow(standing, make_run(failures=20))

    states = {each.name: each.state for each in standing.verdicts()}

    assert states["error-rate"] is State.CRITICAL
    assert states["latency-median"] is State.PASSED


def test_nothing_is_said_before_the_judged_part(make_run: Make, shipped: Specifications) -> None:
    run = make_run()
    standing = Standing(shipped, "development")

    follow(standing, change(run, cells=tuple(cell for cell in run.cells if cell.stage == "warm-up"), pulses=()))

    assert standing.verdicts() == []


def test_objectives_that_nobody_knows_are_left_to_the_judge(make_run: Make, tmp_path: Path) -> None:
    standing = Standing(load([tmp_path]), "development")

    follow(standing, make_run())

    assert standing.verdicts() == []


def test_asking_costs_no_histogram(make_run: Make, shipped: Specifications, monkeypatch: pytest.MonkeyPatch) -> None:
    """What makes a look late in a long run as cheap as an early one: no cell is decoded a second time."""
    standing = Standing(shipped, "production")
    follow(standing, make_run())
    decoded: list[str] = []
    monkeypatch.setattr("slo.histogram.Histogram.decode", lambda text: decoded.append(text))

    standing.verdicts()

    assert decoded == []
    assert msgspec.structs.asdict(standing.verdicts()[0])["events"] == 3_000
