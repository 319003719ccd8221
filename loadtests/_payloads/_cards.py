"""Recipe cards to send: printed pages in Spanish and English, any number of them, of which all is known beforehand.

A card is one of some motifs, which are drawn when first needed, and its number in a comment inside the file: so no two
are equal by bytes, and another one costs no more than copying it.
"""

from __future__ import annotations

from functools import cache
from random import Random
from types import MappingProxyType
from typing import Literal, NamedTuple

from loadtests._payloads._jpeg import numbered

Tongue = Literal["es", "en"]
WIDTH, HEIGHT = 1000, 1000
"""Pixels of a card."""
MOTIFS = 16
"""Of each language."""
HIGHEST_NUMBER = 10**15
LINES = 7
"""Ingredients on a card."""

_QUALITY = 90
_MARGIN, _STEP = 70, 56
"""Pixels: left of the text, and from line to line."""
_INK, _PAPER = (30, 20, 20), 250


class Line(NamedTuple):
    """An ingredient as it is printed, and what it says."""

    text: str
    amount: float | None
    unit: str | None
    name: str


class Card(NamedTuple):
    """A file, and what reading it has to find."""

    content: bytes
    language: Tongue
    title: str
    lines: tuple[Line, ...]


class _Words(NamedTuple):
    titles: tuple[str, ...]
    heading: str
    lines: tuple[Line, ...]
    method: str
    steps: tuple[str, ...]


_WORDS = MappingProxyType(
    {
        "es": _Words(
            titles=("Torta de maíz", "Sopa de la abuela", "Guiso de domingo", "Budín de zapallo"),
            heading="Ingredientes",
            lines=(
                Line("250 g de harina", 250, "g", "harina"),
                Line("3 huevos", 3, None, "huevos"),
                Line("1 taza de leche", 1, "cup", "leche"),
                Line("2 cucharadas de aceite", 2, "tbsp", "aceite"),
                Line("150 g de queso fresco", 150, "g", "queso fresco"),
                Line("1 cebolla grande", 1, None, "cebolla grande"),
                Line("2 dientes de ajo", 2, "clove", "ajo"),
                Line("1/2 taza de azúcar", 0.5, "cup", "azúcar"),
                Line("500 ml de caldo", 500, "ml", "caldo"),
                Line("1 kg de zapallo", 1, "kg", "zapallo"),
                Line("1 cucharadita de comino", 1, "tsp", "comino"),
                Line("Sal al gusto", None, None, "sal"),
            ),
            method="Preparación",
            steps=(
                "Mezclar todo en una fuente honda.",
                "Cocinar a fuego lento y revolver.",
                "Dejar reposar y servir tibio.",
            ),
        ),
        "en": _Words(
            titles=("Sunday pancakes", "Corn and bean stew", "Plain pumpkin bread", "Quick tomato soup"),
            heading="Ingredients",
            lines=(
                Line("250 g flour", 250, "g", "flour"),
                Line("3 eggs", 3, None, "eggs"),
                Line("1 cup milk", 1, "cup", "milk"),
                Line("2 tablespoons olive oil", 2, "tbsp", "olive oil"),
                Line("150 g fresh cheese", 150, "g", "fresh cheese"),
                Line("1 large onion", 1, None, "large onion"),
                Line("2 cloves garlic", 2, "clove", "garlic"),
                Line("1/2 cup sugar", 0.5, "cup", "sugar"),
                Line("500 ml stock", 500, "ml", "stock"),
                Line("2 lb pumpkin", 2, "lb", "pumpkin"),
                Line("1 teaspoon cumin", 1, "tsp", "cumin"),
                Line("Salt to taste", None, None, "salt"),
            ),
            method="Method",
            steps=(
                "Mix everything in a deep bowl.",
                "Cook over a low heat and stir.",
                "Let it rest and serve warm.",
            ),
        ),
    }
)


def card(language: Tongue, number: int) -> Card:
    """The card of that ``number``, from 0 to `HIGHEST_NUMBER`; the same in every process."""
    motif = _motif(language, number % MOTIFS)
    return motif._replace(content=numbered(motif.content, number))


def draw_motifs(language: Tongue) -> None:
    """Have all motifs of ``language`` ready, so that no card takes longer than others; takes a second."""
    for number in range(MOTIFS):
        _motif(language, number)


@cache
def _motif(language: Tongue, number: int) -> Card:
    draw, words = Random(f"card {language} {number}"), _WORDS[language]
    title = draw.choice(words.titles)
    lines = tuple(draw.sample(words.lines, LINES))
    printed = [words.heading, *(line.text for line in lines), "", words.method, *words.steps]
    return Card(_printed(title, printed), language, title, lines)


def _printed(title: str, lines: list[str]) -> bytes:
    import cv2
    import numpy as np

    page = np.full((HEIGHT, WIDTH, 3), _PAPER, np.uint8)
    font = cv2.FontFace("sans")
    cv2.putText(page, title, (_MARGIN, 100), _INK, font, 52, 600)
    for row, line in enumerate(lines):
        cv2.putText(page, line, (_MARGIN, 190 + row * _STEP), _INK, font, 34, 400)
    _, file = cv2.imencode(".jpg", page, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
    return bytes(file)
