"""Answers of readers that need no picture: to see whether scores tell of them what they should."""

from __future__ import annotations

from service.workloads.recipes.messages import Amount, Ingredient, Recipe
from service.workloads.recipes.page import Rotation
from tests.benchmarks.recipes.cards import Card
from tests.benchmarks.recipes.scoring import Answer


def perfect(drawn: Card) -> Recipe:
    """What a reader without fault would say."""
    truth = drawn.recipe
    return Recipe(
        language=truth.language,
        text=tuple(line.text for line in truth.lines),
        title=truth.title,
        servings=Amount(low=truth.servings, high=truth.servings),
        ingredients=tuple(
            Ingredient(
                text=line.text,
                name=line.name,
                confidence=1,
                amount=None if line.low is None or line.high is None else Amount(low=line.low, high=line.high),
                unit=line.unit,
                preparation=line.preparation,
                group=line.group,
            )
            for line in truth.lines
        ),
        steps=truth.steps,
        confidence=1,
    )


def answer(recipe: Recipe, rotation: Rotation = 0) -> Answer:
    return Answer(recipe, "tesseract", rotation, 0.5)
