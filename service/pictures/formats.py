"""Pictures of all formats but JPEG, decoded as a whole by Pillow and libheif."""

from __future__ import annotations

from io import BytesIO
from typing import Final

import cv2
import numpy as np
from PIL import Image

from service.core.errors import AnalysisError
from service.pictures import bounds, webp
from service.pictures.exif import orientation_of, tags_of
from service.pictures.pixels import Decoded, Pixels, converted, shrunk, upright
from service.pictures.sniffing import PictureFormat
from service.pictures.wording import told

BAND_PIXELS = 4_000_000
"""Pictures that are far too large are made smaller so many pixels at a time."""

_NAMES: Final = {
    "png": "PNG",
    "webp": "WEBP",
    "gif": "GIF",
    "bmp": "BMP",
    "tiff": "TIFF",
    "heic": "HEIF",
    "avif": "AVIF",
}
_MODES_WITH_ALPHA: Final = frozenset({"LA", "La", "PA", "RGBA", "RGBa"})
_MODES: Final = _MODES_WITH_ALPHA | {"1", "L", "P", "RGB", "RGBX", "CMYK", "YCbCr", "LAB", "HSV"}
_ANIMATED: Final = frozenset({"png", "webp", "gif", "avif"})


def decoded(content: bytes, form: PictureFormat, edge: int, *, with_gps: bool) -> Decoded:
    """The picture in ``content``, which is of the format ``form``; AnalysisError when it cannot be decoded."""
    if form == "webp":  # Pillow makes room for its pixels when it opens one
        bounds.check_size(*webp.size_of(content))
    try:
        with _opened(content, form) as picture:
            width, height = picture.size
            bounds.check_size(width, height)
            is_animated = form in _ANIMATED and bool(getattr(picture, "is_animated", False))
            block = content if form == "tiff" else picture.info.get("exif") or b""
            with bounds.turn(width * height):
                picture.load()
                pixels = _pixels(picture, edge)
    except AnalysisError:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise AnalysisError("the picture has far more pixels than are read", "too-many-pixels") from error
    except Exception as error:  # decoders of damaged files raise nearly anything
        raise AnalysisError(f"the {form.upper()} data cannot be decoded: {told(error)}", "damaged") from error
    exif = tags_of(block, with_gps=with_gps)
    orientation = orientation_of(exif)  # HEIC is upright by now, and its EXIF says so
    if form == "tiff":  # turned by Pillow, size and all
        width, height = (height, width) if orientation > 4 else (width, height)
    elif orientation > 1:
        pixels = upright(pixels, orientation)
    return Decoded(
        pixels=pixels,
        format=form,
        width=width,
        height=height,
        orientation=orientation,
        is_animated=is_animated,
        is_damaged=False,
        exif=exif,
    )


def _opened(content: bytes, form: PictureFormat) -> Image.Image:
    """The picture with its header read, and no pixel."""
    return Image.open(BytesIO(content), formats=(_NAMES[form],))


def _pixels(picture: Image.Image, edge: int) -> Pixels:
    """A loaded picture as BGR on white; of one that is far too large, means of several pixels, a band at a time."""
    width, height = picture.size
    times = min(max(width, height) // (2 * edge), width, height)
    if times < 2:
        return _bgr(picture)
    rows = times * max(1, BAND_PIXELS // (width * times))
    bands = [_bgr(picture.crop((0, top, width, min(top + rows, height)))) for top in range(0, height, rows)]
    return np.concatenate([shrunk(band, times) for band in bands])


def _bgr(picture: Image.Image) -> Pixels:
    mode = picture.mode
    if mode in ("I", "I;16", "I;16L", "I;16B", "I;16N"):
        return converted(_eight_bits(np.asarray(picture)), cv2.COLOR_GRAY2BGR)
    if mode not in _MODES:
        raise AnalysisError(f"pictures of the kind {mode} are not read", "not-an-image")
    if "transparency" in picture.info or mode in _MODES_WITH_ALPHA:
        return _on_white(np.asarray(picture.convert("RGBA")))
    if mode in ("1", "L"):
        return converted(np.asarray(picture.convert("L")), cv2.COLOR_GRAY2BGR)
    return converted(np.asarray(picture.convert("RGB")), cv2.COLOR_RGB2BGR)


def _eight_bits(values: np.ndarray[tuple[int, ...], np.dtype[np.generic]]) -> Pixels:
    """Grey values of 16 bits, in whatever type they come, as their upper halves."""
    return (np.clip(values.astype(np.int32), 0, 65_535) >> 8).astype(np.uint8)


def _on_white(pixels: Pixels) -> Pixels:
    """RGBA as BGR, as it looks on white paper."""
    if pixels[:, :, 3].min() == 255:
        return converted(pixels, cv2.COLOR_RGBA2BGR)
    alpha = pixels[:, :, 3:4].astype(np.uint16)
    light = pixels[:, :, 2::-1] * alpha + 255 * (255 - alpha)
    return np.ascontiguousarray((light + 127) // 255).astype(np.uint8)
