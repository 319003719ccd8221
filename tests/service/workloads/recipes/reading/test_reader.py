"""Pages that are read: by the engine that they need, whichever way they lie."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from service.core.errors import AnalysisError
from service.workloads.recipes.messages import EngineWish
from service.workloads.recipes.reading import tesseract
from service.workloads.recipes.reading.reader import Reader
from tests.service.pictures.drawing import photo
from tests.service.workloads.recipes.reading.pages import LINES, file, photographed, printed, share_found, turned

SURE_OF_ALL = """\
level\tpage_num\tblock_num\tpar_num\tline_num\tword_num\tleft\ttop\twidth\theight\tconf\ttext
5\t1\t1\t1\t1\t1\t30\t60\t100\t30\t96.1\tSure
5\t1\t1\t1\t1\t2\t140\t60\t100\t30\t95.3\tprint
"""
SURE_OF_NOTHING = SURE_OF_ALL.replace("96.1", "31").replace("95.3", "40")
ONE_DOUBT = """\
level\tpage_num\tblock_num\tpar_num\tline_num\tword_num\tleft\ttop\twidth\theight\tconf\ttext
5\t1\t1\t1\t1\t1\t30\t60\t330\t30\t96\tBollitos
5\t1\t1\t1\t2\t1\t30\t190\t225\t32\t50\t2506_de_barina
5\t1\t1\t1\t3\t1\t30\t540\t500\t30\t96\tServir_con_mucha_paciencia
"""


@pytest.fixture(scope="module")
def reader() -> Reader:
    cv2.setNumThreads(1)
    return Reader(threads=1)


@pytest.fixture(autouse=True)
def _looked_for_again() -> Iterator[None]:
    tesseract.languages.cache_clear()
    yield
    tesseract.languages.cache_clear()


@pytest.fixture
def without_tesseract(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tesseract, "PROGRAM", "/nowhere/tesseract")


def installed(monkeypatch: pytest.MonkeyPatch, folder: Path, table: str, *, does: str = "") -> None:
    """Have a program that answers as tesseract does in the place of it."""
    program = folder / "tesseract"
    program.write_text(
        f"#!{sys.executable}\nimport sys, time\n"
        "if '--list-langs' in sys.argv:\n    print('List of languages (2):', 'eng', 'spa', sep='\\n'), sys.exit()\n"
        f"sys.stdin.buffer.read()\n{does}\nprint({table!r}, end='')\n"
    )
    program.chmod(0o755)
    monkeypatch.setattr(tesseract, "PROGRAM", str(program))


@pytest.mark.parametrize("degrees", [0, 90, 180, 270])
@pytest.mark.parametrize("is_photo", [False, True])
def test_a_page_is_read_whichever_way_it_lies(reader: Reader, degrees: int, is_photo: bool) -> None:
    pixels = photographed(printed()) if is_photo else printed()
    page = reader.page(file(turned(pixels, degrees)), "auto")
    assert page.rotation == degrees
    assert (page.height, page.width) == pixels.shape[:2]
    assert share_found(page) >= 0.95


def test_clean_print_is_for_tesseract_where_there_is_one(reader: Reader) -> None:
    page = reader.page(file(printed()), "auto")
    told = (page.engine, page.reason.partition(";")[0])
    assert told == (
        ("tesseract", "the print is clean") if tesseract.languages() else ("rapidocr", "no other engine is installed")
    )


def test_a_photo_and_dense_text_are_for_rapidocr(
    reader: Reader, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    installed(monkeypatch, tmp_path, SURE_OF_ALL)
    seen = reader.page(file(photographed(printed())), "auto")
    assert seen.engine == "rapidocr"
    assert "the paper is lit unevenly" in seen.reason
    lines = tuple(f"Producto {number}   {number * 7}.50" for number in range(1, 46))
    receipt = reader.page(file(printed(lines, size=18, width=400)), "auto")
    assert (receipt.engine, receipt.reason) == ("rapidocr", "the text is dense")
    assert share_found(receipt, lines) >= 0.94


def test_print_that_tesseract_is_sure_of_is_taken(
    reader: Reader, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    installed(monkeypatch, tmp_path, SURE_OF_ALL)
    page = reader.page(file(printed()), "auto")
    assert (page.engine, page.reason, [span.text for span in page.spans]) == (
        "tesseract",
        "the print is clean",
        ["Sure print"],
    )


def test_a_doubtful_line_is_read_again(reader: Reader, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    installed(monkeypatch, tmp_path, ONE_DOUBT)
    page = reader.page(file(printed()), "auto")
    assert (page.engine, page.reason) == ("tesseract", "the print is clean; rapidocr read 1 of its spans again")
    assert [span.text for span in page.spans] == ["Bollitos", "250 g de harina", "Servir_con_mucha_paciencia"]


def test_a_page_that_tesseract_cannot_read_is_read_by_rapidocr(
    reader: Reader, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    installed(monkeypatch, tmp_path, SURE_OF_NOTHING)
    page = reader.page(file(printed()), "auto")
    assert page.engine == "rapidocr"
    assert page.reason == "the print looks clean, but tesseract was not sure of what it read"
    assert share_found(page) >= 0.95


@pytest.mark.parametrize("does", ["time.sleep(60)", "sys.exit(1)"])
def test_a_tesseract_that_gives_up_is_said(
    reader: Reader, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, does: str
) -> None:
    installed(monkeypatch, tmp_path, SURE_OF_ALL, does=does)
    assert tesseract.languages() == ("spa", "eng")
    monkeypatch.setattr(tesseract, "LONGEST_SECONDS", 0.5)
    with pytest.raises(AnalysisError, match="tesseract gave up") as caught:
        reader.page(file(printed()), "tesseract")
    assert (caught.value.kind, caught.value.may_pass) == ("not-read", True)


def test_an_engine_can_be_asked_for(reader: Reader, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    installed(monkeypatch, tmp_path, SURE_OF_NOTHING)
    wishes: tuple[EngineWish, EngineWish] = ("tesseract", "rapidocr")
    for wish in wishes:
        page = reader.page(file(printed()), wish)
        assert (page.engine, page.reason) == (wish, "it was asked for")


@pytest.mark.usefixtures("without_tesseract")
def test_without_tesseract_there_is_rapidocr_and_nobody_can_ask_for_the_other(reader: Reader) -> None:
    page = reader.page(file(printed()), "auto")
    assert (page.engine, page.reason) == ("rapidocr", "no other engine is installed")
    assert share_found(page) >= 0.95
    with pytest.raises(AnalysisError, match="tesseract is not installed") as caught:
        reader.page(file(printed()), "tesseract")
    assert caught.value.kind == "no-engine"


@pytest.mark.parametrize("size", [(1, 1), (5, 5), (4000, 3), (3, 4000), (600, 400)])
def test_a_page_without_text_is_empty(reader: Reader, size: tuple[int, int]) -> None:
    page = reader.page(file(np.full((*size, 3), 250, np.uint8)), "auto")
    assert page.spans == ()
    assert page.reason.endswith("no text was found")


def test_what_is_no_text_is_not_read_with_confidence(reader: Reader) -> None:
    scrawl = np.full((700, 700, 3), 252, np.uint8)
    draw = np.random.default_rng(3)
    for row in range(100, 650, 80):
        steps = np.cumsum(draw.normal((6, 0), 9, (90, 2)), axis=0).astype(np.int32)
        cv2.polylines(
            scrawl, [np.clip(steps + np.array([60, row]), 0, 699).astype(np.int32)], False, (30, 30, 30), 2, cv2.LINE_AA
        )
    for pixels in (scrawl, photo(600, 450)):
        spans = reader.page(file(pixels), "auto").spans
        assert sum(len(span.text) for span in spans if span.confidence > 0.9) <= 3


def test_regions_are_the_same_in_any_number_of_threads(reader: Reader) -> None:
    content = file(photographed(printed()))
    assert Reader(threads=3).page(content, "rapidocr") == reader.page(content, "rapidocr")


def test_spans_stand_where_their_lines_do(reader: Reader) -> None:
    page = reader.page(file(printed()), "rapidocr")
    tops = [span.box.top for span in page.spans]
    assert len(tops) == len(LINES)
    assert tops == sorted(tops)
    for number, span in enumerate(page.spans, 1):
        assert span.box.top < 60 * number + 20 < span.box.bottom
