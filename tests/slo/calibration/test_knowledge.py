"""What is known of the gate: kept, found again, and whose word counts."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from msgspec.structs import replace

from slo.calibration.knowledge import CalibrationFileError, calibration, known, read, spreads, write
from slo.calibration.model import Calibration, Planted, Power, Spread, Tally
from slo.calibration.pool import Pool
from slo.calibration.resampling import Plan, resampled
from slo.calibration.summary import calibrated, spreads_of
from slo.duel.model import Outcome
from slo.stats import LaunchSpread
from tests.slo.calibration.simulated import DISTRUST, LAUNCH, LAUNCHES, MACHINE, WINDOW, WINDOWS, MeanAbove, gate

CPU = Planted(metric="cpu-per-request", size=0.05)
OTHER = replace(MACHINE, cpu="Another CPU")


def found(**changes: object) -> Calibration:
    """A calibration of few gates."""
    facts = {
        "machine": MACHINE,
        "measured_on": "2026-11-01",
        "rhythm": "quick",
        "plan": "duel",
        "looks": (4,),
        "budgets": {"cpu-per-request": 0.03},
        "minutes": 2.5,
        "real": Tally(gates=30, failed=0, undecided=1),
        "refused": 0,
        "resampled": Tally(gates=1000, failed=3, undecided=10),
        "planted": (Power(planted=CPU, found=10, gates=10),),
        "power": (Power(planted=CPU, found=98, gates=100),),
        "spreads": (Spread(metric="p50", workload="comments", variance=1e-4, degrees=None),),
        "seed": 1,
    }
    return Calibration(**{**facts, **changes})  # type: ignore[arg-type]  # keywords of a test


def test_a_calibration_comes_back_as_it_was(tmp_path: Path) -> None:
    write(tmp_path / "deep" / "quick.json", found())
    assert read(tmp_path / "deep" / "quick.json") == found()


def test_the_users_own_comes_before_the_shipped_one_and_this_machine_before_all(tmp_path: Path) -> None:
    own, shipped = tmp_path / "own", tmp_path / "shipped"
    assert known(MACHINE, "quick", "duel", own, shipped) is None
    write(shipped / "shelf.json", found(machine=OTHER, seed=1))
    assert calibration(MACHINE, "quick", "duel", own, shipped) == found(machine=OTHER, seed=1)
    write(own / "quick.json", found(machine=OTHER, seed=2, measured_on="2026-10-01"))
    assert calibration(MACHINE, "quick", "duel", own, shipped) == found(machine=OTHER, seed=2, measured_on="2026-10-01")
    write(shipped / "here.json", found(seed=3))
    assert calibration(MACHINE, "quick", "duel", own, shipped) == found(seed=3)
    write(own / "here.json", found(seed=4, measured_on="2026-10-01"))
    assert calibration(MACHINE, "quick", "duel", own, shipped) == found(seed=4, measured_on="2026-10-01")
    assert known(MACHINE, "full", "duel", own, shipped) is None


def test_a_report_hears_the_rates_and_whether_they_are_of_this_machine(tmp_path: Path) -> None:
    write(tmp_path / "quick.json", found())
    told = known(replace(MACHINE, kernel="9.9", python="3.99"), "quick", "duel", tmp_path, tmp_path / "none")
    assert told is not None
    assert (told.false_alarms, told.gates, told.resampled_false_alarms, told.resampled) == (0, 30, 3, 1000)
    assert told.power == (("cpu-per-request", 0.05, 0.98),)
    assert told.same_machine
    elsewhere = known(OTHER, "quick", "duel", tmp_path, tmp_path / "none")
    assert elsewhere is not None
    assert not elsewhere.same_machine


def test_spreads_are_lent_by_the_same_machine_alone(tmp_path: Path) -> None:
    write(tmp_path / "quick.json", found())
    assert spreads(MACHINE, "quick", "duel", tmp_path) == {("p50", "comments"): LaunchSpread(1e-4, math.inf)}
    assert spreads(OTHER, "quick", "duel", tmp_path, tmp_path / "none") == {}


def test_gates_become_a_calibration() -> None:
    gates = [gate(seed) for seed in range(20)]
    gates += [
        gate(20, outcome=Outcome.INCONCLUSIVE),
        gate(21, CPU, Outcome.FAILED),
        gate(22, CPU),
        gate(23, distrusts=(DISTRUST,)),
    ]
    drawn = resampled(Pool([each.samples for each in gates[:21]]), MeanAbove("p50", 0.02), Plan(100, 50, 1), ["p50"])
    made = calibrated(gates, drawn, looks=(4,), budgets={"p50": 0.05}, kept_spreads=spreads_of(gates, LAUNCHES), seed=1)
    assert made.real == Tally(gates=21, failed=0, undecided=1)
    assert made.refused == 1
    assert made.planted == (Power(planted=CPU, found=1, gates=2),)
    assert (made.rhythm, made.machine, made.minutes) == ("quick", MACHINE, 2.5)
    assert made.power == drawn.power
    assert made.smallest("throughput") is None


def test_the_spread_of_launches_is_that_of_their_centres() -> None:
    gates = [gate(seed, metrics=("p50",)) for seed in range(400)]
    (spread,) = spreads_of(gates, LAUNCHES)
    # The median of pairs has an efficiency of 0.955 on normal windows.
    assert spread.variance == pytest.approx(LAUNCH**2 + WINDOW**2 / WINDOWS / 0.955, rel=0.1)
    assert spreads_of(gates, LAUNCHES + 1) == ()
    assert spread.degrees is None or spread.degrees > 30


def test_the_smallest_change_is_that_from_which_on_all_larger_ones_are_found() -> None:
    shares = ((0.01, 10), (0.02, 96), (0.03, 90), (0.05, 97), (0.1, 100))
    power = tuple(Power(planted=Planted(metric="p50", size=size), found=part, gates=100) for size, part in shares)
    assert found(power=power).smallest("p50") == 0.05
    assert found(power=power[:3]).smallest("p50") is None


def test_a_file_that_is_no_calibration_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "quick.json").write_text('{"machine": 1}')
    with pytest.raises(CalibrationFileError, match=r"quick\.json: this is no calibration"):
        known(MACHINE, "quick", "duel", tmp_path)
