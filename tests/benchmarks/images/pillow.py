"""The same analysis by Pillow and NumPy, written as somebody who knows Pillow well would write it.

It does not hash by PDQ, which Pillow cannot, and does not notice damage; everything else is there.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256
from io import BytesIO
from typing import Any

import numpy as np
from PIL import ExifTags, Image, ImageFilter, ImageOps, ImageStat
from scipy.fft import dctn

from service.workloads.images.messages import ThumbnailWish
from service.workloads.images.thumbnails import edge_of

EDGE = 1_024
_LAPLACE = ImageFilter.Kernel((3, 3), (0, 1, 0, 1, -4, 1, 0, 1, 0), scale=1, offset=128)


def analysed(content: bytes, wishes: Sequence[ThumbnailWish]) -> dict[str, Any]:
    """All that is known of the picture in ``content``, thumbnails included."""
    picture = Image.open(BytesIO(content))
    answer: dict[str, Any] = {
        "sha256": sha256(content).hexdigest(),
        "format": picture.format,
        "size": picture.size,
        "exif": _exif(picture),
    }
    edge = max([EDGE, *(edge_of(wish.size) for wish in wishes)])
    picture.draft("RGB", (min(edge, picture.width), min(edge, picture.height)))
    upright = ImageOps.exif_transpose(picture).convert("RGB")
    fine = upright.copy()
    fine.thumbnail((EDGE, EDGE), Image.Resampling.BOX, reducing_gap=2.0)
    grey = fine.convert("L")
    answer["phash"] = _phash(grey)
    answer |= _quality(grey)
    answer["colours"] = _colours(fine)
    answer["thumbnails"] = [_thumbnail(fine if edge_of(wish.size) <= EDGE else upright, wish) for wish in wishes]
    return answer


def _exif(picture: Image.Image) -> dict[str, str]:
    exif = picture.getexif()
    tags = {**exif, **exif.get_ifd(ExifTags.IFD.Exif)}
    return {ExifTags.TAGS[tag]: str(value) for tag, value in tags.items() if tag in ExifTags.TAGS}


def _phash(grey: Image.Image) -> str:
    small = np.asarray(grey.resize((32, 32), Image.Resampling.LANCZOS, reducing_gap=2.0), np.float64)
    strengths = dctn(small, norm="ortho")[:8, :8]
    return np.packbits(strengths > np.median(strengths)).tobytes().hex()


def _quality(grey: Image.Image) -> dict[str, float]:
    counts = np.array(grey.histogram()) / (grey.width * grey.height)
    statistics = ImageStat.Stat(grey)
    return {
        "sharpness": ImageStat.Stat(grey.filter(_LAPLACE)).stddev[0],
        "brightness": statistics.mean[0] / 255,
        "contrast": statistics.stddev[0] / 255,
        "underexposed": float(counts[:9].sum()),
        "overexposed": float(counts[247:].sum()),
    }


def _colours(picture: Image.Image) -> Sequence[object]:
    small = picture.resize((64, 64), Image.Resampling.BOX, reducing_gap=2.0)
    return small.quantize(6, kmeans=2).getcolors() or []


def _thumbnail(picture: Image.Image, wish: ThumbnailWish) -> bytes:
    made = picture.copy()
    made.thumbnail((edge_of(wish.size), edge_of(wish.size)), Image.Resampling.BOX, reducing_gap=2.0)
    stream = BytesIO()
    made.save(stream, wish.format.upper(), quality=82 if wish.format == "jpeg" else 80)
    return stream.getvalue()
