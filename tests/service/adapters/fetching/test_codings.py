"""Compressed content is undone within bounds."""

from __future__ import annotations

import gzip
import tracemalloc
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.adapters.fetching.codings import is_plain, undone
from service.core.errors import AnalysisError

MOST = 100_000


@given(st.binary(max_size=MOST))
def test_content_comes_back_as_it_was(content: bytes) -> None:
    assert undone(gzip.compress(content), "gzip", MOST) == content
    assert undone(gzip.compress(content), " X-GZIP", MOST) == content
    assert undone(zlib.compress(content), "deflate", MOST) == content


def test_a_bomb_takes_no_more_memory_than_may_be_there() -> None:
    bomb = gzip.compress(bytes(50 * 2**20))
    tracemalloc.start()
    try:
        with pytest.raises(AnalysisError) as refusal:
            undone(bomb, "gzip", MOST)
        assert tracemalloc.get_traced_memory()[1] < 8 * MOST
    finally:
        tracemalloc.stop()
    assert refusal.value.kind == "too-large"


@pytest.mark.parametrize(
    ("content", "coding"),
    [
        (gzip.compress(b"cut in the middle" * 9)[:-20], "gzip"),
        (b"none at all", "gzip"),
        (b"", "gzip"),
        (gzip.compress(b"x"), "br"),
        (gzip.compress(gzip.compress(b"x")), "gzip, gzip"),
    ],
)
def test_what_cannot_be_undone_is_refused(content: bytes, coding: str) -> None:
    with pytest.raises(AnalysisError) as refusal:
        undone(content, coding, MOST)
    assert refusal.value.kind == "coding"


def test_no_coding_is_none() -> None:
    assert is_plain("")
    assert is_plain(" Identity ")
    assert not is_plain("gzip")
