from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loadtests._planning import _plan
from loadtests._planning._plan import Plan
from loadtests._running._course import FREE_STAGE, Course
from loadtests._running._messages import Begin, Go, UnreadableMessageError, begin_of, go_of, packed, shares

START = 501.0


class Clock:
    """Moves only when told to; shows 500 s at first, a second before the start."""

    def __init__(self) -> None:
        self.passed = 0.0

    def __call__(self) -> float:
        return START - 1.0 + self.passed


def course_of(plan: str | Plan | None, seed: int = 1, name: str = "generator-0") -> tuple[Course, Clock]:
    clock = Clock()
    loaded = _plan.load(plan) if isinstance(plan, str) else plan
    begin = Begin(generator=name, seed=seed, plan=loaded, user_rate=5.0)
    return Course(begin_of(packed(begin)), clock=clock), clock


def schedule_of(seed: int, workers: list[int]) -> list[tuple[float, str, float]]:
    """All arrivals of a plan shared by workers with that many users each, and the first payload draw of each user."""
    arrivals = []
    parts = shares({str(worker): {"comments": users} for worker, users in enumerate(workers)})
    for worker, users in enumerate(workers):
        course, _ = course_of("smoke", seed)
        serials = [course.enlist("comments") for _ in range(users)]
        course.start(Go(start=START, shares=parts[str(worker)]))
        for serial in serials:
            first = course.random("comments", serial, "payloads").random()
            arrivals += [(moment, stage, first) for moment, stage in course.schedule("comments", serial)]
    return sorted(arrivals)


@settings(max_examples=20)
@given(st.integers(0, 2**32), st.lists(st.integers(1, 6), min_size=1, max_size=4))
def test_the_schedule_is_the_same_however_users_are_spread_over_processes(seed: int, workers: list[int]) -> None:
    assert schedule_of(seed, workers) == schedule_of(seed, [sum(workers)])


def test_another_seed_is_another_schedule() -> None:
    assert schedule_of(1, [2]) != schedule_of(2, [2])


def test_a_user_that_the_plan_did_not_count_on_gets_nothing() -> None:
    course, _ = course_of("smoke")
    course.start(Go(start=START, shares=shares({"a": {"comments": 1}})["a"]))
    assert list(course.schedule("comments", 0))
    assert not list(course.schedule("comments", 1))
    assert not list(course.schedule("pictures", 0))


def test_a_run_without_a_plan_arrives_at_the_users_own_rate_from_when_it_came() -> None:
    course, clock = course_of(None)
    course.start(Go(start=START, shares={}))
    clock.passed = 11.0
    first, second = (next(course.schedule("comments", serial)) for serial in range(2))
    assert first != second
    assert min(first.moment, second.moment) > 10.0
    assert first.stage == FREE_STAGE


def test_a_course_is_over_when_its_time_is_up_and_nothing_is_under_way() -> None:
    course, clock = course_of("smoke")
    course.enlist("comments")
    assert course.now < 0.0
    course.start(Go(start=START, shares=shares({"a": {"comments": 1}})["a"]))
    arrival = next(course.schedule("comments", 0))
    course.tally.arrive(arrival)
    clock.passed = 1.0 + course.seconds
    assert not course.over
    course.dismiss("user")
    assert not course.over
    course.tally.drop(arrival)
    assert not course.over
    course.halt()
    assert not course.over, "a request is still under way"


def test_a_course_that_is_halted_before_its_start_is_over() -> None:
    course, _ = course_of("smoke")
    assert not course.over
    course.halt()
    assert course.over


def test_arrivals_that_nobody_came_for_in_time_are_dropped_and_the_next_ones_are_not() -> None:
    course, clock = course_of("smoke")
    course.enlist("comments")
    course.start(Go(start=START, shares=shares({"a": {"comments": 1}})["a"]))
    everything = list(course.schedule("comments", 0))
    behind = course.timeout + 1.5
    clock.passed = 1.0 + behind
    rest = list(course.schedule("comments", 0))
    assert rest == [arrival for arrival in everything if arrival.moment >= 1.5]
    _, pulses = course.tally.take(9)
    assert sum(pulse.dropped for pulse in pulses) == len(everything) - len(rest)


def test_closed_users_come_when_it_is_their_turn_and_stay_away_when_it_is_over() -> None:
    stages = [
        {"name": "few", "seconds": 10.0, "users": 1},
        {"name": "many", "seconds": 10.0, "users": 2},
        {"name": "few again", "seconds": 10.0, "users": 1},
    ]
    table = {"description": "d", "arrivals": "closed", "think_seconds": 0.0, "stages": stages, "mix": {"comments": 1.0}}
    course, clock = course_of(_plan.parse(table, name="closed", shown="closed.toml"))
    course.start(Go(start=START, shares=shares({"a": {"comments": 2}})["a"]))
    clock.passed = 4.0
    first, second = (course.pauses("comments", serial) for serial in range(2))
    assert next(first) == 0.0
    assert next(second) == pytest.approx(7.0), "3 s are over, and the second user comes after 10"
    clock.passed = 21.5
    assert next(first) == 0.0
    assert list(second) == []


def test_a_message_of_another_version_is_refused_in_a_sentence() -> None:
    with pytest.raises(UnreadableMessageError, match="a message cannot be read"):
        go_of({"packed": b"\x81\xa5epoch\x01"})
    with pytest.raises(UnreadableMessageError, match="a message cannot be read"):
        go_of(None)
