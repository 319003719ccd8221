"""What a file is, by its content."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.core.errors import AnalysisError
from service.pictures.sniffing import format_of
from tests.service.pictures.drawing import file, photo, refusal

SMALL = photo(32, 24)


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "AVIF"])
def test_a_picture_is_known_by_its_content(form: str) -> None:
    assert format_of(file(SMALL, form)) == form.lower()


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (b"", "an empty file"),
        (b'<svg xmlns="http://www.w3.org/2000/svg"/>', "SVG"),
        (b"\xef\xbb\xbf <?xml version='1.0'?><svg/>", "SVG"),
        (b"<!DOCTYPE html><p>404", "a web page"),
        (b"%PDF-1.7", "a PDF document"),
        (b"PK\x03\x04\0\0", "a ZIP archive"),
        (b"%!PS-Adobe-3.0 EPSF", "PostScript"),
        (b'{"error": 404}', "JSON"),
        (b"\0\0\0\x20ftypisom\0\0\0\0isommp42", "no picture"),
        (b"P6 640 480 255 ", "no picture"),
        (b"BMW and others: a list of cars", "no picture"),
    ],
)
def test_what_is_none_is_called_by_its_name(content: bytes, name: str) -> None:
    with pytest.raises(AnalysisError, match=name) as caught:
        format_of(content)
    assert caught.value.kind == "not-an-image"


def test_a_file_with_a_general_brand_is_known_by_its_compatible_ones() -> None:
    assert format_of(b"\0\0\0\x1cftypmif1\0\0\0\0mif1heicmiaf") == "heic"
    assert format_of(b"\0\0\0\x1cftypmif1\0\0\0\0mif1avifmiaf") == "avif"


@given(st.binary(max_size=400))
def test_any_bytes_are_known_or_refused(content: bytes) -> None:
    assert refusal(lambda: format_of(content)) in (None, "not-an-image")
