"""A picture's file to everything that is known of it. One call takes one thread; OpenCV is told to start no others."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256

import cv2

from service.core.errors import AnalysisError
from service.pictures.decoding import decoded
from service.pictures.pixels import Pyramid, fitted, grey
from service.workloads.images import colours, hashes, quality
from service.workloads.images.items import Item
from service.workloads.images.messages import Picture
from service.workloads.images.thumbnails import edge_of, made

cv2.setNumThreads(1)


def outcomes(items: Sequence[Item]) -> list[Picture | AnalysisError]:
    """What becomes of each item, in order; a bad one fails alone."""
    return [_outcome(item) for item in items]


def analysed(item: Item) -> Picture:
    """All that is known of a picture whose content is there; AnalysisError when it cannot be read."""
    content = item.content or b""
    digest = item.digest or sha256(content).digest()
    edge = max([quality.EDGE, *(edge_of(wish.size) for wish in item.thumbnails)])
    picture = decoded(content, edge, with_gps=item.gps)
    pyramid = Pyramid(picture.pixels)
    fine = fitted(grey(picture.pixels), quality.EDGE, cv2.INTER_LINEAR)
    small = hashes.prepared(grey(pyramid.at(hashes.EDGE)))
    pdq, pdq_quality = hashes.pdq(small)
    return Picture(
        sha256=digest.hex(),
        file_bytes=len(content),
        format=picture.format,
        width=picture.width,
        height=picture.height,
        orientation=picture.orientation,
        is_animated=picture.is_animated,
        damaged=picture.is_damaged,
        exif=picture.exif,
        phash=hashes.phash(small),
        pdq=pdq,
        pdq_quality=pdq_quality,
        quality=quality.quality_of(fine, small),
        colours=colours.dominant(pyramid.at(colours.EDGE)),
        thumbnails=made(pyramid, item.thumbnails, digest),
    )


def _outcome(item: Item) -> Picture | AnalysisError:
    try:
        return analysed(item)
    except AnalysisError as error:
        return error
    except MemoryError:
        return AnalysisError("there is not enough memory for this picture now", may_pass=True)
    except cv2.error as error:
        return AnalysisError(f"the picture cannot be analysed: {error.err}")
