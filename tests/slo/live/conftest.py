"""Lines of records as a load writes them, second by second."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import msgspec
import pytest

from slo.record import Cell, Pulse, Run

encode = msgspec.json.encode


def lines(run: Run) -> Iterator[bytes]:
    """The header, then the cells and pulses of every second, as they are written."""
    yield encode(run.header)
    seconds: list[Cell | Pulse] = [*run.cells, *run.pulses]
    for line in sorted(seconds, key=lambda line: line.second):
        yield encode(line)


@pytest.fixture
def lines_of() -> Callable[[Run], Iterable[bytes]]:
    return lines
