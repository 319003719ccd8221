"""What a caller sends and gets back. Importing it loads no engine."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from service.pictures.exif import ExifValue
from service.pictures.sniffing import PictureFormat
from service.pictures.sources import PictureFile, Url
from service.workloads.images.likeness import PDQ_FAR

MOST_THUMBNAILS = 8
MOST_NEAR_DUPLICATES = 20
SMALLEST_EDGE, LARGEST_EDGE = 16, 2_048

ThumbnailFormat = Literal["jpeg", "webp"]
ThumbnailSize = Literal["small", "medium", "large"]
Exposure = Literal["normal", "under", "over"]

Share = Annotated[float, Meta(ge=0, le=1, description="A share of the picture: 0 to 1.")]


class ThumbnailWish(msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True, kw_only=True):
    """A thumbnail that shall be made."""

    size: Annotated[
        ThumbnailSize | Annotated[int, Meta(ge=SMALLEST_EDGE, le=LARGEST_EDGE)],
        Meta(
            description="`small` is 128, `medium` 256, `large` 512 pixels on the longer side; or the pixels, "
            "16 to 2,048. A picture is never enlarged.",
            examples=["medium", 320],
        ),
    ]
    format: Annotated[ThumbnailFormat, Meta(description="WebP is a quarter smaller and takes 20 times as long.")] = (
        "jpeg"
    )


Thumbnails = Annotated[
    tuple[ThumbnailWish, ...], Meta(max_length=MOST_THUMBNAILS, description="Up to 8 thumbnails to be made.")
]
WithGps = Annotated[
    bool, Meta(description="Whether the answer says where the picture was taken; else that is removed.")
]
WithKnown = Annotated[
    bool,
    Meta(
        description="Whether to look for near duplicates among the pictures that you sent with `known` before, and to "
        "remember this one."
    ),
]


class ImageRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A picture, by its URL or as it is: exactly one of `url` and `data`."""

    url: Url | None = None
    data: PictureFile = None
    thumbnails: Thumbnails = ()
    gps: WithGps = False
    known: WithKnown = False


class Thumbnail(msgspec.Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True):
    """A thumbnail that was made: upright, in sRGB as far as the picture was, without metadata."""

    id: Annotated[str, Meta(description="Its name: equal pictures in equal size and format have the same.")]
    size: Annotated[ThumbnailSize | int, Meta(description="As it was asked for.")]
    format: ThumbnailFormat
    width: Annotated[int, Meta(ge=1)]
    height: Annotated[int, Meta(ge=1)]
    file_bytes: Annotated[int, Meta(ge=1, description="Size of its file.")] = msgspec.field(name="bytes")
    href: Annotated[str, Meta(description="Where to get it, with your key.")]
    content: Annotated[bytes, Meta(description="Its file, until it is kept; never in an answer.")] = b""


class Colour(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """A colour that much of the picture has."""

    hex: Annotated[str, Meta(description="sRGB.", examples=["#b22222"], pattern="^#[0-9a-f]{6}$")]
    share: Share


class Quality(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """How well the picture was taken."""

    sharpness: Annotated[
        float,
        Meta(
            ge=0,
            description="Strength of the finest detail where there is most of it, in the less sharp of both "
            "directions, at 1,024 pixels on the longer side.",
        ),
    ]
    is_blurred: Annotated[
        bool | None, Meta(description="Whether it is out of focus or shaken; null where nothing in it has an edge.")
    ]
    brightness: Annotated[float, Meta(ge=0, le=1, description="Mean luma: 0 black to 1 white.")]
    contrast: Annotated[float, Meta(ge=0, le=1, description="Standard deviation of luma.")]
    underexposed: Annotated[Share, Meta(description="Share that is black, or as good as: luma up to 3 %.")]
    overexposed: Annotated[Share, Meta(description="Share that is white, or as good as: luma from 97 %.")]
    exposure: Annotated[
        Exposure,
        Meta(description="`under`: even its lightest parts are dark; `over`: even its darkest parts are light."),
    ]


class NearDuplicate(msgspec.Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True):
    """A picture that you sent before, and that looks the same."""

    sha256: Annotated[str, Meta(description="Of its file.", pattern="^[0-9a-f]{64}$")]
    distance: Annotated[int, Meta(ge=0, le=PDQ_FAR, description="Bits in which the PDQ hashes differ.")]
    url: Annotated[str | None, Meta(description="Where it was last fetched from.")] = None


class Picture(msgspec.Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True):
    """What is known of a picture."""

    sha256: Annotated[str, Meta(description="Of its file.", pattern="^[0-9a-f]{64}$")]
    file_bytes: Annotated[int, Meta(ge=1, description="Size of its file.")] = msgspec.field(name="bytes")
    format: Annotated[PictureFormat, Meta(description="As its content shows, whatever it is called.")]
    width: Annotated[int, Meta(ge=1, description="Pixels, as the file says; `orientation` may exchange them.")]
    height: Annotated[int, Meta(ge=1)]
    orientation: Annotated[
        int, Meta(ge=1, le=8, description="EXIF's way of turning it upright; hashes and thumbnails are upright.")
    ]
    is_animated: Annotated[bool, Meta(description="Whether it has several frames; the first one is analysed.")]
    damaged: Annotated[
        bool, Meta(description="Whether its JPEG data is broken or cut off: some of it may be grey or garbled.")
    ]
    exif: Annotated[
        dict[str, ExifValue],
        Meta(description="What camera and software noted, by EXIF's names; the place only when asked for."),
    ]
    phash: Annotated[str, Meta(description="Perceptual hash, 64 bits.", pattern="^[0-9a-f]{16}$")]
    pdq: Annotated[str, Meta(description="PDQ hash, 256 bits.", pattern="^[0-9a-f]{64}$")]
    pdq_quality: Annotated[
        int, Meta(ge=0, le=100, description="Below 50 there is too little in the picture to compare it by hash.")
    ]
    quality: Quality
    colours: Annotated[tuple[Colour, ...], Meta(description="Up to 6 colours, the most frequent first.")]
    thumbnails: Annotated[tuple[Thumbnail, ...], Meta(description="In the order of the request.")] = ()
    near_duplicates: Annotated[
        tuple[NearDuplicate, ...] | None,
        Meta(
            description=f"The nearest first, at most {MOST_NEAR_DUPLICATES}, without the picture itself; null unless "
            "`known` was asked for."
        ),
    ] = None


class ImageAnswer(Picture, frozen=True, gc=False, kw_only=True, omit_defaults=True):
    """What is known of the picture of a request."""

    url: Annotated[str | None, Meta(description="As it was asked for.")] = None
