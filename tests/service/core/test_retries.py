from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from service.core.retries import Retries


@given(failures=st.integers(1, 20), draw=st.floats(0, 1))
def test_delays_are_drawn_from_a_range_that_doubles_up_to_the_longest(failures: int, draw: float) -> None:
    delay = Retries(attempts=100, base=0.05, longest=1.0, draw=lambda: draw).delay(failures)
    assert delay == min(1.0, 0.05 * 2 ** (failures - 1)) * draw


def test_attempts_are_counted() -> None:
    retries = Retries(attempts=3)
    assert [retries.delay(failures) is not None for failures in (1, 2, 3, 4)] == [True, True, False, False]


@given(operations=st.integers(0, 2000))
def test_retries_add_no_more_than_their_share_to_the_load(operations: int) -> None:
    """Every operation fails for ever: beyond the reserve there is a retry for every tenth of them."""
    retries = Retries(attempts=3, share=0.1, reserve=10.0)
    spent = 0
    for _ in range(operations):
        retries.begin()
        failures = 1
        while retries.delay(failures) is not None:
            spent += 1
            failures += 1
    assert spent <= 10 + operations * 0.1 + 1e-6
    assert spent >= min(2 * operations, 10)
