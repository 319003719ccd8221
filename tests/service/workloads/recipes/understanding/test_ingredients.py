"""Lines of ingredients, understood: those that the rules were worked out on, and others that were held out."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as some

from service.workloads.recipes.messages import Amount
from service.workloads.recipes.understanding.ingredients import LONGEST, ingredient_of

HERE = Path(__file__).parent
LANGUAGES = {"es": "spanish", "en": "english"}


class Known(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A line and what it says."""

    text: str
    amount: tuple[float, float] | None
    unit: str | None
    name: str
    preparation: str | None
    optional: bool


def lines(language: str, part: str) -> list[Known]:
    path = HERE / f"{LANGUAGES[language]}_lines_{part}.jsonl"
    return [msgspec.json.decode(line, type=Known) for line in path.read_bytes().splitlines()]


def wrong(language: str, part: str) -> list[str]:
    """Lines of which anything is understood otherwise."""
    found = []
    for known in lines(language, part):
        told = ingredient_of(known.text, language)  # type: ignore[arg-type]
        amount = None if told.amount is None else (told.amount.low, told.amount.high)
        said = (amount, told.unit, told.name, told.preparation, told.optional)
        if said != (known.amount, known.unit, known.name, known.preparation, known.optional):
            found.append(f"{known.text}: {said}")
    return found


@pytest.mark.parametrize("language", LANGUAGES)
def test_lines_that_the_rules_were_worked_out_on_are_understood_wholly(language: str) -> None:
    assert wrong(language, "developed") == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_of_other_lines_nine_in_ten_are_understood_wholly(language: str) -> None:
    assert len(wrong(language, "held_out")) <= 0.1 * len(lines(language, "held_out"))


@pytest.mark.parametrize(
    ("text", "amount", "unit", "name"),
    [
        ("41/2 tazas de harina", (4.5, 4.5), "cup", "harina"),
        ("2|3 taza de azúcar", (0.6667, 0.6667), "cup", "azúcar"),
        ("2⅓ tazas de azúcar", (2.3333, 2.3333), "cup", "azúcar"),
        ("1½4 tazas de azúcar", (1.25, 1.25), "cup", "azúcar"),
        ("³4 taza de azúcar", (0.75, 0.75), "cup", "azúcar"),
        (".Aceite para freír", None, None, "Aceite"),
        ("2 dientes deajos", (2, 2), "clove", "ajos"),
        ("llata de tomates", (1, 1), "can", "tomates"),
        ("½2 litro de leche", (0.5, 0.5), "l", "leche"),
        ("1½2 taza de azúcar", (0.5, 0.5), "cup", "azúcar"),
        ("2½2 tazas de azúcar", (2.5, 2.5), "cup", "azúcar"),
        ("²/3 taza de azúcar", (0.6667, 0.6667), "cup", "azúcar"),
        ("4a 5 papas", (4, 5), None, "papas"),
        ("3 a4 papas", (3, 4), None, "papas"),
        ("½/2 vaso de arroz", (0.5, 0.5), "glass", "arroz"),
        ("l taza de leche", (1, 1), "cup", "leche"),
        ("2OO g de queso", (200, 200), "g", "queso"),
        ("250g. de manteca", (250, 250), "g", "manteca"),
        ("1.500 g de papas", (1500, 1500), "g", "papas"),
        ("1,5 kg de papas", (1.5, 1.5), "kg", "papas"),
        ("2 a 3 cucharadas de miel", (2, 3), "tbsp", "miel"),
        ("2a 3 cdas. de miel", (2, 3), "tbsp", "miel"),
        ("una taza y media de azúcar", (1.5, 1.5), "cup", "azúcar"),
        ("media docena de huevos", (6, 6), None, "huevos"),
        ("Sal a gusto", None, None, "Sal"),
    ],
)
def test_what_readers_of_print_slip_on_is_mended(
    text: str, amount: tuple[float, float] | None, unit: str | None, name: str
) -> None:
    told = ingredient_of(text, "es")
    assert (told.amount, told.unit, told.name) == (amount and Amount(low=amount[0], high=amount[1]), unit, name)


@pytest.mark.parametrize(
    ("text", "amount", "unit", "name"),
    [
        ("40z butter", (4, 4), "oz", "butter"),
        ("34 teaspoon salt", (0.75, 0.75), "tsp", "salt"),
        ("13 cup sugar", (0.3333, 0.3333), "cup", "sugar"),
        ("2 14 cups flour", (2.25, 2.25), "cup", "flour"),
        ("113 tbsp honey", (1.3333, 1.3333), "tbsp", "honey"),
        ("12 tbsp honey", (12, 12), "tbsp", "honey"),
        ("14 eggs", (14, 14), None, "eggs"),
        ("41b pumpkin", (4, 4), "lb", "pumpkin"),
        ("234 Ib pumpkin", (2.75, 2.75), "lb", "pumpkin"),
        ("5 slices oflemon", (5, 5), "slice", "lemon"),
        ("6 largeeggs", (6, 6), None, "eggs"),
        ("1 Ib pumpkin", (1, 1), "lb", "pumpkin"),
        ("12 0z ground beef", (12, 12), "oz", "ground beef"),
        ("2to 3 tosp whole milk", (2, 3), "tbsp", "whole milk"),
        ("3cans kidney beans", (3, 3), "can", "kidney beans"),
        ("1 ½ cups flour", (1.5, 1.5), "cup", "flour"),
        ("1-1/2 cups flour", (1.5, 1.5), "cup", "flour"),
        ("2-3 apples", (2, 3), None, "apples"),
        ("1% milk", None, None, "1% milk"),
    ],
)
def test_what_readers_of_english_print_slip_on_is_mended(
    text: str, amount: tuple[float, float] | None, unit: str | None, name: str
) -> None:
    told = ingredient_of(text, "en")
    assert (told.amount, told.unit, told.name) == (amount and Amount(low=amount[0], high=amount[1]), unit, name)


FIGURES = {"1/2": 0.5, "½": 0.5, "1/4": 0.25, "¾": 0.75, "2": 2.0, "1 1/2": 1.5, "2½": 2.5, "0,5": 0.5, "12": 12.0}
UNITS = {"g": "g", "kg": "kg", "tazas": "cup", "cucharadas": "tbsp", "cdtas.": "tsp", "latas": "can", "ml": "ml"}


@given(some.sampled_from(sorted(FIGURES)), some.sampled_from(sorted(UNITS)), some.sampled_from(["azúcar", "papas"]))
def test_any_amount_of_any_unit_is_what_it_says(figure: str, unit: str, name: str) -> None:
    told = ingredient_of(f"{figure} {unit} de {name}", "es")
    assert told.amount == Amount(low=FIGURES[figure], high=FIGURES[figure])
    assert (told.unit, told.name) == (UNITS[unit], name)


@pytest.mark.parametrize(
    "piece", ["1", "1 ", "1/", "½", "(", "(a) ", ", a", "1 a ", "1,111", "OlI", "taza de ", "y ", "- "]
)
def test_however_long_a_line_is_no_more_of_it_is_looked_at_than_an_ingredient_has(piece: str) -> None:
    for language in ("es", "en"):
        told = ingredient_of(piece * 20_000, language)
        assert len(told.text) <= 2 * LONGEST


@given(some.text(min_size=1, max_size=2 * LONGEST), some.sampled_from(["es", "en"]))
def test_whatever_was_read_becomes_an_ingredient(text: str, language: str) -> None:
    told = ingredient_of(text, language)  # type: ignore[arg-type]
    assert 0 <= told.confidence <= 1
    assert told.amount is None or 0 < told.amount.low <= told.amount.high
