"""A duel as a child process, between two targets that count."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from slo import record
from slo.record import OK, Run
from slo.trust import distrusts
from tests.loadtests.conftest import Locust, Target

Starts = Callable[..., Locust]
Targets = Callable[..., Target]

STAGES = (
    ("warm-up", "both", 1.0),
    ("mixed", "both", 2.0),
    ("block-1-base", "base", 1.0),
    ("block-2-head", "head", 1.0),
)
USERS = 2


def duel_plan(folder: Path, *, name: str = "duel", more: str = "", paced: str = "rate = 120") -> str:
    stages = "".join(
        f'[[stages]]\nname = "{stage}"\nseconds = {seconds}\nside = "{side}"\n{paced}\n'
        + ("judged = false\n" if stage == "warm-up" else "")
        for stage, side, seconds in STAGES
    )
    path = folder / f"{name}.toml"
    path.write_text(f'description = "d"\nusers = {USERS}\n{more}\n{stages}[mix]\ncomments = 1\n')
    return str(path)


def requests(run: Run) -> Counter[tuple[str, str]]:
    """Right answers by stage and side."""
    counted: Counter[tuple[str, str]] = Counter()
    for cell in run.cells:
        counted[cell.stage, cell.side] += cell.outcomes.get(OK, 0)
    return counted


@pytest.mark.parametrize("more", ["", 'arrivals = "closed"\nthink_seconds = 0.02'], ids=["open", "closed"])
def test_both_sides_get_the_same_and_the_record_keeps_them_apart(
    more: str, target: Targets, locust: Starts, tmp_path: Path
) -> None:
    base, head = target(), target()
    path = duel_plan(tmp_path, more=more, paced="" if more else "rate = 120")
    pids = ("--base-pid", str(base.process.pid), "--head-pid", str(head.process.pid))
    code, output = locust("--headless", "--plan", path, "--host", head.url, "--base", base.url, *pids).finish()
    assert code == 0, output
    assert "/v1/comments [base]" in output
    assert "/v1/comments [head]" in output
    run = record.read(tmp_path / "run-0" / "run.jsonl")
    seen = requests(run)
    for stage in ("warm-up", "mixed"):
        assert min(seen[stage, side] for side in ("base", "head")) > 0
        assert abs(seen[stage, "base"] - seen[stage, "head"]) <= USERS, "at most one torn pair of each user"
    for stage, side in (("block-1-base", "base"), ("block-2-head", "head")):
        assert {got for place, got in seen if place == stage} == {side}
    for side, aim in (("base", base), ("head", head)):
        assert sum(number for (_, got), number in seen.items() if got == side) == aim.counts()["requests"]
    assert run.header.base is not None
    assert (run.header.base.url, run.header.target.url) == (base.url, head.url)
    assert {stage.name: stage.side for stage in run.header.plan.stages} == {name: side for name, side, _ in STAGES}
    assert Counter((line.moment, line.side) for line in run.snapshots) == Counter(
        (moment, side) for moment in ("start", "judged", "end") for side in ("base", "head")
    )
    assert sorted((effort.second, effort.side) for effort in run.efforts) == [
        (second, side) for second in range(5) for side in ("base", "head")
    ]
    cpu = {(effort.second, effort.side): effort.cpu for effort in run.efforts}
    assert cpu[3, "base"] > 5.0 * cpu[3, "head"], "whoever gets the requests does the work"
    assert cpu[4, "head"] > 5.0 * cpu[4, "base"]
    assert all(effort.resident_bytes > 0 for effort in run.efforts)
    assert distrusts(run) == ()


def test_a_duel_within_one_stage_sends_both_sides_equal_bytes(target: Targets, locust: Starts, plan: Starts) -> None:
    base, head = target(), target()
    path = str(plan(seconds=1.5, rate=80.0, more="users = 1"))
    run = locust("--headless", "--plan", path, "--host", head.url, "--base", base.url)
    code, output = run.finish()
    assert code == 0, output
    seen, other = base.counts(), head.counts()
    if seen["requests"] == other["requests"]:
        assert seen == other
    else:
        assert abs(seen["requests"] - other["requests"]) == 1


def test_a_duel_that_cannot_be_is_refused_in_a_sentence(target: Targets, locust: Starts, tmp_path: Path) -> None:
    url = target().url
    path = duel_plan(tmp_path)
    gone = target()
    gone.process.kill()
    gone.process.wait()
    cases: tuple[tuple[list[str], str], ...] = (
        (["--base", f"{url}/"], f"--base and --host are the same address, {url}"),
        (["--base", gone.url], f"the target {gone.url} cannot be reached: Connection refused"),
        ([], "plan 'duel' has stages for one side of a duel, and there is no --base"),
        (["--base", f"{url}/base", "--base-pid", str(gone.process.pid)], f"there is no process {gone.process.pid} "),
    )
    for arguments, sentence in cases:
        run = locust("--headless", "--plan", path, "--host", url, *arguments)
        code, output = run.finish()
        assert code == 2, output
        assert len([line for line in output.splitlines() if f"loadtests: {sentence}" in line]) == 1, output
        assert "Traceback" not in output
        assert not run.record.exists()
