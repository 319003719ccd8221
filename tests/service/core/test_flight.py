from __future__ import annotations

import asyncio

import pytest

from service.core.errors import AnalysisError, OverloadError
from service.core.flight import Flight, Order
from tests.service.sample_workload import Length

STONE, LODE = Length("stone", 5), Length("lode", 4)


def order_of(*known: Length | None) -> Order[Length]:
    return Order([*known], known.count(None), 10.0, asyncio.get_running_loop().create_future())


def flight_of(word: str) -> Flight[str, Length]:
    return Flight(word, word, 1)


async def test_an_order_is_filled_when_its_last_gap_is() -> None:
    order = order_of(None, LODE, None)
    stone, bad = flight_of("stone"), flight_of("bad")
    stone.join(order, 2)
    bad.join(order, 0)
    waiting = asyncio.create_task(order.filled())
    stone.arrive(STONE)
    await asyncio.sleep(0)
    assert not waiting.done()
    failure = AnalysisError("too bad")
    bad.arrive(failure)
    assert await waiting == [failure, LODE, STONE]
    assert order.began_at is None, "nothing had to be analysed"


async def test_one_flight_fills_every_order_and_every_place_of_it() -> None:
    orders = [order_of(None, None), order_of(None)]
    flight = flight_of("stone")
    for order in orders:
        for place in range(len(order.outcomes)):
            flight.join(order, place)
    flight.arrive_analysed(STONE, 12.0, 0.5)
    assert [await order.filled() for order in orders] == [[STONE, STONE], [STONE]]


async def test_each_batch_counts_once_and_the_first_tells_how_long_was_waited() -> None:
    order = order_of(None, None, None)
    for place, began_at in enumerate((12.0, 12.0, 13.0)):
        flight = flight_of(str(place))
        flight.join(order, place)
        flight.arrive_analysed(STONE, began_at, 0.5)
    await order.filled()
    assert (order.began_at, order.compute) == (12.0, 1.0)


async def test_a_refusal_reaches_everybody_who_still_waits() -> None:
    staying, gone = order_of(None), order_of(None)
    flight = flight_of("stone")
    flight.join(staying, 0)
    flight.join(gone, 0)
    leaving = asyncio.create_task(gone.filled())
    await asyncio.sleep(0)
    leaving.cancel()
    with pytest.raises(asyncio.CancelledError):
        await leaving
    flight.fail(OverloadError("busy", 3.0))
    flight.arrive(STONE)
    with pytest.raises(OverloadError, match="busy"):
        await staying.filled()
