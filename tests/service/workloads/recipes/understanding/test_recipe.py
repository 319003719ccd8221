"""Pages, understood: in columns, tables, beside steps, leaning, in other languages, and with nothing on them."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as some

from service.workloads.recipes.messages import Amount, Recipe
from service.workloads.recipes.page import Box, Span
from service.workloads.recipes.understanding import understood
from service.workloads.recipes.understanding.fragments import MOST_SPANS
from tests.service.workloads.recipes.understanding.typesetting import column, grid, leaning, page

INGREDIENTS = ("250 g de harina", "3 huevos", "1/2 taza de azúcar", "2 cucharadas de aceite", "1 pizca de sal")
STEPS = (
    "1. Batir los huevos con el azúcar.",
    "2. Agregar la harina de a poco.",
    "3. Hornear durante media hora.",
)
TOP = ("Torta de campo", "Para 6 personas", "")
CARD = (*TOP, "Ingredientes", *INGREDIENTS, "", "Preparación", *STEPS)


def of(spans: Sequence[Span]) -> Recipe:
    return understood(page(spans))


def check(recipe: Recipe) -> None:
    assert recipe.language == "es"
    assert recipe.title == "Torta de campo"
    assert recipe.servings == Amount(low=6, high=6)
    assert [each.text for each in recipe.ingredients] == list(INGREDIENTS)
    assert [each.name for each in recipe.ingredients] == ["harina", "huevos", "azúcar", "aceite", "sal"]
    assert list(recipe.steps) == [step[3:] for step in STEPS]


@pytest.mark.parametrize("by_word", [False, True], ids=["lines", "words"])
def test_a_card_in_one_column(by_word: bool) -> None:
    check(of(column(CARD, by_word=by_word)))


@pytest.mark.parametrize("degrees", [-4, -2, 2, 4])
def test_a_card_that_leans(degrees: float) -> None:
    check(of(leaning(column(CARD), degrees)))


def test_ingredients_in_two_columns() -> None:
    left = column(INGREDIENTS[:3], top=230)
    right = column(INGREDIENTS[3:], left=500, top=230)
    below = column(("Preparación", *STEPS), top=400)
    check(of([*column((*TOP, "Ingredientes"), top=50), *left, *right, *below]))


def test_ingredients_beside_steps() -> None:
    left = column(("Ingredientes", *INGREDIENTS), top=200)
    right = column(("Preparación", *STEPS), left=500, top=200)
    check(of([*column(TOP), *left, *right]))


def test_a_table_of_amounts_and_names() -> None:
    rows = [
        ("250 g", "harina"),
        ("3", "huevos"),
        ("1/2 taza", "azúcar"),
        ("2 cucharadas", "aceite"),
        ("1 pizca", "sal"),
    ]
    spans = [
        *column((*TOP, "Ingredientes")),
        *grid(rows, (50, 350), top=200),
        *column(("Preparación", *STEPS), top=420),
    ]
    recipe = of(spans)
    assert [(each.amount and each.amount.low, each.unit, each.name) for each in recipe.ingredients] == [
        (250, "g", "harina"),
        (3, None, "huevos"),
        (0.5, "cup", "azúcar"),
        (2, "tbsp", "aceite"),
        (1, "pinch", "sal"),
    ]


def test_a_grid_of_wrapped_cells_under_headings_of_groups() -> None:
    cells = [
        ("2 cups of plain", "1 can of kidney", "3 large eggs"),
        ("flour", "beans", ""),
        ("For the glaze:", "", ""),
        ("4 tablespoons of", "a pinch of salt", ""),
        ("honey", "", ""),
    ]
    spans = [
        *column(("Bean Bake", "", "Ingredients")),
        *grid(cells, (50, 300, 550), top=150),
        *column(("Method", "1. Mix the beans with the eggs.", "2. Bake for one hour."), top=330),
    ]
    recipe = of(spans)
    assert {(each.name, each.group) for each in recipe.ingredients} == {
        ("plain flour", None),
        ("kidney beans", None),
        ("eggs", None),
        ("honey", "For the glaze"),
        ("salt", "For the glaze"),
    }
    assert recipe.steps == ("Mix the beans with the eggs.", "Bake for one hour.")


def test_degrees_at_the_beginning_of_a_line_are_no_sign_of_a_list() -> None:
    steps = ("Llevar al horno precalentado a 180", "°C durante media hora.", "Dejar enfriar sobre una rejilla.")
    told = of(column((*TOP, "Ingredientes", *INGREDIENTS, "", "Preparación", *steps))).steps
    assert told == (f"{steps[0]} {steps[1]}", steps[2])


def test_a_line_that_ends_in_and_goes_on_whatever_follows() -> None:
    lines = ("100 g de maicena, y", "un poco más para espolvorear", "3 huevos")
    (first, second) = of(column((*TOP, "Ingredientes", *lines, "", "Preparación", *STEPS))).ingredients
    assert (first.name, first.preparation) == ("maicena", "y un poco más para espolvorear")
    assert second.name == "huevos"


def test_of_a_page_overfull_of_text_the_first_part_is_looked_at() -> None:
    many = [Span("sal", 0.9, Box(10, 10 + 30 * row, 40, 30 + 30 * row)) for row in range(MOST_SPANS + 100)]
    assert len(of(many).text) == MOST_SPANS


def test_a_long_line_goes_on_below_and_a_parted_word_is_whole() -> None:
    lines = (
        "Ingredients",
        "2 cups all-purpose flour, sif-",
        "ted with a spoon",
        "1 egg",
        "Method",
        "1. Mix.",
    )
    recipe = of(column(lines))
    assert [each.name for each in recipe.ingredients] == ["all-purpose flour", "egg"]


def test_steps_without_numbers_are_told_apart_by_their_lines_or_as_paragraphs() -> None:
    alone = [step[3:] for step in STEPS]
    assert list(of(column((*TOP, "Ingredientes", *INGREDIENTS, "", "Preparación", *alone))).steps) == alone
    paragraph = (
        "Batir los huevos con el azúcar hasta que",
        "blanqueen. Agregar la harina de a poco y",
        "mezclar bien.",
    )
    told = of(column((*TOP, "Ingredientes", *INGREDIENTS, "", "Preparación", *paragraph))).steps
    assert told == (" ".join(paragraph),)


def test_what_a_narrow_column_wraps_is_one_ingredient() -> None:
    lines = ("1 lata de aceitunas", "verdes", "2 tazas de harina", "3 huevos", "1 cucharada de polvo", "de hornear")
    recipe = of([*column(("Ingredientes", *lines)), *column(("Preparación", *STEPS), left=400)])
    assert [each.name for each in recipe.ingredients] == ["aceitunas verdes", "harina", "huevos", "polvo de hornear"]


def test_groups_are_told_with_what_stands_under_them() -> None:
    lines = (
        *TOP,
        "Ingredientes",
        "Para la masa:",
        *INGREDIENTS[:2],
        "Para el relleno:",
        *INGREDIENTS[2:],
        "Preparación",
    )
    recipe = of(column((*lines, *STEPS)))
    assert [each.group for each in recipe.ingredients] == ["Para la masa"] * 2 + ["Para el relleno"] * 3


def test_of_another_language_the_text_is_told_alone() -> None:
    lines = (
        "Gâteau au beurre",
        "200 g de farine",
        "3 oeufs et du sucre",
        "Mélanger le beurre avec la farine dans une pâte",
    )
    recipe = of(column(lines))
    assert (recipe.language, recipe.ingredients, recipe.steps) == ("other", (), ())
    assert recipe.text == lines


def test_an_empty_page_is_no_recipe() -> None:
    recipe = of(())
    assert (recipe.title, recipe.text, recipe.ingredients, recipe.confidence) == (None, (), (), 0.0)


def test_what_was_hard_to_read_is_said_to_be() -> None:
    sure, unsure = of(column(CARD, confidence=0.98)), of(column(CARD, confidence=0.5))
    assert unsure.confidence < 0.6 < sure.confidence
    assert all(
        one.confidence < other.confidence for one, other in zip(unsure.ingredients, sure.ingredients, strict=True)
    )


numbers = some.floats(-100, 2_000, allow_nan=False)
boxes = some.tuples(numbers, numbers, some.floats(0, 400), some.floats(0, 90))
spans = some.builds(
    lambda text, confidence, box: Span(text, confidence, Box(box[0], box[1], box[0] + box[2], box[1] + box[3])),
    some.text(min_size=1, max_size=60).filter(str.strip),
    some.floats(0, 1),
    boxes,
)


@given(some.lists(spans, max_size=30))
def test_whatever_stands_anywhere_is_told_and_nothing_is_raised(laid: list[Span]) -> None:
    recipe = of(laid)
    assert 0 <= recipe.confidence <= 1
