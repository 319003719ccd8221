from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from loadtests import _plan
from loadtests._course import FREE_STAGE, Course
from loadtests._messages import Begin, Go, begin_of, packed, shares

EPOCH = 1_000_000.0


class Clocks:
    """A monotonic and a wall clock that only move when told to."""

    def __init__(self) -> None:
        self.passed = 0.0

    def monotonic(self) -> float:
        return 500.0 + self.passed

    def wall(self) -> float:
        return EPOCH - 1.0 + self.passed


def course_of(plan: str | None, seed: int = 1, name: str = "generator-0") -> tuple[Course, Clocks]:
    clocks = Clocks()
    begin = Begin(generator=name, seed=seed, plan=_plan.load(plan) if plan else None, user_rate=5.0)
    return Course(begin_of(packed(begin)), clock=clocks.monotonic, wall=clocks.wall), clocks


def schedule_of(seed: int, workers: list[int]) -> list[tuple[float, str, float]]:
    """All arrivals of a plan shared by workers with that many users each, and the first payload draw of each user."""
    arrivals = []
    parts = shares({str(worker): {"comments": users} for worker, users in enumerate(workers)})
    for worker, users in enumerate(workers):
        course, _ = course_of("smoke", seed)
        serials = [course.enlist("comments") for _ in range(users)]
        course.start(Go(epoch=EPOCH, shares=parts[str(worker)]))
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
    course.start(Go(epoch=EPOCH, shares=shares({"a": {"comments": 1}})["a"]))
    assert list(course.schedule("comments", 0))
    assert not list(course.schedule("comments", 1))
    assert not list(course.schedule("pictures", 0))


def test_a_run_without_a_plan_arrives_at_the_users_own_rate_from_when_it_came() -> None:
    course, clocks = course_of(None)
    course.start(Go(epoch=EPOCH, shares={}))
    clocks.passed = 11.0
    first, second = (next(course.schedule("comments", serial)) for serial in range(2))
    assert first != second
    assert min(first.moment, second.moment) > 10.0
    assert first.stage == FREE_STAGE


def test_a_course_is_over_when_its_time_is_up_and_nothing_is_under_way() -> None:
    course, clocks = course_of("smoke")
    course.enlist("comments")
    assert course.now < 0.0
    course.start(Go(epoch=EPOCH, shares=shares({"a": {"comments": 1}})["a"]))
    arrival = next(course.schedule("comments", 0))
    course.tally.arrive(arrival)
    clocks.passed = 1.0 + course.seconds
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
