"""The picture of a load, drawn to a console of a fixed width."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from io import StringIO

import pytest
from rich.console import Console

from slo.histogram import Histogram
from slo.live.progress import Progress
from slo.live.screen import Standings, picture
from slo.live.standing import Standing
from slo.record import Cell, Pulse, Run
from slo.spec import load
from tests.slo.conftest import change

Make = Callable[..., Run]
Lines = Callable[[Run], Iterable[bytes]]


@pytest.fixture
def drawn(lines_of: Lines) -> Callable[..., str]:
    """The picture when the second ``until`` of ``run`` is complete."""

    def drawn(run: Run, *, width: int = 120, until: int = 100, silent: float = 0.0) -> str:
        progress, standing = Progress(), Standing(load(), "production")
        seen = {
            name: tuple(each for each in getattr(run, name) if each.second <= until) for name in ("cells", "pulses")
        }
        for line in lines_of(change(run, **seen)):
            progress.take(line)
        for news in progress.news():
            standing.take(news)
        output = StringIO()
        console = Console(file=output, width=width, color_system=None)
        console.print(picture(progress, Standings(standing.verdicts(), standing.pending), width=width, silent=silent))
        return output.getvalue()

    return drawn


def row(text: str, label: str) -> str:
    return next(line for line in text.splitlines() if line.startswith(label))


def test_the_picture_tells_where_the_load_is_and_how_it_does(make_run: Make, drawn: Callable[..., str]) -> None:
    text = drawn(make_run(failures=2), until=20)

    assert text.splitlines()[0].split() == ["comments", "steady", "0:21", "of", "0:35,", "0:14", "left"]
    assert "100/s due" in row(text, "rate")
    assert "p50 10 ms  p95 10 ms  p99 10 ms  " in row(text, "latency")
    assert "▇" in row(text, "rate") or "█" in row(text, "rate")
    assert ": 32 × timeout" in row(text, "errors")
    assert "0 dropped, 30 % of a core" in row(text, "generator")
    assert "bottleneck" not in text
    assert "✖ fail" in row(text, "✖")
    assert "objectives so far: 1 fail" in text or " fail, " in text


def test_the_stages_are_as_wide_as_they_are_long(make_run: Make, drawn: Callable[..., str]) -> None:
    bar = drawn(make_run(), width=71).splitlines()[1]

    assert len(bar.rstrip()) == 70
    assert (bar.count("─"), bar.count("━")) == (9, 60)


def test_several_workloads_have_a_line_each(
    make_run: Make, make_cell: Callable[..., Cell], drawn: Callable[..., str]
) -> None:
    run = make_run()
    images = tuple(make_cell(second, good=[0.5], workload="images") for second in range(35))

    text = drawn(change(run, cells=(*run.cells, *images)))

    assert "p95 500 ms" in row(text, "  images")
    assert "p95 10 ms" in row(text, "  comments")
    assert "  comments" not in drawn(run)


@pytest.mark.parametrize(
    ("trouble", "sentence"),
    [
        ({"cpu": 0.93}, "bottleneck: generator-0 uses or waits for 93 % of a core"),
        ({"cpu": 0.5, "waiting": 0.4}, "bottleneck: generator-0 uses or waits for 90 % of a core"),
        ({"lateness": Histogram.of([0.2] * 100).encode()}, "bottleneck: one request in a hundred starts 200 ms late"),
        ({"dropped": 3}, "Arrivals given up so far: "),
        ({"steal": 0.2}, "host takes 8.9 % of the CPU time away"),
    ],
)
def test_a_generator_in_trouble_is_told_at_once(
    trouble: dict[str, float],
    sentence: str,
    make_run: Make,
    make_pulse: Callable[..., Pulse],
    drawn: Callable[..., str],
) -> None:
    run = make_run()
    pulses = tuple(make_pulse(second, 100, **(trouble if second >= 5 else {})) for second in range(35))

    assert sentence in drawn(change(run, pulses=pulses), until=8)
    assert sentence not in drawn(run, until=8)


def test_one_busy_second_is_no_bottleneck(
    make_run: Make, make_pulse: Callable[..., Pulse], drawn: Callable[..., str]
) -> None:
    pulses = tuple(make_pulse(second, 100, cpu=0.99 if second == 7 else 0.3) for second in range(35))

    assert "bottleneck" not in drawn(change(make_run(), pulses=pulses), until=8)


def test_silence_is_told(make_run: Make, drawn: Callable[..., str]) -> None:
    assert "No second was completed for 7 s" in drawn(make_run(), until=20, silent=7.4)
    assert "No second was completed" not in drawn(make_run(), until=20, silent=1.0)


@pytest.mark.parametrize("width", [20, 40, 60, 80, 99, 100, 200])
def test_no_line_is_wider_than_the_terminal(width: int, make_run: Make, drawn: Callable[..., str]) -> None:
    text = drawn(
        make_run(failures=1, plan={"name": "a plan whose name is as long as a name of a plan can be"}), width=width
    )

    assert max(map(len, text.splitlines())) <= width


def test_texts_of_the_plan_steer_no_terminal(make_run: Make, drawn: Callable[..., str]) -> None:
    text = drawn(make_run(plan={"name": "\x1b[2J[bold]x[/bold]"}))

    assert "\x1b" not in text
    assert "[bold]x[/bold]" in text


def test_before_the_first_second_there_is_a_word(drawn: Callable[..., str], make_run: Make) -> None:
    assert "waiting for the first second" in drawn(change(make_run(), cells=(), pulses=()))
