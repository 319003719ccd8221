"""What the pipeline handles: one picture, by its URL or by its content, and what is asked about it."""

from __future__ import annotations

import re
from hashlib import sha256
from typing import Annotated, Final

import msgspec
from msgspec import Meta

from service.core.batches import Fields
from service.core.call import Priority
from service.core.errors import InvalidRequestError
from service.core.fetching import Fetcher
from service.core.workload import BatchRule, UploadRule
from service.pictures.bounds import MOST_BYTES
from service.pictures.sources import MEDIA_TYPES, complaint_about, complaint_about_file
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


class Item(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """A picture to be analysed."""

    url: str | None = None
    content: bytes | None = None
    """None until it has been fetched."""
    digest: bytes = b""
    """SHA-256 of the content; empty where only the URL is known."""
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
    if (request.url is None) == (request.data is None):
        raise InvalidRequestError("$", "send either url or data")
    wishes = _each_once(request.thumbnails)
    if request.url is not None:
        if complaint := complaint_about(request.url):
            raise InvalidRequestError("$.url", complaint)
        return [Item(url=request.url, thumbnails=wishes, gps=request.gps, known=request.known)]
    content = request.data or b""
    if complaint := complaint_about_file(content):
        raise InvalidRequestError("$.data", complaint)
    digest = sha256(content).digest()
    return [Item(content=content, digest=digest, thumbnails=wishes, gps=request.gps, known=request.known)]


def key_of(item: Item) -> bytes:
    """Where the picture is, or what it is, and what is asked about it."""
    name = b"d" + item.digest if item.digest else b"u" + (item.url or "").encode("utf-8", "surrogatepass")
    wishes = ",".join(f"{wish.size}:{wish.format}" for wish in item.thumbnails)
    return b"%b\0%b\0%d" % (name, wishes.encode(), item.gps)


async def completed(item: Item, fetcher: Fetcher, priority: Priority) -> Item:
    """``item`` with its content; AnalysisError when there is none to be had."""
    if item.content is not None or item.url is None:
        return item
    fetched = await fetcher.fetch(item.url, priority)
    return msgspec.structs.replace(item, content=fetched.content)


def _each_once(wishes: tuple[ThumbnailWish, ...]) -> tuple[ThumbnailWish, ...]:
    return tuple(dict.fromkeys(wishes)) if len(wishes) > 1 else wishes


def _item_of(fields: Fields, options: Options) -> Item:
    url = fields.get("url")
    url = url.strip() if isinstance(url, str) else ""
    if complaint := complaint_about(url):
        raise InvalidRequestError("url", complaint)
    return Item(url=url, thumbnails=_each_once(options.thumbnails), gps=options.gps, known=options.known)


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
