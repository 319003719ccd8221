"""A history is kept whole, and drift in it is found."""

from __future__ import annotations

import subprocess
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slo.duel.model import Outcome
from slo.history import Entry, HistoryError, Measure, append, branch, read
from slo.history.drift import Form
from slo.history.entries import FORMAT
from slo.history.findings import found
from tests.benchmarks.drift.made import Row, entry, white

SPREAD: Row = np.random.default_rng(3).normal(0.0, 0.01, 6)


def history(steps: Row, *, chained: bool = True, metric: str = "cpu-per-request") -> list[Entry]:
    return [entry(index, float(step), SPREAD, chained=chained, metric=metric) for index, step in enumerate(steps)]


def git(here: Path, *arguments: str) -> str:
    names = ("-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false")
    done = subprocess.run(["git", "-C", str(here), *names, *arguments], capture_output=True, text=True, check=True)
    return done.stdout.strip()


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    git(tmp_path, "init", "--initial-branch", "main")
    (tmp_path / "file").write_text("first")
    git(tmp_path, "add", "file")
    git(tmp_path, "commit", "--message", "first")
    return tmp_path


figures = st.floats(-50, 50)
entries_of_any_kind = st.builds(
    Entry,
    format=st.just(FORMAT),
    commit=st.text(max_size=3),
    base=st.text(max_size=40),
    time=st.sampled_from(["2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z"]),
    machine=st.text(max_size=12),
    cpu=st.text(max_size=40),
    rhythm=st.text(max_size=10),
    outcome=st.sampled_from(Outcome),
    measures=st.lists(
        st.builds(
            Measure,
            st.text(min_size=1, max_size=20),
            st.text(max_size=20),
            st.sampled_from(Outcome),
            *(figures, figures, figures, st.none() | figures, st.none() | figures),
            st.lists(figures, max_size=4).map(tuple),
        ),
        max_size=3,
    ).map(tuple),
)


@settings(max_examples=30, deadline=None)
@given(st.lists(entries_of_any_kind, max_size=5))
def test_what_was_appended_is_read_and_the_same_commit_and_time_replaces(entries: list[Entry]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "history.jsonl"
        for each in entries:
            append(path, each)
            assert read(path)[-1] == each
        if entries:
            assert len(read(path)) == len({(each.commit, each.time) for each in entries})


def test_nobody_loses_a_line_to_somebody_else(tmp_path: Path) -> None:
    entries = history(np.zeros(40))
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda each: append(tmp_path / "history.jsonl", each), entries))
    assert sorted(read(tmp_path / "history.jsonl"), key=lambda each: each.time) == entries
    assert [path.name for path in tmp_path.iterdir()] == ["history.jsonl"]


@pytest.mark.parametrize("damage", [b"{", b"[]", b"\xff", b'{"format":"loadstone.history/1"}', b"NaN"])
def test_a_damaged_line_is_named_and_never_overwritten(tmp_path: Path, damage: bytes) -> None:
    path = tmp_path / "history.jsonl"
    append(path, history(np.zeros(1))[0])
    content = path.read_bytes() + damage + b"\n"
    path.write_bytes(content)
    with pytest.raises(HistoryError, match=r"history\.jsonl: line 2: "):
        append(path, history(np.zeros(2))[1])
    assert path.read_bytes() == content


def test_a_branch_takes_entries_past_the_work_tree(repository: Path) -> None:
    entries = history(np.zeros(12))
    before = git(repository, "status", "--porcelain"), (repository / ".git" / "index").read_bytes()
    with ThreadPoolExecutor(3) as pool:
        list(pool.map(lambda each: branch.append(repository, "performance", each), entries))
    assert sorted(branch.read(repository, "performance"), key=lambda each: each.time) == entries
    assert git(repository, "rev-list", "--count", "performance") == "12"
    assert (git(repository, "status", "--porcelain"), (repository / ".git" / "index").read_bytes()) == before


def test_a_branch_keeps_what_else_it_has_and_is_not_moved_under_a_work_tree(repository: Path) -> None:
    one = history(np.zeros(1))[0]
    with pytest.raises(HistoryError, match="checked out"):
        branch.append(repository, "main", one)
    git(repository, "branch", "performance")
    branch.append(repository, "performance", one)
    assert git(repository, "ls-tree", "--name-only", "performance").split() == ["file", "history.jsonl"]
    with pytest.raises(HistoryError, match="no name of a branch"):
        branch.append(repository, "a..b", one)
    with pytest.raises(HistoryError, match="there is none here"):
        branch.read(repository, "absent")


def test_twenty_small_steps_are_a_drift_and_silence_is_none() -> None:
    noise = white(0.004)(np.random.default_rng(5))
    quiet = found(history(noise))
    assert not quiet.drifts
    steps = noise + (np.arange(60) >= 40) * 0.005
    (told,) = found(history(steps)).told
    (drift,) = told.changes
    assert drift.form is Form.DRIFT
    assert 33 <= drift.first <= 45 < 55 <= drift.last
    assert told.warnings
    assert not found(history(-steps)).drifts, "better is no drift"


def test_against_one_base_noise_does_not_add_up() -> None:
    noise = white(0.01)(np.random.default_rng(7))
    climb = np.clip(np.arange(60) - 30, 0, 20) * 0.005
    assert not found(history(noise, chained=False)).drifts
    assert found(history(noise + climb, chained=False)).drifts
    (told,) = found(history(noise + (np.arange(60) >= 40) * 0.04, chained=False)).told
    (step,) = told.changes
    assert step.form is Form.STEP
    assert abs(step.first - 40) <= 1
    assert step.size == pytest.approx(0.04, abs=0.01)


def test_counted_metrics_tell_every_change_and_what_many_make_together() -> None:
    (told,) = found(history(np.full(6, 0.001), metric="bytecodes")).told
    (drift,) = told.changes
    assert (drift.form, drift.first, drift.last) == (Form.DRIFT, 0, 5)
    assert drift.size == pytest.approx(0.006)
    (told,) = found(history(np.array([0.0, 0.02, 0.0]), metric="bytecodes")).told
    assert [(each.form, each.first) for each in told.changes] == [(Form.STEP, 1)]


def test_what_a_gate_has_told_is_no_drift_and_a_missing_base_is_a_gap() -> None:
    entries = history(np.array([0.0, 0.02, 0.0]), metric="bytecodes")
    failed = tuple(msgspec.structs.replace(each, outcome=Outcome.FAILED) for each in entries[1].measures)
    entries[1] = msgspec.structs.replace(entries[1], measures=failed)
    assert not found(entries).drifts
    without = found([entries[0], entries[2]])
    assert without.told[0].series.gaps == (1,)
    assert "was not measured before" in without.remarks[0]
