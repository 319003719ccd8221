"""What the pipeline handles: one picture, by its URL or by its content, and what is asked about it."""

from __future__ import annotations

import re
from typing import Annotated, Final

import msgspec
from msgspec import Meta

from service.core.batches import Fields
from service.core.errors import InvalidRequestError
from service.core.workload import BatchRule, UploadRule
from service.pictures.bounds import MOST_BYTES
from service.pictures.sources import MEDIA_TYPES, Source, source_of, url_of
from service.workloads.images.messages import (
    MOST_THUMBNAILS,
    ImageRequest,
    Thumbnails,
    ThumbnailWish,
    WithGps,
    WithKnown,
)

_EDGE: Final = "(1[6-9]|[2-9][0-9]|[1-9][0-9]{2}|1[0-9]{3}|20[0-3][0-9]|204[0-8])"
_WISH: Final = f"(small|medium|large|{_EDGE})(:(jpeg|webp))?"
_WISHES: Final = re.compile(f"^({_WISH}(,{_WISH}){{0,{MOST_THUMBNAILS - 1}}})?$")


class Item(Source, frozen=True, gc=False, kw_only=True):
    """A picture to be analysed."""

    thumbnails: tuple[ThumbnailWish, ...] = ()
    gps: bool = False
    known: bool = False
    """No part of the work, see `key_of`: it is asked about the outcome."""


class Options(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What is chosen for all pictures of a batch."""

    thumbnails: Thumbnails = ()
    gps: WithGps = False
    known: WithKnown = False


class UploadOptions(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What is said in the query of a picture that is the body."""

    thumbnails: Annotated[
        str,
        Meta(
            description="Up to 8 thumbnails, with commas: each `small`, `medium`, `large` or 16 to 2048 pixels, and "
            "`:webp` or `:jpeg` behind it.",
            examples=["small,320:webp"],
            extra_json_schema={"pattern": _WISHES.pattern},
        ),
    ] = ""
    gps: WithGps = False
    known: WithKnown = False


def items_of(request: ImageRequest) -> list[Item]:
    """The one picture of ``request``; InvalidRequestError for none, two, or one that cannot be."""
    source = source_of(request.url, request.data)
    wishes = _each_once(request.thumbnails)
    return [
        Item(
            url=source.url,
            content=source.content,
            digest=source.digest,
            thumbnails=wishes,
            gps=request.gps,
            known=request.known,
        )
    ]


def key_of(item: Item) -> bytes:
    """Where the picture is, or what it is, and what is asked about it."""
    wishes = ",".join(f"{wish.size}:{wish.format}" for wish in item.thumbnails)
    return b"%b\0%b\0%d" % (item.key, wishes.encode(), item.gps)


def _each_once(wishes: tuple[ThumbnailWish, ...]) -> tuple[ThumbnailWish, ...]:
    return tuple(dict.fromkeys(wishes)) if len(wishes) > 1 else wishes


def _item_of(fields: Fields, options: Options) -> Item:
    wishes = _each_once(options.thumbnails)
    return Item(url=url_of(fields), thumbnails=wishes, gps=options.gps, known=options.known)


def _request_of(body: bytes, options: UploadOptions) -> ImageRequest:
    return ImageRequest(data=body, thumbnails=_wishes_of(options.thumbnails), gps=options.gps, known=options.known)


def _wishes_of(text: str) -> tuple[ThumbnailWish, ...]:
    if not _WISHES.fullmatch(text):
        reason = (
            "it is up to 8 sizes with commas, each small, medium, large or 16 to 2048, with :jpeg or :webp behind it"
        )
        raise InvalidRequestError("?thumbnails", reason)
    parts = [part.partition(":") for part in text.split(",") if part]
    wishes = [{"size": int(size) if size.isdecimal() else size, "format": form or "jpeg"} for size, _, form in parts]
    return msgspec.convert(wishes, Thumbnails)


BATCH: BatchRule[Item] = BatchRule(
    columns={"url": "where the picture is", "id": "your own name for the picture"},
    options=Options,
    item_of=_item_of,
    chunk_rows=200,
)
UPLOAD: UploadRule[ImageRequest] = UploadRule(
    media_types=MEDIA_TYPES, body_bytes=MOST_BYTES, options=UploadOptions, request_of=_request_of
)
