"""Decoding in other processes: what happens to them happens to one picture."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from service.pictures import formats
from service.pictures.decoding import APART, decoded
from tests.service.pictures.drawing import file, photo, refusal


def test_a_picture_that_ends_its_decoder_costs_nobody_else() -> None:
    hostile = Path(__file__).with_name("hostile.heic").read_bytes()  # found by fuzzing; it ended libheif 1.23
    sound = Path(__file__).with_name("turned.heic").read_bytes()
    assert refusal(lambda: decoded(hostile, 64)) == "damaged"
    assert decoded(sound, 64).width == 48


def test_pictures_are_the_same_here_and_there() -> None:
    contents = [file(photo(200, 100, seed), form) for seed in range(3) for form in ("TIFF", "AVIF")]
    with ThreadPoolExecutor(3) as threads:
        found = list(threads.map(lambda content: decoded(content, 64), contents))
    for content, there in zip(contents, found, strict=True):
        assert there.format in APART
        here = formats.decoded(content, there.format, 64, with_gps=False)
        assert there._replace(pixels=here.pixels) == here
        assert np.array_equal(there.pixels, here.pixels)


def test_a_cell_says_why_there_is_no_picture() -> None:
    assert refusal(lambda: decoded(b"II*\0 no TIFF", 64)) == "damaged"
