"""Progress, read off the lines of a record as they are written."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import msgspec
import pytest

from slo.live.progress import WINDOW_S, Progress
from slo.record import Cell, Header, Run

Make = Callable[..., Run]
Lines = Callable[[Run], Iterable[bytes]]


def test_sums_speak_of_all_and_quantiles_of_the_last_seconds(make_cell: Callable[..., Cell]) -> None:
    progress = Progress()

    for second in range(30):
        slow = second >= 30 - WINDOW_S
        progress.take(msgspec.json.encode(make_cell(second, good=[0.4 if slow else 0.1] * 4, failures=1)))

    assert (progress.second, progress.stage) == (29, "steady")
    assert (progress.requests, progress.failures) == (150, 30)
    assert progress.lately().outcomes == {"ok": 4 * WINDOW_S, "timeout": WINDOW_S}
    assert progress.lately().latency.quantile(0.0) == pytest.approx(0.4, rel=0.002)
    assert list(progress.answered) == [4.0] * 29
    assert progress.p95s[0] == pytest.approx(0.1, rel=0.002)


def test_routes_add_up_to_their_workload_and_late_lines_count_in_the_sums_alone(
    make_cell: Callable[..., Cell],
) -> None:
    progress = Progress()

    for cell in (
        make_cell(20, good=[0.1, 0.1]),
        make_cell(20, good=[0.2], route="/other"),
        make_cell(20, good=[0.3], workload="images"),
        make_cell(3, good=[9.0]),
    ):
        progress.take(msgspec.json.encode(cell))

    assert {name: each.latency.count for name, each in progress.lately_by_workload().items()} == {
        "comments": 3,
        "images": 1,
    }
    assert progress.requests == 5
    assert progress.lately().latency.longest < 1


@pytest.mark.parametrize("line", [b"half a li", b"{}", b"\xff\n", b'{"type":"cell","second":0}'])
def test_a_line_that_cannot_be_read_is_left_to_the_judge(line: bytes) -> None:
    progress = Progress()

    progress.take(line)

    assert (progress.second, progress.requests) == (-1, 0)


def test_a_histogram_that_cannot_be_read_is_left_to_the_judge(make_cell: Callable[..., Cell]) -> None:
    progress = Progress()

    progress.take(msgspec.json.encode(make_cell(1, good=[0.1], latency="HISTnothing")))

    assert progress.requests == 0


def test_news_are_told_once(make_run: Make, lines_of: Lines) -> None:
    progress = Progress()
    for line in lines_of(make_run()):
        progress.take(line)

    first, second = progress.news(), progress.news()

    assert isinstance(first[0], Header)
    assert len(first) == 1 + 2 * 35
    assert second == []
