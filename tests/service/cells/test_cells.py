"""Processes that may end: who gave the order is told, and everybody else is answered."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from service.cells.cells import CellLostError, Cells
from tests.service.cells.sample_cell import MOST_MEMORY, Order, Reply


@pytest.fixture
def made() -> Iterator[Callable[..., Cells[Reply]]]:
    pools: list[Cells[Reply]] = []

    def make(longest_seconds: float = 60.0, most_orders: int = 100) -> Cells[Reply]:
        pools.append(
            Cells("tests.service.cells.sample_cell", Reply, longest_seconds=longest_seconds, most_orders=most_orders)
        )
        return pools[-1]

    yield make
    for pool in pools:
        pool.end()


def test_an_order_that_ends_its_cell_costs_nobody_else(made: Callable[..., Cells[Reply]]) -> None:
    cells = made()
    first = cells.answer(Order(1))
    with pytest.raises(CellLostError):
        cells.answer(Order(0))
    second = cells.answer(Order(1))
    assert (first.number, second.number) == (2, 2)
    assert first.process != second.process


def test_an_order_that_never_ends_is_ended(made: Callable[..., Cells[Reply]]) -> None:
    cells = made()
    assert cells.answer(Order(1)).number == 2
    cells.longest_seconds = 0.05
    with pytest.raises(CellLostError):
        cells.answer(Order(-1))
    cells.longest_seconds = 60.0
    assert cells.answer(Order(2)).number == 4


def test_more_memory_than_there_may_be_ends_the_cell_alone(made: Callable[..., Cells[Reply]]) -> None:
    cells = made()
    with pytest.raises(CellLostError):
        cells.answer(Order(MOST_MEMORY))
    assert cells.answer(Order(3)).number == 6


def test_a_cell_is_used_again_until_it_is_worn(made: Callable[..., Cells[Reply]]) -> None:
    cells = made(most_orders=2)
    assert len({cells.answer(Order(1)).process for _ in range(4)}) == 2


def test_a_cell_that_somebody_ended_is_replaced(made: Callable[..., Cells[Reply]]) -> None:
    cells = made()
    victim = cells.answer(Order(1)).process
    os.kill(victim, signal.SIGKILL)
    os.waitid(os.P_PID, victim, os.WEXITED | os.WNOWAIT)
    assert cells.answer(Order(1)).process != victim


def test_as_many_cells_as_orders_at_once(made: Callable[..., Cells[Reply]]) -> None:
    cells = made()
    with ThreadPoolExecutor(4) as threads:
        replies = list(threads.map(cells.answer, map(Order, range(1, 41))))
    assert [reply.number for reply in replies] == [2 * number for number in range(1, 41)]
    assert 1 <= len({reply.process for reply in replies}) <= 4


def test_cells_end_with_their_pool(made: Callable[..., Cells[Reply]]) -> None:
    cells = made()
    process = cells.answer(Order(1)).process
    cells.end()
    assert not Path(f"/proc/{process}").exists()
