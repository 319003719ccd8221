"""How a load is shown: drawn on a terminal, line by line elsewhere, and gone without a trace."""

from __future__ import annotations

import os
import pty
import re
import sys
from collections.abc import Callable, Iterable
from io import BytesIO, StringIO, TextIOWrapper
from itertools import pairwise
from pathlib import Path

import pytest
from rich.console import Console

from slo.live import Progress, view
from slo.live.display import DRAW_SECONDS, LARGEST_SHARE
from slo.record import Pulse, Run
from slo.spec import load
from tests.slo.conftest import change

Make = Callable[..., Run]
Lines = Callable[[Run], Iterable[bytes]]
SHOWN = """
import sys
from pathlib import Path
from slo.live import Progress, view

progress = Progress()
with view() as show:
    for line in Path(sys.argv[1]).read_bytes().splitlines():
        progress.take(line)
    show(progress)
    if sys.argv[2]:
        raise KeyboardInterrupt
"""


class Clock:
    """Goes on when it is told to."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def console(*, terminal: bool, **variables: str) -> tuple[Console, StringIO]:
    output = StringIO()
    environment = {"TERM": "xterm", **variables}
    return Console(file=output, width=100, force_terminal=terminal, _environ=environment), output


def test_without_a_terminal_there_is_a_line_every_ten_seconds(make_run: Make, lines_of: Lines) -> None:
    output, text = console(terminal=False)
    progress = Progress()

    with view(load(), "production", console=output) as show:
        for line in lines_of(make_run(failures=1)):
            progress.take(line)
            show(progress)

    said = text.getvalue().splitlines()
    assert [line.split("/")[0].strip() for line in said] == ["10", "20", "30"]
    assert "p95 10 ms" in said[0]
    assert "6 failed (6 × timeout)" in said[0]
    assert "objectives so far: " in said[0]


def test_a_generator_in_trouble_gets_a_line_at_once_and_only_one(
    make_run: Make, make_pulse: Callable[..., Pulse], lines_of: Lines
) -> None:
    output, text = console(terminal=False)
    progress = Progress()
    pulses = tuple(make_pulse(second, 100, cpu=0.95, dropped=second) for second in range(9))

    with view(console=output) as show:
        for line in lines_of(change(make_run(), pulses=pulses)):
            if progress.second < 9:
                progress.take(line)
                show(progress)

    said = text.getvalue().splitlines()
    assert said[0] == "warning: The generator is the bottleneck: generator-0 uses or waits for 95 % of a core."
    assert said[1].startswith("warning: Arrivals given up so far: 1,")
    assert len(said) == 2


def test_a_picture_that_took_long_makes_the_next_one_wait(make_run: Make, lines_of: Lines) -> None:
    output, text = console(terminal=True)
    clock, progress = Clock(), Progress()
    spent = (index * 0.25 for index in range(1_000))
    drawn: list[float] = []

    with view(console=output, clock=clock, cpu_clock=lambda: next(spent)) as show:
        for line in lines_of(make_run()):
            before = len(text.getvalue())
            progress.take(line)
            show(progress)
            if len(text.getvalue()) > before:
                drawn.append(clock.now)
            clock.now += DRAW_SECONDS

    assert len(drawn) == 3
    assert min(later - earlier for earlier, later in pairwise(drawn)) >= 0.25 / LARGEST_SHARE


def test_no_color_is_heeded(make_run: Make, lines_of: Lines) -> None:
    colours = {}
    for name, variables in (("with", {}), ("without", {"NO_COLOR": "1"})):
        output, text = console(terminal=True, **variables)
        progress = Progress()
        with view(console=output) as show:
            for line in lines_of(make_run(failures=1)):
                progress.take(line)
            show(progress)
        colours[name] = re.findall(r"\x1b\[(?:[0-9]+;)*(?:3[0-7]|9[0-7])m", text.getvalue())

    assert colours["with"]
    assert not colours["without"]


@pytest.mark.parametrize("variables", [{"TERM": "dumb"}, {"TERM": "unknown"}])
def test_a_terminal_that_cannot_be_drawn_on_gets_lines(
    variables: dict[str, str], make_run: Make, lines_of: Lines
) -> None:
    output, text = console(terminal=True, **variables)
    progress = Progress()

    with view(console=output) as show:
        for line in lines_of(make_run()):
            progress.take(line)
            show(progress)

    assert len(text.getvalue().splitlines()) == 3


def test_a_terminal_that_knows_only_ascii_gets_lines(make_run: Make, lines_of: Lines) -> None:
    written = BytesIO()
    output = Console(
        file=TextIOWrapper(written, encoding="ascii", errors="backslashreplace", write_through=True),
        force_terminal=True,
        _environ={"TERM": "xterm"},
    )
    progress = Progress()

    with view(console=output) as show:
        for line in lines_of(make_run(failures=1)):
            progress.take(line)
            show(progress)

    assert len(written.getvalue().splitlines()) == 3


@pytest.mark.parametrize("interrupted", [False, True])
def test_a_real_terminal_is_left_as_it_was(interrupted: bool, make_run: Make, lines_of: Lines, tmp_path: Path) -> None:
    record = tmp_path / "record.jsonl"
    record.write_bytes(b"\n".join(lines_of(make_run())))
    pid, terminal = pty.fork()
    if not pid:
        arguments = [sys.executable, "-c", SHOWN, str(record), "yes" if interrupted else ""]
        os.execve(sys.executable, arguments, {**os.environ, "TERM": "xterm", "COLUMNS": "100"})
    said = b""
    while chunk := _read(terminal):
        said += chunk
    os.waitpid(pid, 0)
    os.close(terminal)

    text = said.decode()
    assert "objectives" not in text
    assert "p95" in text
    assert text.count("\x1b[?25l") == text.count("\x1b[?25h") == 1
    after = text.rpartition("\x1b[?25h")[2]
    assert "\x1b[1A\x1b[2K" in after
    assert "━" not in after
    assert ("KeyboardInterrupt" in after) == interrupted
    assert ("3,500 requests, 0 failed" in text) != interrupted


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65_536)
    except OSError:  # how Linux says that nobody holds the other end
        return b""
