"""Thumbnails: what is asked for and nothing else, as WebP takes 20 times as long as JPEG."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b
from io import BytesIO
from typing import Final

import cv2
from PIL import Image
from simplejpeg import encode_jpeg

from service.pictures.pixels import Pixels, Pyramid, converted
from service.workloads.images.messages import Thumbnail, ThumbnailFormat, ThumbnailSize, ThumbnailWish

PATH = "/v1/images/thumbnails/"
"""Thumbnails are served below it, by their ids."""
RULES = b"1"
"""Changes when the same picture would get another thumbnail, so that nobody gets an old one for it."""
EDGES: Final[dict[ThumbnailSize, int]] = {"small": 128, "medium": 256, "large": 512}

_JPEG_QUALITY: Final = 82
_WEBP_QUALITY: Final = 80
_WEBP_EFFORT: Final = 2
"""Of 0 to 6: half the time of the usual 4 for 3 % more bytes."""
_ID_BYTES: Final = 16


def edge_of(size: ThumbnailSize | int) -> int:
    """The longer side in pixels."""
    return size if isinstance(size, int) else EDGES[size]


def made(picture: Pyramid, wishes: Sequence[ThumbnailWish], digest: bytes) -> tuple[Thumbnail, ...]:
    """The thumbnails of an upright BGR picture whose file has the SHA-256 ``digest``, in the order of ``wishes``."""
    return tuple(_made(picture.at(edge_of(wish.size)), wish, digest) for wish in wishes)


def _made(pixels: Pixels, wish: ThumbnailWish, digest: bytes) -> Thumbnail:
    content = _jpeg(pixels) if wish.format == "jpeg" else _webp(pixels)
    name = _id(digest, edge_of(wish.size), wish.format)
    height, width = pixels.shape[:2]
    return Thumbnail(
        id=name,
        size=wish.size,
        format=wish.format,
        width=width,
        height=height,
        file_bytes=len(content),
        href=PATH + name,
        content=content,
    )


def _id(digest: bytes, edge: int, form: ThumbnailFormat) -> str:
    told = b"%b %b %d %b" % (RULES, digest, edge, form.encode())
    return blake2b(told, digest_size=_ID_BYTES).hexdigest()


def _jpeg(pixels: Pixels) -> bytes:
    return bytes(encode_jpeg(pixels, _JPEG_QUALITY, "BGR", "420"))


def _webp(pixels: Pixels) -> bytes:
    file = BytesIO()
    picture = Image.fromarray(converted(pixels, cv2.COLOR_BGR2RGB))
    picture.save(file, "WEBP", quality=_WEBP_QUALITY, method=_WEBP_EFFORT)
    return file.getvalue()
