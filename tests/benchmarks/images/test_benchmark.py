"""The benchmark itself, on a few drawn pictures."""

from __future__ import annotations

from pathlib import Path

import pytest

from slo.documentation import put
from tests.benchmarks.images import accuracy, photos, speed, tables
from tests.benchmarks.images.__main__ import PAGE
from tests.benchmarks.images.findings import Measured, misses
from tests.benchmarks.images.speed import Pace, Stage
from tests.service.pictures.drawing import file, photo

PICTURES = [photo(400, 300, seed) for seed in range(3)]


def measured(pace: Pace) -> Measured:
    copies, strangers = accuracy.copies(PICTURES, lambda _: None)
    return Measured(
        started_at="2026-11-22T10:00:00+00:00",
        machine="a machine",
        python="3.11",
        packages={"simplejpeg": "1.9"},
        drawn=True,
        rounds=1,
        paces=[pace],
        stages=[Stage("decoding", (0.001, 0.002, 0.003))],
        labelled=None,
        spoiled=accuracy.spoiled(PICTURES),
        copies=copies,
        strangers=strangers,
    )


def pace(seconds: float) -> Pace:
    return Pace(1.0, "jpeg", 3, 90.0, seconds, 2 * seconds, seconds)


def test_goals_that_are_missed_are_told() -> None:
    assert misses(measured(pace(0.019))) == []
    assert misses(measured(pace(0.021))) == ["1 MP with jpeg thumbnails: 48 a second, not 50"]


def test_tables_stand_where_the_page_has_places_for_them() -> None:
    found = measured(pace(0.01))
    page = PAGE.read_text(encoding="utf-8")
    assert "| 1 MP, 90 kB | jpeg | 100 | 50 | 2.0 | ≥ 50 |" in put(page, "speed", tables.speed(found))
    assert "| JPEG of quality 40 | 3 | 100.0% | 100.0% | 100.0% |" in put(page, "accuracy", tables.accuracy(found))


def test_both_analyse_the_same_files_in_turns() -> None:
    (found,) = [speed._pace([file(picture) for picture in PICTURES], 0.1, "jpeg", 1)]
    assert min(found.seconds, found.pillow_seconds, found.clock_seconds) > 0


def test_every_stage_is_timed() -> None:
    assert "all" in speed._stages(file(PICTURES[0]), 1)


@pytest.mark.parametrize(("sharp", "blurred", "right"), [(2, 2, 2), (1, 2, None)])
def test_labelled_photos_set_a_threshold_and_are_judged_by_it(
    tmp_path: Path, sharp: int, blurred: int, right: int | None
) -> None:
    for name, count, spoil in (("noblur", sharp, lambda pixels: pixels), ("blur", blurred, accuracy._focus(6))):
        (tmp_path / name).mkdir()
        for number in range(count):
            (tmp_path / name / f"{number}.jpg").write_bytes(file(spoil(photo(1_024, 768, number)), quality=95))
    found = accuracy.labelled(tmp_path)
    assert (found and found.right) == right


def test_photos_are_drawn_from_a_folder_or_by_hand(tmp_path: Path) -> None:
    (tmp_path / "a.JPG").write_bytes(file(PICTURES[0]))
    (tmp_path / "b.txt").write_bytes(b"no photo")
    assert [pixels.shape for pixels in photos.read(photos.paths_in([tmp_path]), 5, edge=200)] == [(150, 200, 3)]
    assert len(list(photos.read([], 2))) == 2
