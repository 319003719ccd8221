from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtests._planning import _plan
from loadtests._planning._plan import PlanError, PlanInvalidError, UnknownPlanError
from loadtests._planning._stages import SHORTEST_SECONDS
from tests.loadtests.more_workloads import add_workloads

GOOD: dict[str, Any] = {
    "description": "a trial",
    "stages": [
        {"name": "warm-up", "seconds": 5, "rate": 10, "judged": False},
        {"name": "go", "seconds": 10, "rate": 20},
    ],
    "mix": {"comments": 1},
}


CLASSICS = {"smoke", "light", "medium", "heavy", "stress", "volume", "spike", "soak", "ramp", "staged"}
CLASSICS |= {"cold-cache", "warm-cache", "batch-upload", "mixed-day", "gate"}


def test_the_classic_tests_are_there() -> None:
    assert set(_plan.names()) >= CLASSICS
    users = {"light": (20, 5), "medium": (50, 10), "heavy": (100, 15)}
    for name, (most, minutes) in users.items():
        plan = _plan.load(name)
        assert (plan.closed, plan.users_to_start, plan.seconds) == (True, most, minutes * 60)
    assert _plan.load("stress").users_to_start == 200
    assert (_plan.load("smoke").users, _plan.load("smoke").seconds) == (5, 120)
    assert _plan.load("volume").seconds == 4 * 3600
    staged = [(stage.name, stage.seconds / 60, stage.rate) for stage in _plan.load("staged").stages]
    assert staged == [("warm-up", 5, 1), ("ramp-up", 10, 10), ("sustained", 20, 50), ("cool-down", 5, 1)]


@pytest.mark.parametrize("name", _plan.names())
def test_every_plan_that_comes_along_can_be_judged_as_it_is_and_shrunk(name: str) -> None:
    plan = _plan.load(name)
    assert plan.description
    assert plan.objectives
    assert not plan.stages[0].judged
    assert plan.warm_up_seconds >= 10.0
    assert not plan.doubts
    for scaled in (plan.scaled(time=0.02), plan.scaled(rate=0.1), plan.scaled(time=0.02, rate=0.1)):
        assert not any("judged" in doubt and "few" not in doubt for doubt in scaled.doubts)


def test_no_two_plans_send_the_same_except_where_only_the_cache_differs() -> None:
    seeds = {name: _plan.load(name).seed for name in _plan.names() if name != "warm-cache"}
    assert len(set(seeds.values())) == len(seeds)
    cold, warm = _plan.load("cold-cache"), _plan.load("warm-cache")
    assert (cold.seed, cold.payloads, cold.mix) == (warm.seed, warm.payloads, warm.mix)
    assert [(stage.seconds, stage.rates) for stage in cold.stages] == [
        (stage.seconds, stage.rates) for stage in warm.stages
    ]
    assert (cold.cache, warm.cache) == ("cold", "warm")


def test_the_gates_own_load_is_fit_to_judge() -> None:
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
        ({"payloads": {"comments": {"jobs": {}}}}, "payloads.comments.jobs: expected `float`, got `object`"),
        ({"payloads": {"comments": {"sises": {}}}}, "payloads.comments.sises: unknown key"),
        (
            {"payloads": {"movies": {}}},
            "payloads.movies: there is no workload 'movies'; there are batches, comments, images",
        ),
        ({"payloads": 3}, "payloads: expected `object`, got `int`"),
        ({"mix": {"plan": 1}}, "mix.plan: there is no workload 'plan'; there are batches, comments, images"),
        ({"mix": {"../x": 1}}, "mix.../x: there is no workload '../x'"),
        ({"source": "x"}, "source: unknown key"),
        (
            {"stages": [{"name": "a", "seconds": 1, "users": 1}]},
            "stages[0]: users has no meaning where arrivals are open",
        ),
        (
            {"arrivals": "closed", "stages": [{"name": "a", "seconds": 1, "users_to": 2}]},
            "stages[0]: needs either `users` or both `users_from` and `users_to`",
        ),
        (
            {"arrivals": "closed", "stages": [{"name": "a", "seconds": 1, "users": 0}]},
            "stages: there is nowhere a user",
        ),
        ({"cache": "hot"}, "cache: invalid enum value 'hot'"),
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
        ("gaet", "there is no plan 'gaet'; there are .*gate, .*smoke, "),
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


def test_a_scaled_plan_says_so_in_its_record() -> None:
    facts = _plan.load("gate").scaled(time=0.5).scaled(rate=3.0).facts()
    assert (facts.source, facts.time_scale, facts.rate_scale) == ("gate", 0.5, 3.0)


def test_a_closed_plan_is_scaled_in_its_users_and_keeps_at_least_one() -> None:
    plan = _plan.load("stress")
    assert plan.scaled(rate=0.1).users_to_start == 20
    assert plan.scaled(rate=0.001).users_to_start == 1
    assert [plan.users_at(moment) for moment in (0.0, 29.9, 90.0, 300.0, 700.0)] == [1, 20, 110, 200, 20]
    assert plan.users_at(plan.seconds) == 0
    told = [(stage.users_from, stage.users_to, stage.rate_to) for stage in plan.scaled(rate=0.1).facts().stages]
    assert told == [(1, 2, 0.0), (2, 20, 0.0), (20, 20, 0.0), (2, 2, 0.0)]


def test_what_can_hardly_be_judged_is_said_before_it_starts() -> None:
    def doubts(**stage: float) -> tuple[str, ...]:
        table = GOOD | {
            "stages": [{"name": "warm", "seconds": 1.5, "rate": 9, "judged": False}, {"name": "a", **stage}]
        }
        return _plan.parse(table, name="trial", shown="trial.toml").doubts

    assert doubts(seconds=1.2, rate=99) == ("no judged stage lasts a whole second, so that the run cannot be judged",)
    assert doubts(seconds=9, rate=90) == ("a warm-up of 1.5 s is short: what is slow only at first will be judged too",)
    assert doubts(seconds=9, rate=2)[1:] == ("18 requests in the judged part are too few to decide anything",)


@given(st.floats(1e-6, 1.0), st.sampled_from(_plan.names()))
def test_no_stage_becomes_too_short_to_be_judged(time: float, name: str) -> None:
    for before, after in zip(_plan.load(name).stages, _plan.load(name).scaled(time=time).stages, strict=True):
        assert after.seconds == max(before.seconds * time, SHORTEST_SECONDS)


@pytest.mark.parametrize(
    ("name", "scale", "reason"),
    [
        ("gate", {"time": 1e6}, "would last 7e\\+07 s, and 1,000,000 s are the most"),
        ("heavy", {"rate": 1e3}, "would have 100,000 users, and 10,000 are the most"),
    ],
)
def test_no_scale_makes_a_run_that_nobody_could_follow(name: str, scale: dict[str, float], reason: str) -> None:
    with pytest.raises(PlanInvalidError, match=reason):
        _plan.load(name).scaled(**scale)


def test_users_of_a_closed_plan_are_shared_by_the_mix(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    add_workloads(monkeypatch, tmp_path, "films", "songs")
    table = {
        "description": "a trial",
        "arrivals": "closed",
        "stages": [{"name": "go", "seconds": 10, "users_from": 0, "users_to": 40}],
        "mix": {"comments": 3, "films": 1, "songs": 0.01},
    }
    plan = _plan.parse(table, name="trial", shown="trial.toml")
    assert plan.facts().mix == pytest.approx({"comments": 3 / 4.01, "films": 1 / 4.01, "songs": 0.01 / 4.01})
    assert [plan.population(name).most for name in plan.mix] == [30, 10, 1]
    assert (plan.users_to_start, plan.users_at(9.99)) == (30, 41)
