from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from loadtests import _plan
from loadtests._plan import PlanError, PlanInvalidError, UnknownPlanError

GOOD: dict[str, Any] = {
    "description": "a trial",
    "stages": [
        {"name": "warm-up", "seconds": 5, "rate": 10, "judged": False},
        {"name": "go", "seconds": 10, "rate": 20},
    ],
    "mix": {"comments": 1},
}


def test_every_plan_that_comes_along_is_valid_and_says_what_it_is_for() -> None:
    assert {"gate", "light", "smoke"} <= set(_plan.plans())
    assert all(_plan.plans().values())
    gate = _plan.load("gate").facts()
    assert gate.objectives == ("comments", "duties")
    assert not gate.stages[0].judged
    assert sum(stage.seconds for stage in gate.stages if stage.judged) >= 60.0


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"stages": [{"name": "a", "seconds": "5", "rate": 1}]}, "stages[0].seconds: expected `float`, got `str`"),
        ({"stages": [GOOD["stages"][0], {"name": "b", "seconds": 1, "rte": 1}]}, "stages[1].rte: unknown key"),
        ({"stages": [{"seconds": 1, "rate": 1}]}, "stages[0].name: missing"),
        ({"stages": [{"name": "a", "seconds": 1}]}, "stages[0]: needs either `rate` or both"),
        ({"stages": [{"name": "a", "seconds": 1, "rate": 1, "rate_to": 2}]}, "stages[0]: needs either `rate` or both"),
        ({"stages": [{"name": "a", "seconds": 0, "rate": 1}]}, "stages[0].seconds: expected `float` > 0.0"),
        ({"stages": [{"name": "a", "seconds": 1, "rate": -1}]}, "stages[0].rate: expected `float` >= 0.0"),
        ({"stages": [{"name": "a", "seconds": 1, "rate": 0}]}, "stages: the rate is nowhere above 0"),
        ({"stages": [{"name": "a", "seconds": 1, "rate": 1}] * 2}, "stages[1].name: there is already a stage 'a'"),
        ({"stages": [{"name": "a", "seconds": 1, "rate": 1, "judged": False}]}, "stages: none of them is judged"),
        ({"stages": [{"name": "a", "seconds": float("inf"), "rate": 1}]}, "stages[0].seconds: expected `float` <= 1"),
        ({"stages": [{"name": "a", "seconds": 1, "rate": float("nan")}]}, "stages[0].rate: expected `float` >= 0.0"),
        ({"stages": [{"name": "a", "seconds": 2e6, "rate": 1}]}, "stages: together they last 2e+06 s, and 1,000,000 s"),
        ({"seed": 10**30}, "seed: expected `int` <= 9007199254740992"),
        ({"stages": []}, "stages: expected `array` of length >= 1"),
        ({"arrivals": "closed"}, "stages[0]: rate has no meaning where arrivals are closed"),
        ({"arrivals": "random"}, "arrivals: invalid enum value 'random'"),
        ({"colour": 1}, "colour: unknown key"),
        ({"name": "x"}, "name: unknown key, a plan is called after its file"),
        ({"payloads": {"comments": {"unique": 1.5}}}, "payloads.comments.unique: expected `float` <= 1.0"),
        ({"payloads": {"comments": {"quality": {"fast": 0}}}}, "payloads.comments: the weights of `quality` add up"),
        ({"payloads": {"movies": {}}}, "payloads.movies: unknown key"),
    ],
)
def test_an_error_names_file_and_key(change: dict[str, Any], expected: str) -> None:
    with pytest.raises(PlanInvalidError) as raised:
        _plan.parse(GOOD | change, name="trial", shown="plans/trial.toml")
    assert str(raised.value).startswith(f"plans/trial.toml: {expected}")


def test_what_is_no_plan_is_said_in_one_sentence(tmp_path: Path) -> None:
    broken = tmp_path / "broken.toml"
    broken.write_bytes(b"stages = [")
    latin = tmp_path / "latin.toml"
    latin.write_bytes(b"description = '\xe9'")
    for name, expected in (
        ("gaet", "there is no plan 'gaet'; there are gate"),
        (str(tmp_path / "none.toml"), "No such file"),
        (str(broken), "not TOML"),
        (str(latin), "not UTF-8"),
    ):
        with pytest.raises(PlanError, match=expected) as raised:
            _plan.load(name)
        assert "\n" not in str(raised.value)
    with pytest.raises(UnknownPlanError):
        _plan.load("gaet")


def test_scaling_changes_times_and_rates_and_nothing_else() -> None:
    plan = _plan.load("gate")
    scaled = plan.scaled(time=0.5, rate=3.0)
    assert scaled.seconds == pytest.approx(plan.seconds * 0.5)
    assert scaled.warm_up_seconds == pytest.approx(plan.warm_up_seconds * 0.5)
    for before, after in zip(plan.facts().stages, scaled.facts().stages, strict=True):
        assert (after.rate_from, after.rate_to) == pytest.approx((before.rate_from * 3.0, before.rate_to * 3.0))
    assert scaled.scaled(time=2.0, rate=1.0 / 3.0).facts().mix == plan.facts().mix


def test_no_scale_makes_a_run_longer_than_a_record_can_tell() -> None:
    with pytest.raises(PlanInvalidError, match="would last 7e\\+07 s, and 1,000,000 s are the most"):
        _plan.load("gate").scaled(time=1e6)


def test_the_mix_is_shares_of_the_rate() -> None:
    plan = _plan.parse(GOOD | {"mix": {"comments": 3, "other": 1}}, name="trial", shown="trial.toml")
    assert plan.facts().mix == {"comments": 0.75, "other": 0.25}
