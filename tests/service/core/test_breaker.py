from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from service.core.breaker import TOLERANCE, WINDOW, Breaker
from tests.service.doubles import FakeClock


def breaker() -> tuple[Breaker, FakeClock]:
    clock = FakeClock()
    return Breaker("something", clock, rest=1.0, longest_rest=4.0), clock


@given(st.lists(st.booleans(), max_size=40))
def test_it_opens_with_the_first_call_that_makes_too_many_of_the_last_ones_fail(failures: list[bool]) -> None:
    opened, _ = breaker()
    for place, failed in enumerate(failures):
        assert opened.is_closed
        if failed:
            opened.failed("refused")
        else:
            opened.succeeded()
        if sum(failures[max(0, place + 1 - WINDOW) : place + 1]) >= TOLERANCE:
            assert not opened.is_closed
            break


def test_one_probe_goes_out_after_each_rest_and_the_rests_grow() -> None:
    opened, clock = breaker()
    for _ in range(TOLERANCE):
        opened.failed("refused")
    for rest in (1.0, 2.0, 4.0, 4.0):
        clock.now += rest - 0.001
        assert not opened.wants_probe()
        clock.now += 0.001
        assert [opened.wants_probe() for _ in range(3)] == [True, False, False]
        assert not opened.is_closed
        opened.failed("still refused")
    clock.now += 4.0
    assert opened.wants_probe()
    opened.succeeded()
    assert opened.is_closed


def test_after_a_good_probe_it_begins_anew() -> None:
    opened, clock = breaker()
    for _ in range(2):
        for _ in range(TOLERANCE):
            assert opened.is_closed
            opened.failed("refused")
        clock.now += 1.0
        assert opened.wants_probe(), "the first rest again"
        opened.succeeded()


def test_late_answers_to_earlier_calls_neither_close_it_nor_prolong_its_rest() -> None:
    opened, clock = breaker()
    for _ in range(TOLERANCE):
        opened.failed("refused")
    opened.succeeded()
    opened.failed("refused")
    assert not opened.is_closed
    clock.now += 1.0
    assert opened.wants_probe()
