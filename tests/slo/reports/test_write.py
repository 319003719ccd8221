"""Reports as files: whole, or not there."""

from __future__ import annotations

from pathlib import Path

import pytest

from slo import reports as room
from slo.model import Overall
from tests.slo.reports import examples


def test_every_form_is_written_and_its_place_told(judged: dict[Overall, examples.Judged], tmp_path: Path) -> None:
    places = room.write(*judged[Overall.MET], tmp_path / "new" / "folder")

    assert {name: path.name for name, path in places.items()} == {
        "html": "report.html",
        "markdown": "report.md",
        "json": "report.json",
        "junit": "junit.xml",
    }
    assert sorted((tmp_path / "new" / "folder").iterdir()) == sorted(places.values())
    assert all(path.read_text(encoding="utf-8").endswith("\n") for path in places.values())


def test_only_the_forms_asked_for_are_written(judged: dict[Overall, examples.Judged], tmp_path: Path) -> None:
    places = room.write(*judged[Overall.MET], tmp_path, formats=("json",))

    assert list(tmp_path.iterdir()) == list(places.values()) == [tmp_path / "report.json"]


def test_a_write_that_fails_leaves_the_old_report_and_no_rest(
    judged: dict[Overall, examples.Judged], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "report.json").write_text("the old one")

    def full(_: Path, __: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(OSError, match="No space left"):
        room.write(*judged[Overall.MET], tmp_path, formats=("json",))

    assert [path.read_text() for path in tmp_path.iterdir()] == ["the old one"]


def test_a_log_gets_no_colour(
    judged: dict[Overall, examples.Judged], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("FORCE_COLOR", raising=False)

    text = room.terminal(*judged[Overall.MISSED], {"html": tmp_path / "report.html"})

    assert "\x1b" not in text
    assert "misses 2 of 4 enforced objectives" in text
