"""Where a caller's picture comes from: a URL, or a file that was brought along. Loads no engine."""

from __future__ import annotations

import re
from typing import Annotated, Final

from msgspec import Meta

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


def complaint_about(url: str) -> str:
    """Why ``url`` names no picture that could be fetched, as a sentence; empty when it may."""
    if not url:
        return "the URL is empty"
    if len(url) > LONGEST_URL:
        return f"the URL has {len(url):,} characters; at most {LONGEST_URL:,} are read"
    return "" if _URL.fullmatch(url) else "this is no http or https URL with a host, without spaces and backslashes"


def complaint_about_file(content: bytes) -> str:
    """Why ``content`` cannot be a picture that is read, by its length alone; empty when it may."""
    if not content:
        return "the picture's file is empty"
    return f"the file has {len(content):,} bytes; at most {MOST_BYTES:,} are read" if len(content) > MOST_BYTES else ""
