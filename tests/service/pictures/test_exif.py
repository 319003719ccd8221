"""EXIF, sound and hostile."""

from __future__ import annotations

import json
import struct
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, TiffImagePlugin

from service.pictures.exif import LONGEST_TEXT, orientation_of, tags_of

BLOCK_WITH_PLACE = 0x8825


def block(*, place: bool = True) -> bytes:
    """What a camera writes, made by Pillow."""
    exif = Image.Exif()
    exif[0x010F] = "Loadstone\0 \x07Works"
    exif[0x0112] = 6
    exif[0x927C] = b"maker's secret"
    exif.get_ifd(0x8769).update(
        {0x829A: TiffImagePlugin.IFDRational(1, 125), 0x8827: 400, 0x9003: "2026:11:22 10:00:00"}
    )
    if place:
        exif.get_ifd(BLOCK_WITH_PLACE).update({1: "S", 2: (25.0, 16.0, 56.4), 3: "W", 4: (57.0, 38.0, 6.0)})
    return exif.tobytes()


def test_what_the_camera_noted_is_told_by_its_names() -> None:
    assert tags_of(block(), with_gps=False) == {
        "Make": "Loadstone",
        "Orientation": 6,
        "ExposureTime": 0.008,
        "PhotographicSensitivity": 400,
        "DateTimeOriginal": "2026:11:22 10:00:00",
    }


def test_the_place_is_told_only_when_asked_for() -> None:
    told = tags_of(block(), with_gps=True)
    assert (told["latitude"], told["longitude"]) == (-25.2823333, -57.635)
    assert not [name for name in tags_of(block(), with_gps=False) if "GPS" in name or "tude" in name]
    assert "latitude" not in tags_of(block(place=False), with_gps=True)


def entry(tag: int, kind: int, count: int, value: bytes) -> bytes:
    return struct.pack(">HHI", tag, kind, count) + value.ljust(4, b"\0")


@pytest.mark.parametrize(
    ("line", "told"),
    [
        (entry(0x010F, 2, 4, b"a\x01b\0"), {"Make": "ab"}),
        (entry(0x010F, 2, 3, b"\xe9t\xe9"), {"Make": "été"}),
        (entry(0x010F, 2, 2**32 - 1, struct.pack(">I", 8)), {"Make": "x" * LONGEST_TEXT}),
        (entry(0x011A, 5, 1, struct.pack(">I", 2**32 - 1)), {}),
        (entry(0x011A, 5, 1, struct.pack(">I", 0)), {"XResolution": pytest.approx(0x4D4D002A / 26, rel=1e-6)}),
        (entry(0x0112, 3, 2**31, b""), {}),
        (entry(0x8769, 4, 1, struct.pack(">I", 2**32 - 1)), {}),
    ],
)
def test_hostile_entries_are_left_out_or_cut(line: bytes, told: dict[str, object]) -> None:
    directory = struct.pack(">H", 1) + line
    content = b"MM\0*" + struct.pack(">I", 8 + 18) + b"x" * 18
    if line[8:12] == struct.pack(">I", 8):
        content = b"MM\0*" + struct.pack(">I", 8 + 900) + b"x" * 900
    assert tags_of(content + directory, with_gps=True) == told


def test_a_directory_that_points_to_itself_ends() -> None:
    content = b"MM\0*" + struct.pack(">IH", 8, 65_535) + entry(0x8769, 4, 1, struct.pack(">I", 8)) * 1_000
    assert tags_of(content, with_gps=True) == {}


@pytest.mark.parametrize(("value", "orientation"), [(6, 6), (0, 1), (9, 1), ("6", 1), ((6, 6), 1)])
def test_an_orientation_that_is_none_is_upright(value: int | str | tuple[int, int], orientation: int) -> None:
    assert orientation_of({"Orientation": value}) == orientation


@given(st.binary(max_size=300), st.integers(0, 300), st.booleans())
def test_any_block_is_read_within_bounds(noise: bytes, at: int, gps: bool) -> None:
    sound = block()
    for content in (b"II*\0" + noise, sound[:at] + noise + sound[at + len(noise) :], sound[:at]):
        told = tags_of(content, with_gps=gps)
        encoded = json.dumps(told, allow_nan=False)
        assert "\\u0000" not in encoded
        assert len(encoded) < 60 * (LONGEST_TEXT + 100)


def test_fractions_are_told_as_numbers() -> None:
    line = entry(0x011A, 10, 1, struct.pack(">I", 8))
    content = b"MM\0*" + struct.pack(">I", 16) + struct.pack(">ii", -1, 3) + struct.pack(">H", 1) + line
    assert tags_of(content, with_gps=False) == {"XResolution": float(round(Fraction(-1, 3), 6))}
