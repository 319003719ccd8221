"""The files of thumbnails, taken out of an outcome to be kept elsewhere: in it they would fill the cache."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from service.core.keepsakes import Keepsake
from service.workloads.images.messages import Picture


def parted(picture: Picture) -> tuple[Picture, Sequence[Keepsake]]:
    """``picture`` with its thumbnails named and not contained, and the files of those that it contained."""
    files = [
        Keepsake(thumbnail.id, f"image/{thumbnail.format}", thumbnail.content)
        for thumbnail in picture.thumbnails
        if thumbnail.content
    ]
    if not files:
        return picture, files
    named = tuple(msgspec.structs.replace(thumbnail, content=b"") for thumbnail in picture.thumbnails)
    return msgspec.structs.replace(picture, thumbnails=named), files
