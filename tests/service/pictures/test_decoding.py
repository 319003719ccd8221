"""Files of all kinds to pixels; none that is broken or hostile gets through, or takes much to be refused."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from service.core.errors import AnalysisError
from service.pictures import formats
from service.pictures.bounds import MOST_BYTES
from service.pictures.decoding import decoded
from service.pictures.pixels import Pixels, fitted, grey
from tests.service.pictures.drawing import file, photo, png_claiming, png_part, refusal, saved, with_exif

PHOTO = photo(320, 200)
LARGE = photo(1_200, 800)
RED, WHITE = (0, 0, 255), (255, 255, 255)


def difference(one: Pixels, other: Pixels) -> float:
    assert one.shape == other.shape
    return float(np.abs(one.astype(int) - other.astype(int)).mean())


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "AVIF"])
def test_every_format_gives_the_picture(form: str) -> None:
    picture = decoded(file(PHOTO, form), 1_024)
    assert (picture.format, picture.width, picture.height) == (form.lower(), 320, 200)
    assert difference(picture.pixels, PHOTO) < 12
    assert not picture.is_damaged
    assert not picture.is_animated


def test_heic_comes_turned_as_its_file_says() -> None:
    picture = decoded(Path(__file__).with_name("turned.heic").read_bytes(), 1_024)
    assert (picture.format, picture.pixels.shape, picture.orientation) == ("heic", (64, 48, 3), 1)
    assert picture.exif["Make"] == "Loadstone"
    for corner, colour in ((picture.pixels[8, -8], (30, 30, 200)), (picture.pixels[-8, -8], (40, 160, 30))):
        assert np.abs(corner.astype(int) - colour).max() < 20


@pytest.mark.parametrize("form", ["JPEG", "PNG", "BMP", "TIFF"])
def test_no_more_is_decoded_than_is_needed(form: str) -> None:
    pixels = decoded(file(LARGE, form), 256).pixels
    assert 256 <= max(pixels.shape) <= 600
    assert difference(fitted(pixels, 256), fitted(LARGE, 256)) < 5


def test_a_large_picture_is_the_same_in_bands(monkeypatch: pytest.MonkeyPatch) -> None:
    content = file(LARGE, "BMP")
    whole = decoded(content, 128).pixels
    monkeypatch.setattr(formats, "BAND_PIXELS", 50_000)
    assert difference(decoded(content, 128).pixels, whole) == 0


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_picture_is_turned_upright(form: str, orientation: int) -> None:
    pixels = np.full((40, 60, 3), 255, np.uint8)
    pixels[:20, :30] = RED  # where the corner goes, the picture goes
    exif = Image.Exif()
    exif[0x0112] = orientation
    picture = decoded(file(pixels, form, exif=exif), 1_024)
    wide, (row, column) = {
        1: (True, (0, 0)),
        2: (True, (0, 1)),
        3: (True, (1, 1)),
        4: (True, (1, 0)),
        5: (False, (0, 0)),
        6: (False, (0, 1)),
        7: (False, (1, 1)),
        8: (False, (1, 0)),
    }[orientation]
    assert (picture.width, picture.height, picture.orientation) == (60, 40, orientation)
    assert picture.pixels.shape[:2] == ((40, 60) if wide else (60, 40))
    height, width = picture.pixels.shape[:2]
    quarter = picture.pixels[row * height // 2 :, column * width // 2 :][: height // 2, : width // 2]
    assert np.abs(quarter[3:-3, 3:-3].astype(int) - RED).mean() < 8


def test_what_is_transparent_is_white() -> None:
    picture = Image.new("RGBA", (8, 8), (255, 0, 0, 0))
    picture.paste((0, 0, 255, 128), (0, 0, 8, 4))
    for form in ("PNG", "WEBP", "TIFF"):
        pixels = decoded(saved(picture, form, lossless=True), 64).pixels
        assert pixels[6, 4].tolist() == [255, 255, 255]
        assert np.abs(pixels[1, 4].astype(int) - (255, 127, 127)).max() <= 2
    indexed = Image.new("P", (8, 8), 0)
    indexed.putpalette([9, 9, 9, 200, 0, 0])
    assert decoded(saved(indexed, "PNG", transparency=0), 64).pixels[0, 0].tolist() == [255, 255, 255]


def test_sixteen_bits_are_the_picture_that_eight_are() -> None:
    values = grey(PHOTO)
    for form in ("PNG", "TIFF"):
        pixels = decoded(saved(Image.fromarray(values.astype(np.uint16) * 257), form), 1_024).pixels
        assert difference(pixels[:, :, 0], values) == 0


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "CMYK", "RGBA"])
def test_every_kind_of_pixel_is_read(mode: str) -> None:
    picture = Image.fromarray(cv2.cvtColor(PHOTO, cv2.COLOR_BGR2RGB)).convert(mode)
    form = "TIFF" if mode == "CMYK" else "PNG"
    expected = cv2.cvtColor(np.asarray(picture.convert("RGBA").convert("RGB")), cv2.COLOR_RGB2BGR)
    assert difference(decoded(saved(picture, form), 1_024).pixels, np.asarray(expected, np.uint8)) < 2


def test_a_jpeg_of_four_inks_has_the_colours_of_the_picture() -> None:
    inks = Image.fromarray(cv2.cvtColor(PHOTO, cv2.COLOR_BGR2RGB)).convert("CMYK")
    assert difference(decoded(saved(inks, "JPEG", quality=95), 1_024).pixels, PHOTO) < 6


def test_numbers_of_32_bits_are_no_picture() -> None:
    with pytest.raises(AnalysisError, match="kind F") as caught:
        decoded(saved(Image.new("F", (8, 8)), "TIFF"), 64)
    assert caught.value.kind == "not-an-image"


@pytest.mark.parametrize("form", ["GIF", "PNG", "WEBP", "AVIF"])
def test_the_first_frame_of_an_animation_is_read(form: str) -> None:
    frames = [Image.new("RGB", (16, 16), colour) for colour in ("red", "blue", "green")]
    picture = decoded(saved(frames[0], form, save_all=True, append_images=frames[1:]), 64)
    assert picture.is_animated
    assert np.abs(picture.pixels[8, 8].astype(int) - RED).max() < 6


JPEG = file(PHOTO)


@pytest.mark.parametrize("cut", [0.5, 0.9])
def test_a_jpeg_that_is_cut_off_is_read_as_far_as_it_goes(cut: float) -> None:
    picture = decoded(JPEG[: int(len(JPEG) * cut)], 1_024)
    assert picture.is_damaged
    assert difference(picture.pixels[:60], PHOTO[:60]) < 12


def test_a_jpeg_with_garbled_data_is_reported() -> None:
    middle = len(JPEG) // 2
    assert decoded(JPEG[:middle] + bytes(200) + JPEG[middle + 200 :], 1_024).is_damaged
    assert not decoded(JPEG + b"what somebody appended", 1_024).is_damaged


@pytest.mark.parametrize("form", ["PNG", "WEBP", "GIF", "BMP", "TIFF", "AVIF"])
def test_other_formats_are_refused_when_they_are_cut_off(form: str) -> None:
    content = file(PHOTO, form)
    with pytest.raises(AnalysisError, match=form) as caught:
        decoded(content[: len(content) // 2], 1_024)
    assert caught.value.kind == "damaged"


def webp_claiming(width: int, height: int) -> bytes:
    canvas = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    chunk = b"VP8X" + struct.pack("<I", 10) + b"\0\0\0\0" + canvas
    return b"RIFF" + struct.pack("<I", len(chunk) + 4) + b"WEBP" + chunk


def gif_claiming(width: int, height: int) -> bytes:
    screen = struct.pack("<HHBBB", width, height, 0, 0, 0)
    return b"GIF89a" + screen + b"," + struct.pack("<HHHHB", 0, 0, width, height, 0) + b"\x08\0;"


def bmp_claiming(width: int, height: int) -> bytes:
    return b"BM" + struct.pack("<IHHI", 54, 0, 0, 54) + struct.pack("<IiiHHIIiiII", 40, width, height, 1, 24, *[0] * 6)


@pytest.mark.parametrize("claiming", [png_claiming, webp_claiming, gif_claiming, bmp_claiming])
@pytest.mark.parametrize("size", [(16_000, 16_000), (7_100, 7_100), (16_384, 3_052)])
def test_a_bomb_is_refused_by_its_header(claiming: Callable[[int, int], bytes], size: tuple[int, int]) -> None:
    with pytest.raises(AnalysisError, match=r"at most 50,000,000 are read|far more") as caught:
        decoded(claiming(*size), 1_024)
    assert caught.value.kind == "too-many-pixels"


@pytest.mark.parametrize("size", [(16_385, 4), (65_000, 1)])
def test_a_side_that_is_too_long_is_refused(size: tuple[int, int]) -> None:
    with pytest.raises(AnalysisError, match="16,384 pixels a side"):
        decoded(png_claiming(*size), 1_024)


def test_a_text_that_unpacks_to_gigabytes_is_refused() -> None:
    packed = zlib.compress(bytes(80_000_000), 9)
    bomb = file(PHOTO, "PNG")
    texts = b"".join(png_part(b"zTXt", b"a\0\0" + packed) for _ in range(12))
    with pytest.raises(AnalysisError, match="PNG data") as caught:
        decoded(bomb[:33] + texts + bomb[33:], 1_024)
    assert caught.value.kind == "damaged"


def test_data_that_unpacks_to_more_than_the_picture_gives_the_picture() -> None:
    rows = b"".join(b"\0" + bytes(RED[::-1]) * 8 for _ in range(8))
    picture = decoded(png_claiming(8, 8, rows=rows + bytes(50_000_000)), 64)
    assert picture.pixels[4, 4].tolist() == list(RED)


def test_a_file_that_is_too_large_is_refused() -> None:
    with pytest.raises(AnalysisError) as caught:
        decoded(JPEG + bytes(MOST_BYTES), 1_024)
    assert caught.value.kind == "too-large"


FILES = {form: file(photo(48, 40), form) for form in ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "AVIF")}
FILES["EXIF"] = with_exif(FILES["JPEG"], b"MM\0*\0\0\0\x08\0\1\1\x12\0\3\0\0\0\1\0\6\0\0")


@given(st.sampled_from(sorted(FILES)), st.floats(0, 1), st.binary(max_size=12), st.booleans())
def test_a_file_with_noise_is_read_or_refused(form: str, where: float, noise: bytes, cut: bool) -> None:
    sound = FILES[form]
    at = int(where * len(sound))
    content = sound[:at] + noise + (b"" if cut else sound[at + len(noise) :])
    assert refusal(lambda: decoded(content, 64)) in (None, "damaged", "not-an-image", "too-many-pixels", "too-large")
