"""Culprits on the real service: equal trees count equally, and what is planted is named with what it costs."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from loadstone.culprits import Counted, compared_samples, counted, sampled
from loadstone.profile import told
from profiles.recording import Recording
from profiles.stacks import Profile

ROOT = Path(__file__).resolve().parents[1]
PATH, POLICY, PIPELINE = (
    "service/core/path.py",
    "service/workloads/comments/policy.py",
    "service/core/pipeline.py",
)
PLANTS = {
    PATH: ("        names = [self._key_of(item) for item in items]\n", "        await asyncio.sleep(0.002)\n"),
    POLICY: ("        text = text.strip()\n", "        text = text.strip().strip()\n"),
    PIPELINE: (
        "        names = dict.fromkeys(lanes)\n",
        "        for tier in self._paths[lanes[0]]._cache.far:\n            await tier._tier.get_many(['a'])\n",
    ),
}


def copied(folder: Path) -> Path:
    for room in ("service", "slo"):
        shutil.copytree(ROOT / room, folder / room, ignore=shutil.ignore_patterns("__pycache__"))
    return folder


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Counted:
    folder = tmp_path_factory.mktemp("culprits")
    head = copied(folder / "head")
    for name, (before, planted) in PLANTS.items():
        code = (head / name).read_text()
        assert code.count(before) == 1
        (head / name).write_text(code.replace(before, before + planted))
    return counted(folder / "out", "smoke", 45, 1, ROOT, head)


def test_what_is_planted_is_named_with_its_place_and_cause(found: Counted) -> None:
    named = {kind: next(each for each in found.culprits if each.kind == kind) for kind in ("wait", "query")}
    wait, query = named["wait"], named["query"]
    assert (wait.function, wait.detail) == (f"LanePath.outcomes ({PATH})", "sleep (asyncio/tasks.py)")
    assert wait.place is not None
    code = (ROOT / PATH).read_text().splitlines()
    assert (wait.place.file, code[wait.place.line - 1].strip()[:9]) == (PATH, "async def")
    assert (wait.before, wait.touched, wait.low, wait.high) == (0.0, True, wait.after, wait.after)
    assert wait.after == pytest.approx(2_000 * (wait.calls_after or 0.0))
    assert query.function == f"Pipeline._outcomes ({PIPELINE})"
    assert query.detail.startswith(("MGET", "SELECT"))
    assert query.touched_callees == (f"LanePath.outcomes ({PATH})",)
    assert f"items_of ({POLICY})" in {each.function for each in found.culprits if each.unit == "bytecodes"}
    assert all(each.touched for each in found.culprits if each.explains > 0.2)


def test_it_is_told_in_lines(found: Counted) -> None:
    lines = told(found, rows=1).splitlines()
    place = next(number for number, line in enumerate(lines) if line.startswith("waited: 0 → 0.00"))
    assert lines[place + 1].startswith(f"  LanePath.outcomes ({PATH}): 0 → ")
    assert lines[place + 1].endswith("100% of the rise (edited, sleep (asyncio/tasks.py))")
    assert len(lines) < 2 * len(found.series) + 1


def test_everything_is_counted_and_drawn(found: Counted) -> None:
    assert found.blind == ()
    rises = {series.metric: series.head - series.base for series in found.series}
    assert set(rises) == {"bytecodes", "calls", "allocated-bytes", "allocations", "waited", "queries-per-request"}
    assert all(rise > 0 for rise in rises.values())
    assert 0.0 < rises["waited"] < 0.01
    assert len({name for _, name in found.flame_graphs}) == 3 * len(rises)


def test_equal_trees_count_equally_and_name_nobody(tmp_path: Path) -> None:
    again = counted(tmp_path / "out", "smoke", 30, 2, ROOT, copied(tmp_path / "copy"))
    assert [series.base for series in again.series] == [series.head for series in again.series]
    assert len(again.series) == 6
    assert again.culprits == ()
    for base in (tmp_path / "out/base").iterdir():
        assert Recording.load(base) == Recording.load(tmp_path / "out/head" / base.name)


def test_a_tree_that_cannot_be_replayed_is_told_and_counts_nothing(tmp_path: Path) -> None:
    broken = copied(tmp_path / "broken")
    (broken / "service/app.py").write_text("raise RuntimeError('no service here')\n")
    found = counted(tmp_path / "out", "smoke", 6, 1, broken, ROOT)
    assert (found.series, found.culprits) == ((), ())
    assert any("no service here" in sentence for sentence in found.blind)
    assert all("\n" not in sentence for sentence in found.blind)


def test_trees_that_replay_differently_do_not_compare(tmp_path: Path) -> None:
    other = copied(tmp_path / "other")
    (other / "service/replay.py").write_text("")
    found = counted(tmp_path / "out", "smoke", 6, 1, other, ROOT)
    assert found.series == ()
    [sentence] = found.blind
    assert sentence.startswith("nothing was counted: the change edits service/replay.py")


def test_samples_name_a_function_with_its_interval_and_what_was_edited(tmp_path: Path) -> None:
    for side, turns in (("base", 1), ("head", 2)):
        (tmp_path / side / "room").mkdir(parents=True)
        code = f"class Parser:\n    def parse(self):\n        return {turns}\n\ndef serve():\n    Parser().parse()\n"
        (tmp_path / side / "room/a.py").write_text(code)

    def recorded(parse: int) -> Recording:
        stacks = "serve (room/a.py) {}\nserve (room/a.py);parse (room/a.py);search (re/__init__.py) {}\n"
        parts = [Profile.parse(stacks.format(700 + part, parse + part), "samples") for part in range(5)]
        return Recording.of_profiles(parts, [1000.0] * 5, "test")

    found = compared_samples(tmp_path, recorded(300), recorded(400), tmp_path / "base", tmp_path / "head")
    [culprit] = found.culprits
    assert culprit.function == "Parser.parse (room/a.py)"
    assert culprit.low <= culprit.after - culprit.before <= culprit.high
    assert culprit.after - culprit.before == pytest.approx(0.1)
    assert culprit.touched
    assert culprit.place is not None
    assert culprit.place.line == 2


def test_processes_that_cannot_be_sampled_are_told(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as ended:
        ended.wait()
    found = sampled(
        tmp_path, [ended.pid], [ended.pid], base_metrics="http://127.0.0.1:9/metrics",
        head_metrics="http://127.0.0.1:9/metrics", base_tree=ROOT, head_tree=ROOT, seconds=5,
    )  # fmt: skip
    assert found.culprits == ()
    [sentence] = found.blind
    assert sentence.startswith("CPU time was not sampled: ")
