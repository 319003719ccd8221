"""What a caller sends and gets back. Importing it loads no engine."""

from __future__ import annotations

from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta

from service.pictures.sources import PictureFile, Url

MOST_PRODUCTS: Final = 100
"""In one request; more go as a batch."""
MOST_ATTRIBUTES: Final = 16
MOST_WANTED: Final = 20
"""Values of one filter."""
MOST_HITS: Final = 100
DEEPEST: Final = 1_000
"""So many products are told of one search, page by page."""

_NO_NUL: Final = r"^[^\u0000]*$"
_NO_CONTROLS: Final = r"^[^\u0000-\u001f\u007f]*$"
_NAME: Final = r"^[^\u0000-\u001f\u007f/]+$"

ProductId = Annotated[
    str,
    Meta(min_length=1, max_length=200, pattern=_NAME, description="Your own name for it, without `/`."),
]
Category = Annotated[str, Meta(min_length=1, max_length=200, pattern=_NO_CONTROLS)]
AttributeName = Annotated[str, Meta(min_length=1, max_length=60, pattern=_NO_CONTROLS)]
AttributeValue = Annotated[str, Meta(min_length=1, max_length=200, pattern=_NO_CONTROLS)]
Price = Annotated[float, Meta(ge=0, le=1e12)]
Revision = Annotated[
    int, Meta(ge=0, description="Of your catalogue: it counts its changes. A search tells which one it has seen.")
]


class Facts(msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True, kw_only=True, omit_defaults=True):
    """What is said of a product."""

    title: Annotated[str, Meta(min_length=1, max_length=500, pattern=_NO_NUL)]
    description: Annotated[str, Meta(max_length=10_000, pattern=_NO_NUL)] = ""
    category: Annotated[Category | None, Meta(description="Filtered and counted by.")] = None
    price: Annotated[Price | None, Meta(description="Filtered by; in your currency.")] = None
    attributes: Annotated[
        dict[AttributeName, AttributeValue],
        Meta(max_length=MOST_ATTRIBUTES, description="Filtered and counted by.", examples=[{"colour": "red"}]),
    ] = {}
    image_url: Annotated[Url | None, Meta(description="Where its picture is; fetched when it is put in.")] = None


class Product(Facts, frozen=True, gc=False, forbid_unknown_fields=True, kw_only=True, omit_defaults=True):
    """A product to be put into the catalogue, in place of one of the same name."""

    id: ProductId
    data: Annotated[PictureFile, Meta(description="Its picture's file in Base64, instead of `image_url`.")] = None


class ProductsRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Products to be put into the catalogue."""

    products: Annotated[tuple[Product, ...], Meta(min_length=1, max_length=MOST_PRODUCTS)]


class Kept(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """A product that is in the catalogue now."""

    id: ProductId
    revision: Revision
    has_picture: Annotated[bool, Meta(description="Whether it is found by pictures, too.")]


class ProductsAnswer(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """What is in the catalogue now, in the order of the request."""

    products: tuple[Kept, ...]


class PriceRange(msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True, kw_only=True, omit_defaults=True):
    """From `least` to `most`, both included; a product without a price is in no range."""

    least: Price | None = None
    most: Price | None = None


class Filters(msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True, kw_only=True, omit_defaults=True):
    """What products have to be; all of it."""

    categories: Annotated[tuple[Category, ...], Meta(max_length=MOST_WANTED, description="Any of them.")] = ()
    price: PriceRange = PriceRange()
    attributes: Annotated[
        dict[AttributeName, Annotated[tuple[AttributeValue, ...], Meta(min_length=1, max_length=MOST_WANTED)]],
        Meta(max_length=MOST_ATTRIBUTES, description="By name, any of the values.", examples=[{"colour": ["red"]}]),
    ] = {}


Compared = Literal["texts", "pictures"]


class SearchRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What is looked for: by `text`, by a picture (`url` or `data`), by both, or like a `product` that is there."""

    text: Annotated[str, Meta(min_length=1, max_length=500, examples=["zapatillas rojas para correr"])] | None = None
    url: Annotated[Url | None, Meta(description="Where the picture is that is looked for.")] = None
    data: PictureFile = None
    product: Annotated[ProductId | None, Meta(description="Name of the product whose like is looked for.")] = None
    compare: Annotated[
        Compared,
        Meta(
            description="What a text is compared with. `pictures` takes a map from texts to pictures that is fitted on "
            "the pairs of both in your own catalogue: it knows what those tell it, and nothing else."
        ),
    ] = "texts"
    picture_share: Annotated[
        float, Meta(ge=0, le=1, description="How much the picture counts beside the text, where there are both.")
    ] = 0.5
    filters: Filters = Filters()
    limit: Annotated[int, Meta(ge=1, le=MOST_HITS)] = 10
    cursor: Annotated[str, Meta(max_length=40, description="`next` of the page before.")] | None = None
    facets: Annotated[bool, Meta(description="Whether to count what there is among all that the filters leave.")] = (
        False
    )
    use_cache: Annotated[
        bool, Meta(description="Whether an answer up to a second old will do; without, all is computed anew.")
    ] = True


class Hit(msgspec.Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True):
    """A product that was found."""

    id: ProductId
    score: Annotated[float, Meta(le=1, description="How like it is; 1 is the same.")]
    product: Facts
    is_same: Annotated[
        bool | None,
        Meta(description="With `product`: whether it seems to be the very same one, listed twice."),
    ] = None


class FacetCount(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """How many products have a value."""

    value: str
    products: Annotated[int, Meta(ge=1)]


class Facets(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """What there is among the products that the filters leave, the most frequent first."""

    categories: tuple[FacetCount, ...]
    attributes: dict[str, tuple[FacetCount, ...]]
    price: PriceRange


class Found(msgspec.Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True):
    """What a search found, the most like it first."""

    products: tuple[Hit, ...]
    fitting: Annotated[int, Meta(ge=0, description="Products that the filters leave; all are ranked.")]
    revision: Revision
    next: Annotated[str | None, Meta(description="`cursor` of the next page, as long as there may be more.")] = None
    facets: Facets | None = None


class Seen(msgspec.Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True):
    """What becomes of a product, or of a search: its vectors at first, and then what the catalogue says."""

    picture: bytes | None = None
    """Numbers of 16 bits."""
    text: bytes | None = None
    kept: Kept | None = None
    found: Found | None = None
