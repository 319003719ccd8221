"""The header of a JPEG file, read without decoding: ITU T.81, annex B.

marker  FF xx, then for most a length of two bytes (itself included) and the segment
SOFn    precision, height, width, components         APP1   "Exif" 0 0, then a TIFF block
SOS     begins a scan; in its data FF is always followed by 00 or a restart marker
"""

from __future__ import annotations

import struct
from typing import Final, NamedTuple

from service.core.errors import AnalysisError
from service.pictures import bounds

MOST_SCANS = 100
MOST_SCANNED_PIXELS = 1_000_000_000
"""Each scan of a progressive picture goes over all of its pixels again: some seconds at most, altogether."""

_SOI, _SOS, _APP1, _APP14 = 0xD8, 0xDA, 0xE1, 0xEE
_FRAMES: Final = frozenset({0xC0, 0xC1, 0xC2, 0xC3, 0xC5, 0xC6, 0xC7, 0xC9, 0xCA, 0xCB, 0xCD, 0xCE, 0xCF})
_READ_FRAMES: Final = frozenset({0xC0, 0xC1, 0xC2, 0xC9, 0xCA})
"""Baseline, extended and progressive, Huffman or arithmetic coded."""
_PROGRESSIVE: Final = frozenset({0xC2, 0xCA})
_ALONE: Final = frozenset({0x01, *range(0xD0, 0xD9)})
"""Markers without a length."""
_FRAME = struct.Struct(">BHHB")
_EXIF = b"Exif\0\0"


class Header(NamedTuple):
    """What stands before the pixels."""

    width: int
    height: int
    components: int
    is_progressive: bool
    is_inverted: bool
    """Adobe writes the inks of CMYK the other way round."""
    exif: bytes
    """The first block of it; empty for none."""


def header_of(content: bytes) -> Header:
    """Read the header; AnalysisError for one that is broken, or a picture that would take too long."""
    at, frame, marker_of_frame, exif, adobe = 2, None, 0, b"", False
    while True:
        marker, at = _marker(content, at)
        if marker in _ALONE:
            continue
        length = int.from_bytes(content[at : at + 2], "big")
        segment = content[at + 2 : at + length]
        if length < 2 or len(segment) != length - 2:
            raise AnalysisError("the JPEG file ends in its header", "damaged")
        if marker == _SOS:
            break
        if marker in _FRAMES and frame is None and len(segment) >= _FRAME.size:
            marker_of_frame, frame = marker, _FRAME.unpack_from(segment)
        elif marker == _APP1 and not exif and segment.startswith(_EXIF):
            exif = segment[len(_EXIF) :]
        elif marker == _APP14 and segment.startswith(b"Adobe"):
            adobe = True
        at += length
    if frame is None:
        raise AnalysisError("the JPEG file does not say its size", "damaged")
    precision, height, width, components = frame
    _check(marker_of_frame, precision, components)
    bounds.check_size(width, height)
    _check_scans(content.count(b"\xff\xda", at - 2), width * height)
    return Header(width, height, components, marker_of_frame in _PROGRESSIVE, adobe, exif)


def _marker(content: bytes, at: int) -> tuple[int, int]:
    """The marker at or after ``at``, past fill bytes and what does not belong there, and where it ends."""
    while True:
        at = content.find(b"\xff", at)
        if at < 0 or at + 1 >= len(content):
            raise AnalysisError("the JPEG file ends in its header", "damaged")
        marker = content[at + 1]
        if marker not in (0x00, 0xFF):
            return marker, at + 2
        at += 1


def _check(marker: int, precision: int, components: int) -> None:
    if marker not in _READ_FRAMES or precision != 8 or components not in (1, 3, 4):
        reason = f"this kind of JPEG ({precision} bits, {components} components, process {marker:X}) is not read"
        raise AnalysisError(reason, "not-an-image")


def _check_scans(scans: int, pixels: int) -> None:
    if scans > MOST_SCANS or scans * pixels > MOST_SCANNED_PIXELS:
        raise AnalysisError(f"the JPEG file goes over its {pixels:,} pixels {scans:,} times", "too-many-pixels")
