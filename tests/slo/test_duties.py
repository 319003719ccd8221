"""What a duty of the server adds, from the record to the verdict."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from slo import evaluate, indicators, record, spec
from slo.exits import ExitCode
from slo.model import DutyCost, State, Unit
from slo.record import Duty, Run

MakeRun = Callable[..., Run]

BUDGET = """
apiVersion: openslo/v1
kind: Service
metadata: {name: shop}
spec: {}
---
apiVersion: loadstone/v1
kind: PerformanceBudget
metadata: {name: duties}
spec:
  service: shop
  defaults: {minEvents: 20}
  objectives:
    - {name: key-check, indicator: duty.key-check, warning: "<= 2us", critical: "<= 3us"}
"""


def duty(ratio: float, *, rounds: int = 40, noise: float = 0.02, reference: float = 5e-6) -> Duty:
    """A duty that costs ``ratio`` times the reference, a little more or less in each round."""
    turns = range(rounds)
    own = [reference * (ratio + noise * (turn / rounds - 0.5)) for turn in turns]
    return Duty(name="key-check", title="checking the key", added=tuple(own), reference=(reference,) * rounds)


def judged(tmp_path: Path, run: Run) -> tuple[State, int]:
    path = tmp_path / "duties.yaml"
    path.write_text(BUDGET, encoding="utf-8")
    judgement = evaluate.judge(run, spec.load([path]), environment="development")
    return judgement.verdicts[0].state, judgement.exit_code


@pytest.mark.parametrize(
    ("found", "state", "code"),
    [
        (duty(0.1), State.PASSED, ExitCode.MET),
        (duty(0.25), State.WARNING, ExitCode.MET),
        (duty(0.3, noise=0.4), State.INCONCLUSIVE, ExitCode.MET),
        (duty(0.5), State.CRITICAL, ExitCode.MISSED),
        (duty(0.1, rounds=5), State.INCONCLUSIVE, ExitCode.MET),
        (None, State.NO_DATA, ExitCode.MISSED),
    ],
)
def test_a_duty_is_judged_by_its_interval_and_never_green_without_one(
    tmp_path: Path, make_run: MakeRun, found: Duty | None, state: State, code: ExitCode
) -> None:
    run = make_run(plan={"objectives": ("duties",)})
    run = msgspec.structs.replace(run, duties=() if found is None else (found,))
    assert judged(tmp_path, run) == (state, code)


def test_a_slower_machine_gives_the_same_figure(make_run: MakeRun) -> None:
    readings = [
        indicators.measure(
            msgspec.structs.replace(make_run(), duties=(duty(0.2, reference=reference),)),
            DutyCost(name="key-check"),
            workload="",
            confidence=0.95,
        )
        for reference in (5e-6, 40e-6)
    ]
    assert readings[0].value == pytest.approx(readings[1].value)
    assert readings[0].value == pytest.approx(0.2 * indicators.REFERENCE_SECONDS, rel=0.01)
    assert (readings[0].unit, readings[0].events) == (Unit.SECONDS, 40)
    assert readings[0].title == "added to a request by checking the key"


def test_duties_are_added_to_a_record_that_was_written_without_them(tmp_path: Path, make_run: MakeRun) -> None:
    path = tmp_path / "record.jsonl"
    record.write(path, make_run())
    before = record.read(path)
    record.add_duties(path, [duty(0.1), duty(0.2)])
    assert record.read(path) == msgspec.structs.replace(before, duties=(duty(0.1), duty(0.2)))
    assert [each.name for each in tmp_path.iterdir()] == ["record.jsonl"]


def test_an_aborted_record_stays_aborted_with_duties(tmp_path: Path, make_run: MakeRun) -> None:
    path = tmp_path / "record.jsonl"
    record.write(path, make_run())
    path.write_bytes(path.read_bytes()[:-50])
    record.add_duties(path, [duty(0.1)])
    run = record.read(path)
    assert (run.footer, run.duties) == (None, (duty(0.1),))


@pytest.mark.parametrize(
    "changes", [{"added": (1e-6,), "reference": ()}, {"added": (1e-6,), "reference": (0.0,)}], ids=["uneven", "no time"]
)
def test_figures_that_make_no_ratio_are_no_duty(changes: dict[str, tuple[float, ...]]) -> None:
    line = msgspec.json.encode({**msgspec.to_builtins(duty(0.1)), **changes})
    with pytest.raises(msgspec.ValidationError):
        record.parse(line)
