"""What makes an answer to a picture right: its form, and what is known of the picture that was sent."""

from __future__ import annotations

from typing import Annotated, NamedTuple

import msgspec

from loadtests._exchange import WrongAnswerError
from loadtests._payloads._pictures import Picture

EDGES = {"small": 128, "medium": 256, "large": 512}
"""Pixels on the longer side of a thumbnail, by its size."""
BRIGHTNESS_TOLERANCE = 0.02
"""As much may two decoders and scalers differ in the mean luma of the same file."""


class Asked(NamedTuple):
    """What a request asked."""

    picture: Picture
    url: str | None
    """Where the service was told to fetch it."""
    thumbnails: tuple[tuple[str, str], ...]
    """Size and format of each."""


class _Thumbnail(msgspec.Struct, frozen=True, gc=False):
    size: str
    format: str
    width: int
    height: int
    href: str


class _Quality(msgspec.Struct, frozen=True, gc=False):
    brightness: float


class _Colour(msgspec.Struct, frozen=True, gc=False):
    hex: Annotated[str, msgspec.Meta(pattern="^#[0-9a-f]{6}$")]
    share: Annotated[float, msgspec.Meta(ge=0.0, le=1.0)]


class _Answer(msgspec.Struct, frozen=True, gc=False):
    sha256: str
    bytes: int
    format: str
    width: int
    height: int
    damaged: bool
    phash: Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{16}$")]
    pdq: Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{64}$")]
    quality: _Quality
    colours: Annotated[tuple[_Colour, ...], msgspec.Meta(min_length=1)]
    thumbnails: tuple[_Thumbnail, ...] = ()
    url: str | None = None


_decoder = msgspec.json.Decoder(_Answer)


def check(asked: Asked, body: bytes) -> None:
    """Raise `WrongAnswerError` unless ``body`` is a right answer to what was ``asked``."""
    try:
        answer = _decoder.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise WrongAnswerError(str(error)) from error
    sent = asked.picture
    _compare("digest", answer.sha256, sent.sha256)
    _compare("size in bytes", answer.bytes, len(sent.content))
    _compare("format", answer.format, "jpeg")
    _compare("size in pixels", (answer.width, answer.height), (sent.width, sent.height))
    _compare("URL", answer.url, asked.url)
    if answer.damaged:
        raise WrongAnswerError("a whole picture is said to be damaged")
    if abs(answer.quality.brightness - sent.brightness) > BRIGHTNESS_TOLERANCE:
        raise WrongAnswerError(f"the brightness is {sent.brightness:.3f}, and {answer.quality.brightness:.3f} received")
    _compare("thumbnails", tuple((each.size, each.format) for each in answer.thumbnails), asked.thumbnails)
    for each in answer.thumbnails:
        _compare("longer side of a thumbnail", max(each.width, each.height), min(EDGES[each.size], max(sent[1:3])))


def _compare(what: str, found: object, right: object) -> None:
    if found != right:
        raise WrongAnswerError(f"the {what} is {right}, and {found} received")
