"""A process that decodes pictures for another one, which survives it: ``python -m service.workloads.images.cell``.

in    length of the rest (4 bytes, big-endian), an `Order` as MessagePack
out   length of the rest, a `Reply` as MessagePack

It ends with its input, and has bounds on its memory that the kernel keeps.
"""

from __future__ import annotations

import os
import resource
import sys
from typing import IO, Final

import msgspec

from service.workloads.images.messages import ExifValue, PictureFormat

MOST_MEMORY: Final = 2 * 2**30
"""Bytes of address space; a picture of 50 million pixels takes a good half of it."""
LENGTH_BYTES: Final = 4


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


def main() -> None:
    """Answer orders until there are no more."""
    resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    orders, replies = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a decoder prints is no reply
    decode, encode = msgspec.msgpack.Decoder(Order).decode, msgspec.msgpack.Encoder().encode
    while message := read(orders):
        reply = encode(_reply(decode(message)))
        replies.write(len(reply).to_bytes(LENGTH_BYTES, "big"))
        replies.write(reply)
        replies.flush()


def read(stream: IO[bytes]) -> bytes:
    """The next message; empty at the end, also in the middle of one."""
    length = int.from_bytes(stream.read(LENGTH_BYTES), "big")
    message = stream.read(length)
    return message if len(message) == length else b""


def _reply(order: Order) -> Reply:
    import cv2
    from pi_heif import register_heif_opener
    from PIL import AvifImagePlugin

    from service.core.errors import AnalysisError
    from service.workloads.images.formats import decoded

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
    main()
