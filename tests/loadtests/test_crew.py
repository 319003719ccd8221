from __future__ import annotations

import time

import gevent
import pytest
from gevent.event import Event
from hypothesis import given, settings
from hypothesis import strategies as st

from loadtests._http._crew import Crew
from loadtests._http._deadlines import Deadlines


def test_jobs_are_done_in_order_and_not_by_who_hands_them_in() -> None:
    crew, done = Crew(), list[int]()
    for number in range(5):
        crew.hand(done.append, number)
    assert done == []
    gevent.sleep(0.0)
    assert done == list(range(5))


@settings(max_examples=30)
@given(st.lists(st.booleans(), max_size=20))
def test_a_job_that_waits_holds_up_no_other(waits: list[bool]) -> None:
    crew, go, done = Crew(), Event(), list[int]()

    def job(number: int) -> None:
        if waits[number]:
            go.wait()
        done.append(number)

    for number in range(len(waits)):
        crew.hand(job, number)
    gevent.sleep(0.0)
    assert done == [number for number, wait in enumerate(waits) if not wait]
    go.set()
    gevent.sleep(0.0)
    assert sorted(done) == list(range(len(waits)))


def test_a_job_that_fails_is_told_and_the_rest_goes_on(capsys: pytest.CaptureFixture[str]) -> None:
    crew, done = Crew(), list[int]()
    crew.hand(lambda _: [][0], None)
    crew.hand(done.append, 1)
    gevent.sleep(0.0)
    assert done == [1]
    assert "IndexError" in capsys.readouterr().err


def test_a_dismissed_crew_ends_what_it_has_and_keeps_nobody() -> None:
    crew, go, done = Crew(), Event(), list[int]()
    crew.hand(lambda _: go.wait(), None)
    crew.hand(done.append, 1)
    gevent.sleep(0.0)
    crew.dismiss()
    crew.hand(done.append, 2)
    go.set()
    gevent.sleep(0.0)
    gevent.sleep(0.0)
    assert done == [1, 2]
    assert crew._idle == []


def test_what_has_not_ended_in_time_is_told_in_order_and_never_early() -> None:
    begun = dict[int, float]()
    passed = dict[int, float]()
    deadlines: Deadlines[int] = Deadlines(
        0.05, time.perf_counter, lambda number: passed.setdefault(number, time.perf_counter())
    )
    for number in range(6):
        begun[number] = time.perf_counter()
        deadlines.begin(number, begun[number])
        gevent.sleep(0.005)
    for number in (0, 3, 5):
        deadlines.end(number)
    while len(passed) < 3:
        gevent.sleep(0.005)
    assert list(passed) == [1, 2, 4]
    assert all(passed[number] - begun[number] >= 0.05 for number in passed)
    deadlines.begin(7, time.perf_counter())
    while 7 not in passed:
        gevent.sleep(0.005)
