"""What a file is, by its content: names and media types are not asked."""

from __future__ import annotations

from typing import Final, Literal

from service.core.errors import AnalysisError

PictureFormat = Literal["jpeg", "png", "webp", "gif", "bmp", "tiff", "heic", "avif"]

_PREFIXES: Final[tuple[tuple[bytes, PictureFormat], ...]] = (
    (b"\xff\xd8\xff", "jpeg"),
    (b"\x89PNG\r\n\x1a\n", "png"),
    (b"GIF87a", "gif"),
    (b"GIF89a", "gif"),
    (b"II*\0", "tiff"),
    (b"MM\0*", "tiff"),
)
_BMP_HEADERS: Final = frozenset({12, 16, 40, 52, 56, 64, 108, 124})
"""Lengths of the headers that BMP has had; two letters alone would be many things."""
_BRANDS: Final[dict[bytes, PictureFormat]] = {
    b"heic": "heic",
    b"heix": "heic",
    b"heim": "heic",
    b"heis": "heic",
    b"avif": "avif",
    b"avis": "avif",
}
"""Brands of ISO base media files (ISO/IEC 23008-12) that are read."""
_GENERAL_BRANDS: Final = (b"mif1", b"msf1")
_STRANGERS: Final = (
    (b"%PDF", "a PDF document"),
    (b"PK\x03\x04", "a ZIP archive"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"%!PS", "a PostScript document"),
    (b"8BPS", "a Photoshop document"),
    (b"\0\0\1\0", "an icon"),
    (b"\0\0\0\x0cJXL ", "a JPEG XL picture"),
    (b"\xff\x0a", "a JPEG XL picture"),
    (b"\0\0\0\x0cjP  ", "a JPEG 2000 picture"),
    (b"\0asm", "a program"),
    (b"\x7fELF", "a program"),
    (b"MZ", "a program"),
    (b"{", "JSON"),
    (b"[", "JSON"),
)
_READ: Final = "JPEG, PNG, WebP, GIF, BMP, TIFF, HEIC and AVIF are read"


def format_of(content: bytes) -> PictureFormat:
    """The format of the picture in ``content``; AnalysisError ``not-an-image`` for what is none of those read."""
    for prefix, name in _PREFIXES:
        if content.startswith(prefix):
            return name
    if content[:2] == b"BM" and int.from_bytes(content[14:18], "little") in _BMP_HEADERS:
        return "bmp"
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "webp"
    if content[4:8] == b"ftyp" and (brand := _brand_of(content)):
        return brand
    raise AnalysisError(f"this is {_stranger_in(content)}; {_READ}", "not-an-image")


def _brand_of(content: bytes) -> PictureFormat | None:
    """The format that the major brand names, or else the first compatible one that does."""
    major = content[8:12]
    if major in _BRANDS or major not in _GENERAL_BRANDS:
        return _BRANDS.get(major)
    end = min(int.from_bytes(content[:4], "big"), 256)
    brands = (content[at : at + 4] for at in range(16, end, 4))
    return next((_BRANDS[brand] for brand in brands if brand in _BRANDS), None)


def _stranger_in(content: bytes) -> str:
    if not content:
        return "an empty file"
    for prefix, name in _STRANGERS:
        if content.startswith(prefix):
            return name
    text = content[:1024].removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    if text.startswith((b"<svg", b"<?xml")) or b"<svg" in text:
        return "a drawing in SVG or other XML"
    if text.startswith((b"<!doctype html", b"<html", b"<head", b"<body")):
        return "a web page"
    return "no picture"
