"""EXIF: a TIFF block of numbered values, read within bounds and without following anything twice.

Known values alone are told, by EXIF's own names (CIPA DC-008). Where the picture was taken is told only when asked for;
maker's notes, comments and the picture in the picture never are.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from math import isfinite, nan
from typing import Final

ExifValue = str | int | float | tuple[int | float, ...]

MOST_ENTRIES = 256
LONGEST_TEXT = 200
MOST_NUMBERS = 8

_PICTURE_TAGS: Final = {
    0x010E: "ImageDescription",
    0x010F: "Make",
    0x0110: "Model",
    0x0112: "Orientation",
    0x011A: "XResolution",
    0x011B: "YResolution",
    0x0128: "ResolutionUnit",
    0x0131: "Software",
    0x0132: "DateTime",
    0x013B: "Artist",
    0x8298: "Copyright",
}
_CAMERA_TAGS: Final = {
    0x829A: "ExposureTime",
    0x829D: "FNumber",
    0x8822: "ExposureProgram",
    0x8827: "PhotographicSensitivity",
    0x9003: "DateTimeOriginal",
    0x9004: "DateTimeDigitized",
    0x9010: "OffsetTime",
    0x9011: "OffsetTimeOriginal",
    0x9201: "ShutterSpeedValue",
    0x9202: "ApertureValue",
    0x9203: "BrightnessValue",
    0x9204: "ExposureBiasValue",
    0x9205: "MaxApertureValue",
    0x9206: "SubjectDistance",
    0x9207: "MeteringMode",
    0x9208: "LightSource",
    0x9209: "Flash",
    0x920A: "FocalLength",
    0x9290: "SubSecTime",
    0x9291: "SubSecTimeOriginal",
    0xA001: "ColorSpace",
    0xA002: "PixelXDimension",
    0xA003: "PixelYDimension",
    0xA402: "ExposureMode",
    0xA403: "WhiteBalance",
    0xA404: "DigitalZoomRatio",
    0xA405: "FocalLengthIn35mmFilm",
    0xA406: "SceneCaptureType",
    0xA432: "LensSpecification",
    0xA433: "LensMake",
    0xA434: "LensModel",
}
_GPS_TAGS: Final = {
    0x01: "GPSLatitudeRef",
    0x02: "GPSLatitude",
    0x03: "GPSLongitudeRef",
    0x04: "GPSLongitude",
    0x05: "GPSAltitudeRef",
    0x06: "GPSAltitude",
    0x07: "GPSTimeStamp",
    0x0C: "GPSSpeedRef",
    0x0D: "GPSSpeed",
    0x10: "GPSImgDirectionRef",
    0x11: "GPSImgDirection",
    0x1D: "GPSDateStamp",
    0x1F: "GPSHPositioningError",
}
_CAMERA_IFD, _GPS_IFD = 0x8769, 0x8825
_POINTERS: Final = {_CAMERA_IFD: "camera", _GPS_IFD: "gps"}

_TEXT, _RATIONAL, _SIGNED_RATIONAL = 2, 5, 10
_NUMBERS: Final = {1: "B", 3: "H", 4: "I", 6: "b", 8: "h", 9: "i", 11: "f", 12: "d", 13: "I"}
_RATIONALS: Final = {_RATIONAL: "I", _SIGNED_RATIONAL: "i"}
_CONTROL: Final = dict.fromkeys((*range(32), *range(127, 160)))


def tags_of(block: bytes, *, with_gps: bool) -> dict[str, ExifValue]:
    """What the TIFF block ``block`` says, by name; what is broken or unknown in it is left out."""
    block = block.removeprefix(b"Exif\0\0")
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(block[:4])
    if order is None or len(block) < 8:
        return {}
    told: dict[str, ExifValue] = {}
    start = struct.unpack_from(order + "I", block, 4)[0]
    pointers = _read(block, order, start, _PICTURE_TAGS | _POINTERS, told)
    if camera := pointers.get("camera"):
        _read(block, order, camera, _CAMERA_TAGS, told)
    if with_gps and (gps := pointers.get("gps")):
        _read(block, order, gps, _GPS_TAGS, told)
        told.update(_place(told))
    return told


def orientation_of(tags: Mapping[str, ExifValue]) -> int:
    """How the picture has to be turned, 1 to 8; 1 when it is not said."""
    orientation = tags.get("Orientation")
    return orientation if isinstance(orientation, int) and 1 <= orientation <= 8 else 1


def _read(block: bytes, order: str, start: int, names: Mapping[int, str], told: dict[str, ExifValue]) -> dict[str, int]:
    """Add the values of the directory at ``start`` to ``told``; the directories that it points to are returned."""
    pointers: dict[str, int] = {}
    for tag, kind, count, at in _entries(block, order, start):
        name = names.get(tag)
        value = _value(block, order, kind, count, at) if name is not None else None
        if name is None or value is None:
            continue
        if tag not in _POINTERS:
            told.setdefault(name, value)
        elif isinstance(value, int):
            pointers[name] = value
    return pointers


def _entries(block: bytes, order: str, start: int) -> Iterator[tuple[int, int, int, int]]:
    """Tag, type, count and where its value or the value's offset stands, for each entry of a directory."""
    if start + 2 > len(block):
        return
    entry = struct.Struct(order + "HHI")
    count = struct.unpack_from(order + "H", block, start)[0]
    for at in range(start + 2, start + 2 + 12 * min(count, MOST_ENTRIES), 12):
        if at + 12 > len(block):
            return
        tag, kind, number = entry.unpack_from(block, at)
        yield tag, kind, number, at + 8


def _value(block: bytes, order: str, kind: int, count: int, at: int) -> ExifValue | None:
    """The value of an entry; None for what is broken, empty, or of a type that says nothing by itself."""
    if kind == _TEXT:
        return _text(_content(block, order, count, at)[:LONGEST_TEXT])
    if not 0 < count <= MOST_NUMBERS:
        return None
    form = _NUMBERS.get(kind) or _RATIONALS.get(kind, "") * 2
    if not form:
        return None
    layout = struct.Struct(order + form * count)
    content = _content(block, order, layout.size, at)
    if len(content) < layout.size:
        return None
    numbers = layout.unpack_from(content)
    if kind in _RATIONALS:
        numbers = tuple(_quotient(*numbers[place : place + 2]) for place in range(0, len(numbers), 2))
    elif kind in (11, 12):
        numbers = tuple(round(number, 6) for number in numbers)
    if not all(map(isfinite, numbers)):
        return None
    return numbers[0] if count == 1 else numbers


def _content(block: bytes, order: str, length: int, at: int) -> bytes:
    """So many bytes of a value: up to four stand in the entry, more where it says."""
    start = at if length <= 4 else struct.unpack_from(order + "I", block, at)[0]
    return block[start : start + min(length, LONGEST_TEXT * 4)]


def _quotient(numerator: int, denominator: int) -> float:
    return round(numerator / denominator, 6) if denominator else nan


def _text(content: bytes) -> str | None:
    content = content.split(b"\0", 1)[0]
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        text = content.decode("latin-1")
    return text.translate(_CONTROL).strip() or None


def _place(told: Mapping[str, ExifValue]) -> dict[str, ExifValue]:
    """Latitude and longitude in degrees, where both are sound."""
    latitude = _degrees(told.get("GPSLatitude"), told.get("GPSLatitudeRef"), "S")
    longitude = _degrees(told.get("GPSLongitude"), told.get("GPSLongitudeRef"), "W")
    if latitude is None or longitude is None or abs(latitude) > 90 or abs(longitude) > 180:
        return {}
    return {"latitude": latitude, "longitude": longitude}


def _degrees(parts: ExifValue | None, reference: ExifValue | None, negative: str) -> float | None:
    """Degrees, minutes and seconds as one number."""
    if not isinstance(parts, tuple) or len(parts) != 3:
        return None
    degrees, minutes, seconds = parts
    return round((degrees + minutes / 60 + seconds / 3600) * (-1 if reference == negative else 1), 7)
