"""Progress, read off the lines of a record as they are written."""

from __future__ import annotations

import msgspec
import pytest

from slo.histogram import Histogram
from slo.live import Progress, view
from slo.record import Cell

encode = msgspec.json.encode


def cell(second: int, outcomes: dict[str, int], latency: float, route: str = "/v1/comments") -> bytes:
    text = Histogram.of([latency] * outcomes.get("ok", 0)).encode()
    return encode(
        Cell(
            second=second,
            stage="steady",
            workload="comments",
            route=route,
            outcomes=outcomes,
            latency=text,
            service=text,
        )
    )


def test_figures_speak_of_the_newest_second_and_sums_of_all() -> None:
    progress = Progress()

    for line in (
        cell(4, {"ok": 3}, 0.1),
        cell(5, {"ok": 2, "timeout": 1}, 0.2),
        cell(5, {"ok": 1}, 0.4, route="/other"),
        cell(4, {"ok": 7}, 9.0),
        b"half a li",
    ):
        progress.take(line)

    assert (progress.second, progress.stage, progress.rate) == (5, "steady", 4)
    assert (progress.requests, progress.failures) == (14, 1)
    assert progress.p95 == pytest.approx(0.4, rel=0.002)


def test_without_a_terminal_there_is_a_line_every_ten_seconds(capsys: pytest.CaptureFixture[str]) -> None:
    progress = Progress(planned_seconds=40)
    with view() as show:
        for second in (0, 3, 9, 10, 12, 19, 31, 39, 40):
            progress.take(cell(second, {"ok": 1}, 0.001))
            show(progress)

    lines = capsys.readouterr().err.splitlines()
    assert [line.split("/")[0].strip() for line in lines] == ["10", "31", "40"]
    assert lines[0].endswith("4 requests, 0 failed")
