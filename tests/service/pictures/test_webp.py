"""The header of WebP files."""

from __future__ import annotations

import pytest

from service.core.errors import AnalysisError
from service.pictures.webp import size_of
from tests.service.pictures.drawing import file, photo


@pytest.mark.parametrize("options", [{"lossless": True}, {"lossless": False}, {"xmp": b"extended"}])
def test_the_size_is_that_of_the_picture(options: dict[str, object]) -> None:
    assert size_of(file(photo(301, 77), "WEBP", **options)) == (301, 77)


def test_a_file_that_ends_before_its_size_is_damaged() -> None:
    with pytest.raises(AnalysisError) as caught:
        size_of(file(photo(16, 16), "WEBP")[:28])
    assert caught.value.kind == "damaged"
