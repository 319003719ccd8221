"""Files to pixels, no more of them than are needed, within bounds that the header is held against first."""

from __future__ import annotations

from math import prod
from typing import Final

import numpy as np
import simplejpeg

from service.core.errors import AnalysisError
from service.pictures import apart, bounds, formats, jpeg, webp
from service.pictures.exif import orientation_of, tags_of
from service.pictures.pixels import Decoded, Pixels, upright
from service.pictures.sniffing import format_of
from service.pictures.wording import told

APART: Final = frozenset({"heic", "avif", "tiff"})
"""Formats whose decoders are not trusted with the process: hostile files of some have ended it. WebP is, but of a large
one Pillow needs 16 bytes a pixel, for which the process of the service has no room."""


def decoded(content: bytes, edge: int, *, with_gps: bool = False) -> Decoded:
    """The picture in ``content``, its longer side ``edge`` pixels at least if it has as many; AnalysisError if none."""
    bounds.check_bytes(len(content))
    form = format_of(content)
    if form == "jpeg":
        return _jpeg(content, edge, with_gps)
    if form in APART or (form == "webp" and prod(webp.size_of(content)) > bounds.LARGE_PIXELS):
        return apart.decoded(content, form, edge, with_gps=with_gps)
    return formats.decoded(content, form, edge, with_gps=with_gps)


def _jpeg(content: bytes, edge: int, with_gps: bool) -> Decoded:
    header = jpeg.header_of(content)
    exif = tags_of(header.exif, with_gps=with_gps)
    orientation = orientation_of(exif)
    pixels_at_once = header.width * header.height if header.is_progressive else 0
    with bounds.turn(pixels_at_once):
        pixels, is_damaged = _jpeg_pixels(content, header, edge)
    return Decoded(
        pixels=upright(pixels, orientation) if orientation > 1 else pixels,
        format="jpeg",
        width=header.width,
        height=header.height,
        orientation=orientation,
        is_animated=False,
        is_damaged=is_damaged,
        exif=exif,
    )


def _jpeg_pixels(content: bytes, header: jpeg.Header, edge: int) -> tuple[Pixels, bool]:
    """The pixels, and whether some of them had to be made up; what libjpeg warns of is damage."""
    space = "CMYK" if header.components == 4 else "BGR"
    wide = header.width >= header.height
    size = {"min_width": min(edge, header.width)} if wide else {"min_height": min(edge, header.height)}
    is_damaged = False
    try:
        pixels = simplejpeg.decode_jpeg(content, space, **size)
    except ValueError:
        is_damaged = True
        try:
            pixels = simplejpeg.decode_jpeg(content, space, strict=False, **size)
        except ValueError as error:
            raise AnalysisError(f"the JPEG data cannot be decoded: {told(error)}", "damaged") from error
    return _without_inks(pixels, header.is_inverted) if space == "CMYK" else pixels, is_damaged


def _without_inks(inks: Pixels, is_inverted: bool) -> Pixels:
    """CMYK as BGR, as light that the inks leave; no profile is applied."""
    light = inks if is_inverted else 255 - inks
    black = light[:, :, 3:4].astype(np.uint16)
    return np.ascontiguousarray((light[:, :, 2::-1] * black + 127) // 255).astype(np.uint8)
