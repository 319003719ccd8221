"""A process that decodes pictures for another one, which survives it: ``python -m service.pictures.cell``."""

from __future__ import annotations

from typing import Final

import msgspec

from service.cells.cell import serve
from service.pictures.exif import ExifValue
from service.pictures.sniffing import PictureFormat

MOST_MEMORY: Final = 2 * 2**30
"""Bytes of address space; a picture of 50 million pixels takes a good half of it."""


class Order(msgspec.Struct, frozen=True, array_like=True):
    """A picture to be decoded."""

    content: bytes
    format: PictureFormat
    edge: int
    with_gps: bool


class Reply(msgspec.Struct, frozen=True, array_like=True):
    """A decoded picture, or why there is none."""

    kind: str = ""
    """Of the error; empty for none."""
    reason: str = ""
    pixels: bytes = b""
    rows: int = 0
    columns: int = 0
    width: int = 0
    height: int = 0
    orientation: int = 1
    is_animated: bool = False
    exif: dict[str, ExifValue] = {}


def _reply(order: Order) -> Reply:
    import cv2
    from pi_heif import register_heif_opener
    from PIL import AvifImagePlugin

    from service.core.errors import AnalysisError
    from service.pictures.formats import decoded

    cv2.setNumThreads(1)
    AvifImagePlugin.DEFAULT_MAX_THREADS = 1
    register_heif_opener(decode_threads=1, thumbnails=False, depth_images=False, aux_images=False)
    try:
        picture = decoded(order.content, order.format, order.edge, with_gps=order.with_gps)
    except AnalysisError as error:
        return Reply(error.kind, error.reason)
    return Reply(
        pixels=picture.pixels.tobytes(),
        rows=picture.pixels.shape[0],
        columns=picture.pixels.shape[1],
        width=picture.width,
        height=picture.height,
        orientation=picture.orientation,
        is_animated=picture.is_animated,
        exif=picture.exif,
    )


if __name__ == "__main__":
    serve(Order, _reply, MOST_MEMORY)
