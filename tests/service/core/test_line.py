from __future__ import annotations

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from service.core.call import Priority
from service.core.flight import Flight
from service.core.line import BULK_EVERY, PORTION, Line
from tests.service.sample_workload import Length

INTERACTIVE, BULK = Priority.INTERACTIVE, Priority.BULK
WordsLine = Line[str, Length]


class Observations:
    """How long items had waited when they were taken."""

    def __init__(self) -> None:
        self.waits: list[float] = []

    def __call__(self, seconds: float, times: int) -> None:
        self.waits += [seconds] * times


def line() -> WordsLine:
    return Line(Observations())


def flights(name: str, count: int, size: int = 1) -> list[Flight[str, Length]]:
    return [Flight(f"{name}{number}", f"{name}{number}", size) for number in range(count)]


def keys(batch: Sequence[Flight[str, Length]]) -> list[str]:
    return [flight.key for flight in batch]


parties = st.lists(st.tuples(st.sampled_from(Priority), st.integers(1, 40)), max_size=6)


@given(parties, st.integers(1, 20), st.integers(0, 50))
def test_everybody_is_taken_once_and_a_party_in_its_order(
    parties: list[tuple[Priority, int]], items: int, size: int
) -> None:
    waiting = line()
    for number, (priority, count) in enumerate(parties):
        waiting.join(flights(f"p{number}-", count, size=3), priority, 0.0)
    taken: list[str] = []
    while waiting.count:
        batch = waiting.take(items, size, 0.0)
        assert 1 <= len(batch) <= items
        assert len(batch) == 1 or 3 * len(batch) <= size
        taken += keys(batch)
    assert waiting.size == 0
    for number, (_, count) in enumerate(parties):
        own = [key for key in taken if key.startswith(f"p{number}-")]
        assert own == [f"p{number}-{place}" for place in range(count)]
    assert len(taken) == sum(count for _, count in parties)


def test_one_item_does_not_wait_for_the_thousand_before_it() -> None:
    waiting = line()
    waiting.join(flights("many", 1000), INTERACTIVE, 0.0)
    waiting.join(flights("one", 1), INTERACTIVE, 0.0)
    assert "one0" in keys(waiting.take(PORTION + 1, 1e9, 0.0))


def test_interactive_items_go_first_and_bulk_is_not_stuck() -> None:
    waiting = line()
    waiting.join(flights("bulk", 100), BULK, 0.0)
    waiting.join(flights("person", 100), INTERACTIVE, 0.0)
    first = [key[:4] for key in keys(waiting.take(10 * BULK_EVERY, 1e9, 0.0))]
    assert first == (["pers"] * (BULK_EVERY - 1) + ["bulk"]) * 10
    alone = [waiting.take(1, 1e9, 0.0)[0].key[:4] for _ in range(2 * BULK_EVERY)]
    assert alone.count("bulk") == 2


def test_what_waited_too_long_is_taken_out_and_nothing_else() -> None:
    waiting = line()
    waiting.join(flights("old", 2), BULK, 10.0)
    waiting.join(flights("new", 2), INTERACTIVE, 20.0)
    assert waiting.expire(9.0) == []
    assert keys(waiting.expire(15.0)) == ["old0", "old1"]
    assert (waiting.count, waiting.size, waiting.oldest()) == (2, 2, 20.0)
    assert keys(waiting.expire(20.0)) == ["new0", "new1"]
    assert waiting.expire(1e9) == []


def test_it_is_told_how_long_each_item_had_waited() -> None:
    observations = Observations()
    waiting: WordsLine = Line(observations)
    waiting.join(flights("a", 2), INTERACTIVE, 1.0)
    waiting.join(flights("b", 1), BULK, 3.0)
    waiting.take(10, 1e9, 5.0)
    assert sorted(observations.waits) == [2.0, 4.0, 4.0]
