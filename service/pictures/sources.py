"""Where a caller's picture comes from: a URL, or a file that was brought along. Loads no engine."""

from __future__ import annotations

import re
from hashlib import sha256
from typing import Annotated, Final, TypeVar

import msgspec
from msgspec import Meta

from service.core.batches import Fields
from service.core.call import Priority
from service.core.errors import InvalidRequestError
from service.core.fetching import Fetcher
from service.pictures.bounds import MOST_BYTES

LONGEST_URL = 2_048
MEDIA_TYPES = (
    "image/jpeg",
    "image/png",
    "image/webp",
    "image/gif",
    "image/bmp",
    "image/tiff",
    "image/heic",
    "image/heif",
    "image/avif",
)

Url = Annotated[
    str,
    Meta(
        max_length=LONGEST_URL,
        description="Where it is: http or https, a public address.",
        examples=["https://example.com/a.jpg"],
        extra_json_schema={"pattern": r"^[Hh][Tt][Tt][Pp][Ss]?://[^\s/?#\\\u0000-\u0020]+[^\s\\\u0000-\u0020]*$"},
    ),
]
PictureFile = Annotated[bytes | None, Meta(description="The picture's file in Base64; at most 20 MB of file.")]

_URL: Final = re.compile(
    r"https?://[^\s/?#\\\x00-\x20\x7f-\x9f]+[^\s\\\x00-\x20\x7f-\x9f\ud800-\udfff]*", re.IGNORECASE
)


class Source(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """A picture that is known by its URL, by its content, or both."""

    url: str | None = None
    content: bytes | None = None
    """None until it has been fetched."""
    digest: bytes = b""
    """SHA-256 of the content; empty where only the URL is known."""

    @property
    def key(self) -> bytes:
        """Equal for what is the same picture as far as is known."""
        return b"d" + self.digest if self.digest else b"u" + (self.url or "").encode("utf-8", "surrogatepass")


AnySource = TypeVar("AnySource", bound=Source)


def source_of(url: str | None, data: bytes | None) -> Source:
    """The picture that a request names or brings; InvalidRequestError for none, two, or one that cannot be."""
    if (url is None) == (data is None):
        raise InvalidRequestError("$", "send either url or data")
    if url is not None:
        if complaint := _complaint_about(url):
            raise InvalidRequestError("$.url", complaint)
        return Source(url=url)
    content = data or b""
    if complaint := _complaint_about_file(content):
        raise InvalidRequestError("$.data", complaint)
    return Source(content=content, digest=sha256(content).digest())


def url_of(fields: Fields) -> str:
    """The URL in a row of a batch; InvalidRequestError when it cannot be one."""
    url = fields.get("url")
    url = url.strip() if isinstance(url, str) else ""
    if complaint := _complaint_about(url):
        raise InvalidRequestError("url", complaint)
    return url


async def completed(source: AnySource, fetcher: Fetcher, priority: Priority) -> AnySource:
    """``source`` with its content; AnalysisError when there is none to be had."""
    if source.content is not None or source.url is None:
        return source
    fetched = await fetcher.fetch(source.url, priority)
    return msgspec.structs.replace(source, content=fetched.content)


def _complaint_about(url: str) -> str:
    """Why ``url`` names no picture that could be fetched, as a sentence; empty when it may."""
    if not url:
        return "the URL is empty"
    if len(url) > LONGEST_URL:
        return f"the URL has {len(url):,} characters; at most {LONGEST_URL:,} are read"
    return "" if _URL.fullmatch(url) else "this is no http or https URL with a host, without spaces and backslashes"


def _complaint_about_file(content: bytes) -> str:
    """Why ``content`` cannot be a picture that is read, by its length alone; empty when it may."""
    if not content:
        return "the picture's file is empty"
    return f"the file has {len(content):,} bytes; at most {MOST_BYTES:,} are read" if len(content) > MOST_BYTES else ""
