"""Plans as they are listed and shown, without sending anything."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from loadstone import cli
from loadtests._planning import _plan
from loadtests._planning._catalogue import catalogue, entry, length
from loadtests._planning._course_drawing import ROWS, columns, drawing
from loadtests._planning._plan import Plan


def loadstone(*arguments: str) -> Result:
    return CliRunner().invoke(cli, ["load", *arguments])


def plan(*stages: dict[str, Any], **more: Any) -> Plan:
    named = [{"name": f"stage {number}", **stage} for number, stage in enumerate(stages)]
    table = {"description": "a trial", "mix": {"comments": 1}, "stages": named, **more}
    return _plan.parse(table, name="trial", shown="trial")


@pytest.mark.parametrize("asking", [("--list",), ("list",)])
def test_every_plan_has_a_line(asking: tuple[str, ...]) -> None:
    lines = loadstone(*asking).output.splitlines()

    assert [line.split()[0] for line in lines] == list(_plan.names())
    assert "closed    100 users  The busiest day" in next(line for line in lines if line.startswith("heavy "))


def test_plain_lines_are_aligned_and_terminals_get_a_table() -> None:
    plans = [_plan.load(name) for name in ("gate", "batch-upload")]
    plain, terminal = io.StringIO(), io.StringIO()
    catalogue(plans, Console(file=plain, width=40))
    catalogue(plans, Console(file=terminal, width=100, force_terminal=True, no_color=True))

    first, second = plain.getvalue().splitlines()
    assert first.index("poisson") == second.index("poisson")
    assert first.endswith(plans[0].description)
    assert "what it is for" in terminal.getvalue()


def test_the_list_is_told_to_programs() -> None:
    entries = {found["name"]: found for found in json.loads(loadstone("--list", "--json").output)}

    assert entries["spike"]["peak_rate_per_second"] == 200
    assert entries["heavy"]["peak_users"] == 100
    assert entries["staged"]["seconds"] == 2400


def test_a_plan_is_shown_as_it_will_be_sent() -> None:
    shown = loadstone("show", "staged", "--scale", "time=0.1", "--scale", "rate=2").output

    for word in ("100/s", "sustained", "not judged", "4 min", "13,320 requests", "13,260 judged", "zipf", "comments"):
        assert word in shown


def test_a_shown_plan_is_told_to_programs() -> None:
    shown = json.loads(loadstone("show", "gate", "--json", "--scale", "rate=0.5").output)

    assert [stage["seconds"] for stage in shown["stages"]] == [10, 60]
    assert (shown["requests"], shown["judged_requests"]) == (2625, 2400)
    assert shown["payloads"]["comments"]["sizes"]["fast"]["100"] == 0.05


def test_a_closed_plan_without_pauses_is_shown(tmp_path: Path) -> None:
    path = tmp_path / "hurry.toml"
    stage = '[[stages]]\nname = "all"\nseconds = 9\nusers = 3\n'
    path.write_text(f'description = "x"\narrivals = "closed"\nthink_seconds = 0\n{stage}[mix]\ncomments = 1\n')

    assert "as many as it can requests" in loadstone("show", str(path)).output
    assert json.loads(loadstone("show", str(path), "--json").output)["requests"] is None


def test_what_could_not_be_judged_is_noted() -> None:
    assert "too few to decide anything" in loadstone("show", "smoke", "--scale", "time=0.01").output


def test_an_unknown_plan_is_one_sentence() -> None:
    done = loadstone("show", "tsunami")

    assert done.exit_code == 2
    assert "there is no plan 'tsunami'" in done.output


def test_a_plan_named_like_a_command_is_reached_by_its_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("list.toml").write_text("description = 'broken'\n")

    assert "list.toml: stages: missing" in loadstone("./list.toml", "--host", "http://127.0.0.1:1").output


def test_options_before_the_plan_are_those_of_a_run() -> None:
    done = loadstone("--scale", "size=2", "smoke")

    assert done.exit_code == 2
    assert "time=X" in done.output


spans = st.lists(st.tuples(st.integers(1, 100), st.integers(0, 500), st.integers(0, 500)), min_size=1, max_size=8)


@given(spans.filter(lambda each: any(first + last for _, first, last in each)), st.integers(20, 120))
def test_the_drawing_keeps_its_width_and_reaches_the_peak(each: list[tuple[int, int, int]], width: int) -> None:
    drawn = plan(*({"seconds": long, "rate_from": first, "rate_to": last} for long, first, last in each))
    lines = list(drawing(drawn, width))
    peak = max(max(first, last) for _, first, last in each)

    assert len(lines) == ROWS + 1
    assert all(len(line) <= max(width, 24) for line in lines)
    assert max(columns(drawn, width)) == pytest.approx(peak)
    assert "█" in lines[0]
    assert entry(drawn).peak_rate_per_second == peak


@pytest.mark.parametrize(
    ("seconds", "told"),
    [(0.5, "0.5 s"), (90, "1.5 min"), (70, "70 s"), (5400, "1.5 h"), (43200, "12 h"), (4001, "4,001 s")],
)
def test_lengths(seconds: float, told: str) -> None:
    assert length(seconds) == told
