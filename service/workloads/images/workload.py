"""The images workload as the pipeline sees it. Importing it loads no engine."""

from __future__ import annotations

import os
from collections.abc import Sequence

import msgspec

from service.core.errors import AnalysisError
from service.core.workload import Belonging, CachePolicy, Lane, Workload
from service.pictures.sources import completed
from service.workloads.images.contents import parted
from service.workloads.images.items import BATCH, UPLOAD, Item, items_of, key_of
from service.workloads.images.messages import ImageAnswer, ImageRequest, Picture
from service.workloads.images.near_duplicates import NearDuplicates

VERSION = "1"
"""Counts up when the same picture would get another answer."""

_HOUR = 3600.0
_FLAG = (
    "iVBORw0KGgoAAAANSUhEUgAAABAAAAAMAgMAAAAWidUSAAAACVBMVEX///8AOKjVKx5g4lwhAAAAFklEQVR42mNcxcDAwMSAQmAD"
    "jKGY6gAvcQEOOWWFAQAAAABJRU5ErkJggg=="
)


def _analyse(lane: str, items: Sequence[Item]) -> list[Picture | AnalysisError]:
    # The engines take some 50 MiB and a third of a second: they are loaded when somebody sends a picture.
    from service.workloads.images.analysis import outcomes

    return outcomes(items)


def _join(request: ImageRequest, outcomes: Sequence[Picture]) -> ImageAnswer:
    (picture,) = outcomes
    return ImageAnswer(**msgspec.structs.asdict(picture), url=request.url)


def _prepare() -> None:
    """Nothing: see `_analyse`."""


WORKLOAD: Workload[ImageRequest, Item, Picture, ImageAnswer] = Workload(
    name="images",
    summary="Size, format, EXIF, hashes, quality, colours, near duplicates and thumbnails of pictures",
    version=VERSION,
    request=ImageRequest,
    outcome=Picture,
    answer=ImageAnswer,
    lanes=(
        Lane(
            name="full",
            batch_items=8,
            batch_wait=0.0,
            threads=len(os.sched_getaffinity(0)),
            queue_items=256,
            cache=CachePolicy(ttl=24 * _HOUR, negative=300.0),
            batch_seconds=0.03,
        ),
    ),
    split=items_of,
    lane_of=lambda item: "full",
    key_of=key_of,
    analyse=_analyse,
    join=_join,
    prepare=_prepare,
    body_bytes=28 * 1_048_576,
    bulk_bytes=4 * 1_048_576,
    fetch=completed,
    keepsakes=parted,
    belongings=frozenset({Belonging.THUMBNAILS, Belonging.KNOWN_PICTURES}),
    postscripts=NearDuplicates,
    upload=UPLOAD,
    batch=BATCH,
    examples={
        "a picture": {"data": _FLAG},
        "a picture and thumbnails": {
            "data": _FLAG,
            "thumbnails": [{"size": "small"}, {"size": 320, "format": "webp"}],
        },
    },
)
