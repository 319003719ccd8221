"""The header of JPEG files, whole, broken and hostile."""

from __future__ import annotations

from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.core.errors import AnalysisError
from service.pictures import jpeg
from tests.service.pictures.drawing import file, photo, refusal, with_exif

WHOLE = file(photo(200, 120), progressive=True)


def sized(content: bytes, width: int, height: int) -> bytes:
    """A JPEG file that claims another size."""
    at = next(content.index(bytes((0xFF, marker))) for marker in (0xC2, 0xC0) if bytes((0xFF, marker)) in content)
    return content[: at + 5] + height.to_bytes(2, "big") + width.to_bytes(2, "big") + content[at + 9 :]


def test_the_header_tells_of_the_picture() -> None:
    header = jpeg.header_of(with_exif(WHOLE, b"II*\0rest"))
    assert header == jpeg.Header(200, 120, 3, is_progressive=True, is_inverted=False, exif=b"II*\0rest")


@pytest.mark.parametrize(
    ("size", "kind"), [((0, 100), "damaged"), ((16_385, 1), "too-many-pixels"), ((9_000, 9_000), "too-many-pixels")]
)
def test_a_size_out_of_bounds_is_refused_by_the_header(size: tuple[int, int], kind: str) -> None:
    with pytest.raises(AnalysisError) as caught:
        jpeg.header_of(sized(WHOLE, *size))
    assert caught.value.kind == kind


def test_a_picture_that_is_gone_over_many_times_is_refused() -> None:
    scan = WHOLE.rindex(b"\xff\xda")
    with pytest.raises(AnalysisError, match="times") as caught:
        jpeg.header_of(WHOLE[:-2] + WHOLE[scan:-2] * jpeg.MOST_SCANS + WHOLE[-2:])
    assert caught.value.kind == "too-many-pixels"


def test_twelve_bits_are_not_read() -> None:
    at = WHOLE.index(b"\xff\xc2")
    with pytest.raises(AnalysisError, match="12 bits"):
        jpeg.header_of(WHOLE[: at + 4] + b"\x0c" + WHOLE[at + 5 :])


@given(st.integers(2, len(WHOLE) - 1), st.binary(min_size=1, max_size=8))
def test_a_broken_header_is_read_or_refused(at: int, noise: bytes) -> None:
    for content in (WHOLE[:at], WHOLE[:at] + noise + WHOLE[at + len(noise) :]):
        assert refusal(partial(jpeg.header_of, content)) in (None, "damaged", "too-many-pixels", "not-an-image")
