"""Requests, uploads and rows to pictures that are to be analysed."""

from __future__ import annotations

import asyncio
import base64
from hashlib import sha256

import msgspec
import pytest

from service.core.call import Priority
from service.core.errors import AnalysisError, InvalidRequestError
from service.core.fetching import Fetched
from service.pictures.bounds import MOST_BYTES
from service.pictures.sources import completed
from service.workloads.images import WORKLOAD
from service.workloads.images.items import BATCH, UPLOAD, Item, Options, UploadOptions, items_of, key_of
from service.workloads.images.messages import LARGEST_EDGE, SMALLEST_EDGE, ImageRequest, ThumbnailWish

URL = "https://example.com/a.jpg"
SMALL, WIDE = ThumbnailWish(size="small"), ThumbnailWish(size=320, format="webp")


def test_a_request_is_one_picture_by_its_url_or_as_it_is() -> None:
    body = msgspec.json.encode({"url": URL, "thumbnails": [{"size": "small"}, {"size": 320, "format": "webp"}]})
    assert items_of(msgspec.json.decode(body, type=ImageRequest)) == [Item(url=URL, thumbnails=(SMALL, WIDE))]
    body = msgspec.json.encode({"data": base64.b64encode(b"xyz").decode(), "gps": True})
    item = Item(content=b"xyz", digest=sha256(b"xyz").digest(), gps=True)
    assert items_of(msgspec.json.decode(body, type=ImageRequest)) == [item]


@pytest.mark.parametrize(
    ("request_", "pointer"),
    [
        (ImageRequest(), "$"),
        (ImageRequest(url=URL, data=b"x"), "$"),
        (ImageRequest(url=""), "$.url"),
        (ImageRequest(url="ftp://example.com/a"), "$.url"),
        (ImageRequest(data=b""), "$.data"),
        (ImageRequest(data=bytes(MOST_BYTES + 1)), "$.data"),
    ],
)
def test_what_is_no_picture_is_refused_where_it_stands(request_: ImageRequest, pointer: str) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        items_of(request_)
    assert caught.value.pointer == pointer


@pytest.mark.parametrize(
    "thumbnail", [{"size": 15}, {"size": 2_049}, {"size": "huge"}, {"size": 64, "format": "gif"}, {}]
)
def test_a_thumbnail_that_is_not_made_is_refused(thumbnail: dict[str, object]) -> None:
    with pytest.raises(msgspec.ValidationError, match="thumbnails"):
        msgspec.convert({"url": URL, "thumbnails": [thumbnail]}, ImageRequest)


def test_equal_work_has_one_key_and_other_work_another() -> None:
    items = [
        Item(url=URL),
        Item(url=URL, gps=True),
        Item(url=URL, thumbnails=(SMALL,)),
        Item(url=URL, thumbnails=(WIDE,)),
        Item(url=URL + "?"),
        Item(content=b"x", digest=b"1" * 32),
        Item(content=b"y", digest=b"2" * 32),
    ]
    assert len({key_of(item) for item in items}) == len(items)
    assert key_of(Item(url=URL, content=b"fetched")) == key_of(items[0])
    assert key_of(Item(url=URL, known=True)) == key_of(items[0])
    (once,) = items_of(ImageRequest(url=URL, thumbnails=(SMALL, SMALL)))
    assert key_of(once) == key_of(items[2])


@pytest.mark.parametrize("url", ["https://example.com", "HTTP://1.2.3.4:80/ä%20b?c=d#e", "http://[2001:db8::1]/x", URL])
def test_a_row_is_the_item_that_a_request_would_make_of_it(url: str) -> None:
    options = msgspec.json.decode(b'{"thumbnails": [{"size": "small"}], "gps": true, "known": true}', type=Options)
    (item,) = items_of(ImageRequest(url=url, thumbnails=(SMALL,), gps=True, known=True))
    assert BATCH.item_of({"url": f" {url}\t", "id": "7"}, options) == item


@pytest.mark.parametrize(
    "url",
    [
        None,
        7,
        "",
        "example.com/a.jpg",
        "file:///etc/passwd",
        "javascript:alert(1)",
        "http://",
        "http:///a.jpg",
        "http://a b/",
        "http://a/b c",
        "http://example.com\\@127.0.0.1/",
        "http://a/\0",
        "http://a/" + "x" * 2_048,
    ],
)
def test_a_row_without_a_url_that_could_be_fetched_is_refused(url: str | int | None) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        BATCH.item_of({"url": url}, Options())
    assert caught.value.pointer == "url"


def test_a_picture_may_be_the_body_with_what_is_asked_in_the_query() -> None:
    options = UploadOptions(thumbnails="small,320:webp", gps=True, known=True)
    expected = ImageRequest(data=b"x", thumbnails=(SMALL, WIDE), gps=True, known=True)
    assert UPLOAD.request_of(b"x", options) == expected
    assert UPLOAD.request_of(b"x", UploadOptions()) == ImageRequest(data=b"x")


@pytest.mark.parametrize(
    "thumbnails",
    ["tiny", "15", "2049", "64:gif", "64:", "9" * 5_000, "small,", ",".join(["small"] * 9), "\u0661\u0667"],
)
def test_thumbnails_that_are_not_made_are_refused_in_the_query(thumbnails: str) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        UPLOAD.request_of(b"x", UploadOptions(thumbnails=thumbnails))
    assert caught.value.pointer == "?thumbnails"


def test_every_size_that_is_made_can_be_said_in_the_query() -> None:
    for edge in range(SMALLEST_EDGE, LARGEST_EDGE + 1):
        (wish,) = UPLOAD.request_of(b"x", UploadOptions(thumbnails=str(edge))).thumbnails
        assert wish.size == edge


class Origin:
    """Has one picture, and notes who asked for it."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, Priority]] = []

    async def fetch(self, url: str, priority: Priority) -> Fetched:
        self.asked.append((url, priority))
        if url != URL:
            raise AnalysisError("there is none", "http-404")
        return Fetched(b"picture", "text/plain", url)


def test_what_is_named_is_fetched_and_what_is_there_is_not() -> None:
    origin = Origin()
    item = asyncio.run(completed(Item(url=URL, gps=True), origin, Priority.BULK))
    assert item == Item(url=URL, content=b"picture", gps=True)
    there = Item(content=b"x", digest=b"d")
    assert asyncio.run(completed(there, origin, Priority.BULK)) is there
    with pytest.raises(AnalysisError, match="there is none"):
        asyncio.run(completed(Item(url="http://a/"), origin, Priority.BULK))
    assert origin.asked[0] == (URL, Priority.BULK)


def test_the_workload_says_what_bodies_it_takes() -> None:
    assert WORKLOAD.body_bytes > MOST_BYTES * 4 / 3
    assert WORKLOAD.upload is UPLOAD
    assert WORKLOAD.batch is BATCH
    assert next(iter(BATCH.columns)) == "url"
