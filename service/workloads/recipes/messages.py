"""What a caller sends and gets back. Importing it loads no engine."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from service.pictures.sources import PictureFile, Url
from service.workloads.recipes.page import EngineName, Rotation

Language = Literal["es", "en", "other"]
EngineWish = Literal["auto", "tesseract", "rapidocr"]
Engine = Annotated[
    EngineWish,
    Meta(
        description="`tesseract` for clean print, where it is installed; `rapidocr` for photos; `auto` looks at the "
        "picture and chooses."
    ),
]

Confidence = Annotated[float, Meta(ge=0, le=1, description="0 to 1; below 0.6 somebody should look at it.")]


class RecipeRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A picture of a recipe, by its URL or as it is: exactly one of `url` and `data`."""

    url: Url | None = None
    data: PictureFile = None
    engine: Engine = "auto"


class Amount(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """How much: from `low` to `high`, which are equal unless a range was written."""

    low: Annotated[float, Meta(ge=0, examples=[1.5])]
    high: Annotated[float, Meta(ge=0, examples=[2.0])]


class Ingredient(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """One line of the list of ingredients."""

    text: Annotated[str, Meta(description="As it was read, after obvious slips of reading were mended.")]
    name: Annotated[str, Meta(description="What it is.", examples=["harina de trigo"])]
    confidence: Confidence
    amount: Annotated[Amount | None, Meta(description="Null where none was written, as in `sal al gusto`.")] = None
    unit: Annotated[
        str | None,
        Meta(description="One name for each unit in all languages, see the documentation.", examples=["g", "tbsp"]),
    ] = None
    preparation: Annotated[str | None, Meta(description="What is done to it first.", examples=["picada fina"])] = None
    group: Annotated[str | None, Meta(description="The heading that it stands under.", examples=["Para la salsa"])] = (
        None
    )
    optional: Annotated[bool, Meta(description="Whether the recipe says that it may be left out.")] = False


class Recipe(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """What is understood of the text of a recipe."""

    language: Annotated[Language, Meta(description="Of `other` languages, only the text is given.")]
    text: Annotated[tuple[str, ...], Meta(description="All lines in the order in which one reads them.")]
    title: str | None = None
    servings: Annotated[Amount | None, Meta(description="For how many, or how many pieces it makes.")] = None
    ingredients: tuple[Ingredient, ...] = ()
    steps: Annotated[tuple[str, ...], Meta(description="What is to be done, without numbers before it.")] = ()
    confidence: Confidence


class Reading(Recipe, frozen=True, gc=False, kw_only=True):
    """A recipe, and how it was read."""

    engine: Annotated[EngineName, Meta(description="What read the picture.")]
    reason: Annotated[str, Meta(description="Why this engine.", examples=["the print is clean"])]
    rotation: Annotated[
        Rotation,
        Meta(description="Degrees, clockwise, by which the picture was turned to be read, beyond what its file says."),
    ]


class RecipeAnswer(Reading, frozen=True, gc=False, kw_only=True):
    """What was read and understood."""

    url: Annotated[str | None, Meta(description="As it was asked for.")] = None
