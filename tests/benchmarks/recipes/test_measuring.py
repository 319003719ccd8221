"""What is measured, and what is told of it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from service.workloads.recipes.messages import Recipe
from slo.documentation import put
from tests.benchmarks.recipes import receipts, tables
from tests.benchmarks.recipes.__main__ import PAGE, PLACE
from tests.benchmarks.recipes.answers import answer, perfect
from tests.benchmarks.recipes.cards import KINDS, card
from tests.benchmarks.recipes.effort import Effort, Memory
from tests.benchmarks.recipes.findings import Measured, misses
from tests.benchmarks.recipes.receipts import Receipt
from tests.benchmarks.recipes.running import score_of, spread
from tests.benchmarks.recipes.scoring import Score, scored
from tests.benchmarks.recipes.speed import TIMED, Timed


def test_cards_are_read_by_the_service() -> None:
    score = score_of(("tuned", 12))
    assert score.found >= score.lines - 1
    assert score.right["quantity"] >= score.found - 1
    assert score.whole == {"title": True, "servings": True, "language": True, "orientation": True}
    assert score.cpu_seconds > 0


def test_work_is_spread_over_processes() -> None:
    assert sorted(spread(abs, [-3, 1, -2])) == [1, 2, 3]


def test_words_of_receipts_count_as_often_as_they_are_there(tmp_path: Path) -> None:
    for folder, file, text in (
        ("img", "1.jpg", ""),
        ("img", "2.jpg", ""),
        ("box", "1.csv", "1,2,3,4,5,6,7,8,A B, a\n"),
    ):
        (tmp_path / folder).mkdir(exist_ok=True)
        (tmp_path / folder / file).write_text(text)
    (picture,) = receipts.pictures_in(tmp_path)
    assert receipts.true_words(picture) == {"a": 2, "b": 1}


def test_work_is_measured_in_all_processes() -> None:
    work = "import hashlib; hashlib.sha256(b'x' * 50 * 2**20).digest(); print(flush=True); input()"
    with Effort() as effort:
        child = subprocess.Popen((sys.executable, "-c", work), stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert child.stdout is not None
        with Memory() as memory:
            child.stdout.readline()
        child.communicate(b"\n")
    assert memory.peak_bytes > 50 * 2**20
    assert effort.cpu_seconds > 0
    assert effort.seconds > 0


def test_tables_and_misses_tell_of_all_that_was_measured() -> None:
    cards = [card("tuned", number, kind) for number, kind in enumerate(KINDS)]
    empty = Recipe(language="other", text=(), confidence=0)
    good = [scored(drawn, answer(perfect(drawn), drawn.rotation)) for drawn in cards]
    bad = [scored(drawn, answer(empty)) for drawn in cards]
    assert misses(measured(good, seconds=0.5, read=95)) == []
    assert [miss.partition(":")[0] for miss in misses(measured(bad, seconds=6, read=93))] == [
        *["clean print"] * 4,
        *["photographed print"] * 4,
        *("print", "photo", "receipts"),
    ]
    page = put(PAGE.read_text(encoding="utf-8"), PLACE, tables.written(measured(good, 0.5, 95)))
    assert "| ingredients found | 100.0% | 100.0% | 100.0% | 100.0% | 100.0% |" in page
    assert "| photo, 3.1–12.2 MP | 2 | 0.50 s | 0.50 s | ≤ 5 s | 0.40 s | 600 MiB | rapidocr 2 |" in page
    assert "| 1 | 100 | 0.950 | ≥ 0.94 | 0.95 | 2.00 s |" in page


def measured(scores: list[Score], seconds: float, read: int) -> Measured:
    timed = [
        Timed(
            kind=kind,
            pictures=2,
            megapixels=(3.1, 12.2),
            median_seconds=seconds,
            p95_seconds=seconds,
            cpu_seconds=0.4,
            engines={"rapidocr": 2},
            peak_bytes=600 * 2**20,
        )
        for kind in TIMED
    ]
    return Measured(
        started_at="2026-11-23T10:00:00+00:00",
        machine="a machine",
        python="3.11",
        packages={"rapidocr": "3.10"},
        command="python -m tests.benchmarks.recipes",
        part="reported",
        scores=scores,
        timed=timed,
        receipts=[Receipt("a", 100, read, 2.0)],
    )
