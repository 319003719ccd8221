"""Tables: every rate with its interval, and in its place on the page."""

from __future__ import annotations

from slo.calibration.model import Calibration, Planted, Power, Tally
from slo.calibration.tables import markdown
from tests.slo.calibration.simulated import MACHINE

FOUND = Calibration(
    machine=MACHINE,
    measured_on="2026-11-22",
    rhythm="quick",
    plan="duel",
    looks=(4,),
    budgets={"p50": 0.05},
    minutes=2.5,
    real=Tally(gates=30, failed=0, undecided=3),
    refused=2,
    resampled=Tally(gates=10_000, failed=12, undecided=900),
    planted=(Power(planted=Planted(metric="p50", size=0.1), found=9, gates=10),),
    power=tuple(
        Power(planted=Planted(metric="p50", size=size), found=part, gates=250)
        for size, part in ((0.05, 100), (0.1, 249))
    ),
    spreads=(),
    seed=1,
)


def test_every_rate_stands_with_its_interval() -> None:
    told = markdown(FOUND)
    assert "2 more could not be judged" in told
    assert "| real | 30 | 0 | 0.0% | 0.00% to 11.57% | 10.0% |" in told
    assert "| drawn from them | 10,000 | 12 | 0.12% | 0.06% to 0.21% | 9.00% |" in told
    assert "| median latency +10 % | 10 | 9 | 90.0% | 55.50% to 99.75% |" in told
    assert "| % found | budget | 5% | 10% | from |" in told
    assert "| p50 | +5% | 40 | 99.6 | +10% |" in told
