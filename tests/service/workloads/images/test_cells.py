"""Decoding in other processes: what happens to them happens to one picture."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from service.workloads.images import cells, formats
from service.workloads.images.cell import Order
from service.workloads.images.cells import CellLostError, Cells
from service.workloads.images.decoding import APART, decoded
from tests.service.workloads.images.drawing import file, photo, refusal

SOUND = Order(file(photo(64, 48), "TIFF"), "tiff", 64, with_gps=False)


@pytest.fixture
def pool() -> Iterator[Cells]:
    pool = Cells()
    yield pool
    pool.end()


def test_a_picture_that_ends_its_decoder_costs_nobody_else() -> None:
    hostile = Path(__file__).with_name("hostile.heic").read_bytes()  # found by fuzzing; it ended libheif 1.23
    sound = Path(__file__).with_name("turned.heic").read_bytes()
    assert refusal(lambda: decoded(hostile, 64)) == "damaged"
    assert decoded(sound, 64).width == 48


def test_a_picture_that_never_ends_is_ended(pool: Cells, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(cells, "LONGEST_SECONDS", 0.0)
        with pytest.raises(CellLostError):
            pool.decoded(SOUND)
    assert pool.decoded(SOUND).width == 64


def test_a_cell_is_used_again_until_it_is_worn(pool: Cells, monkeypatch: pytest.MonkeyPatch) -> None:
    started = []

    class Counted(cells.Cell):
        def __init__(self) -> None:
            super().__init__()
            started.append(self)

    monkeypatch.setattr(cells, "Cell", Counted)
    monkeypatch.setattr(cells, "MOST_PICTURES", 2)
    for _ in range(4):
        assert pool.decoded(SOUND).kind == ""
    assert len(started) == 2


def test_a_cell_that_somebody_ended_is_replaced(pool: Cells) -> None:
    assert pool.decoded(SOUND).width == 64
    (cell,) = pool._idle
    cell._process.kill()
    cell._process.wait()
    assert pool.decoded(SOUND).width == 64


def test_pictures_are_the_same_here_and_there() -> None:
    contents = [file(photo(200, 100, seed), form) for seed in range(3) for form in ("TIFF", "AVIF")]
    with ThreadPoolExecutor(3) as threads:
        found = list(threads.map(lambda content: decoded(content, 64), contents))
    for content, there in zip(contents, found, strict=True):
        assert there.format in APART
        here = formats.decoded(content, there.format, 64, with_gps=False)
        assert there._replace(pixels=here.pixels) == here
        assert np.array_equal(there.pixels, here.pixels)


def test_a_cell_says_why_there_is_no_picture(pool: Cells) -> None:
    reply = pool.decoded(Order(b"II*\0 no TIFF", "tiff", 64, with_gps=False))
    assert reply.kind == "damaged"
    assert "TIFF data" in reply.reason
