"""``loadstone load import`` as its users meet it: files that work, and nothing left unsaid."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from loadstone import cli
from loadtests._planning import _plan
from slo import spec

EXAMPLES = sorted(Path(__file__).with_name("examples").iterdir())
SMALL = Path(__file__).parent / "examples/artillery-small.json"
LOSSY = Path(__file__).parent / "examples/k6-iterations.js"


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def adopt(*arguments: object) -> Result:
    return CliRunner().invoke(cli, ["load", "import", *map(str, arguments)])


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.name)
def test_what_is_imported_runs_and_can_be_judged(example: Path) -> None:
    done = adopt(example)

    assert done.exit_code == 0, done.output
    place = Path(f"{example.stem}.toml")
    plan = _plan.load(str(place))
    assert plan.arrivals_expected(judged_only=True) > 0
    if plan.objectives:
        budget = spec.load((place.with_suffix(".yaml"),)).budget(plan.objectives[0], "production")
        assert budget.objectives
    assert place.with_suffix(".yaml").exists() == bool(plan.objectives)


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.name)
def test_every_remark_is_told_and_stands_in_the_plan(example: Path) -> None:
    done = adopt(example)
    head = [line[2:] for line in Path(f"{example.stem}.toml").read_text().splitlines() if line.startswith("#")]
    named = [line.removeprefix("- ") for line in head if line.startswith("- ")]
    counts = [int(line.split("(")[1].rstrip("):")) for line in head if line.startswith(("Not taken", "Taken"))]

    assert len(named) == sum(counts)
    assert all(line in done.stderr for line in named)


def test_what_maps_whole_is_not_an_error_under_strict() -> None:
    assert adopt(SMALL, "--strict").exit_code == 0


def test_objectives_that_the_plan_cannot_decide_are_noted() -> None:
    done = adopt(SMALL)

    assert "note: error-rate takes 368 requests to decide, and the plan sends 100" in done.stdout
    assert "latency-p95 takes" not in done.stdout


def test_strict_writes_nothing_when_something_is_lost() -> None:
    done = adopt(LOSSY, "--strict")

    assert done.exit_code == 2
    assert "7 of its parts cannot be taken over" in done.stderr
    assert not list(Path().iterdir())


def test_nothing_is_written_over_unless_forced() -> None:
    Path("artillery-small.yaml").write_text("mine")
    refused = adopt(SMALL)

    assert refused.exit_code == 2
    assert "artillery-small.yaml is there already" in refused.stderr
    assert [path.name for path in Path().iterdir()] == ["artillery-small.yaml"]
    assert adopt(SMALL, "--force").exit_code == 0
    assert Path("artillery-small.yaml").read_text() != "mine"


def test_the_plan_goes_where_it_is_asked_to() -> None:
    adopt(SMALL, "--out", "plans/Black Friday!.toml")

    assert _plan.load("plans/Black Friday!.toml").objectives == ("black-friday",)
    assert adopt(SMALL, "--out", "plan.yaml").exit_code == 2


def test_odd_names_and_texts_make_no_odd_files() -> None:
    name = "\u200b\x7f«ñ» \U0001f600.json"
    Path(name).write_text(SMALL.read_text().replace("steady", 'a\\u0007\\" \\\\ \\u202e b'))

    assert adopt(name, "--out", "odd.toml").exit_code == 0
    assert [stage.name for stage in _plan.load("odd.toml").stages] == ['a " \\ b']


def test_help_shows_how() -> None:
    told = adopt("--help").output

    assert "loadstone load import checkout.js" in told
    assert "--strict" in told
