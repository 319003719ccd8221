"""A page that was read to the recipe on it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from service.workloads.recipes.messages import Ingredient, Recipe
from service.workloads.recipes.page import Page
from service.workloads.recipes.understanding.ingredients import ingredient_of, with_confidence
from service.workloads.recipes.understanding.language import language_of
from service.workloads.recipes.understanding.layout import Line, lines_of
from service.workloads.recipes.understanding.repairs import mended
from service.workloads.recipes.understanding.sections import Entry, Sections, sections_of
from service.workloads.recipes.understanding.vocabulary import Tongue, vocabulary_of

CLEAR: Final = 0.97
"""From this confidence of an engine on, a reading takes nothing from what was understood."""


def understood(page: Page) -> Recipe:
    """The recipe on ``page``; of other languages than Spanish and English only its text."""
    lines = lines_of(page)
    language = language_of(line.text for line in lines)
    if language == "other":
        return Recipe(language=language, text=tuple(line.text for line in lines), confidence=round(_read(lines), 3))
    return _recipe(lines, language)


def _recipe(lines: Sequence[Line], language: Tongue) -> Recipe:
    vocabulary = vocabulary_of(language)
    lines = [line._replace(text=mended(" ".join(line.text.split()), vocabulary)) for line in lines]
    sections = sections_of(lines, vocabulary)
    ingredients = tuple(_ingredient(entry, language) for entry in sections.ingredients)
    return Recipe(
        language=language,
        text=tuple(line.text for line in lines),
        title=sections.title,
        servings=sections.servings,
        ingredients=ingredients,
        steps=tuple(entry.text for entry in sections.steps),
        confidence=round(_whole(sections, ingredients, _read(lines)), 3),
    )


def _ingredient(entry: Entry, language: Tongue) -> Ingredient:
    weakest = min(line.confidence for line in entry.lines)
    return with_confidence(ingredient_of(entry.text, language), _clarity((entry.confidence + weakest) / 2), entry.group)


def _clarity(confidence: float) -> float:
    """How far a reading of this ``confidence`` is to be trusted: engines are sure of most of what they get wrong.

    Nothing is lost down to CLEAR; at 0.8, half of it.
    """
    return max(0.0, min(1.0, 1 - 3 * (CLEAR - confidence))) if confidence < CLEAR else 1.0


def _read(lines: Sequence[Line]) -> float:
    letters = sum(len(line.text) for line in lines)
    return _clarity(sum(line.confidence * len(line.text) for line in lines) / letters) if letters else 0.0


def _whole(sections: Sections, ingredients: Sequence[Ingredient], read: float) -> float:
    """Of the recipe: how well its ingredients were understood, less where parts of it are missing."""
    if not ingredients:
        return 0.4 * read
    mean = sum(ingredient.confidence for ingredient in ingredients) / len(ingredients)
    parts = 1.0 if sections.headed and sections.steps else 0.95 if sections.steps else 0.85
    return (0.75 * mean + 0.25 * read) * parts * (1.0 if len(ingredients) > 1 else 0.8)
