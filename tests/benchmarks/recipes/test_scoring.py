"""How answers are counted."""

from __future__ import annotations

from typing import Final

import msgspec
import pytest

from service.workloads.recipes.messages import Amount, Ingredient
from tests.benchmarks.recipes.answers import answer, perfect
from tests.benchmarks.recipes.cards import card
from tests.benchmarks.recipes.likeness import distance, folded, is_same, is_within
from tests.benchmarks.recipes.matching import aspects_of, matched
from tests.benchmarks.recipes.scoring import scored, unreadable
from tests.benchmarks.recipes.writing import Line

LINE: Final = Line("2", "cebollas grandes", " ", 2, 2, None, "cebollas", "grandes", "Para la salsa")
ONION: Final = Ingredient(
    text="2 cebollas grandes",
    name="cebollas",
    confidence=0.9,
    amount=Amount(low=2, high=2),
    preparation="grandes",
    group="Para la salsa",
)


def test_slips_are_forgiven_to_long_names_only() -> None:
    assert folded("Ají  MOLIDO, ½") == "aji molido 1 2"
    assert distance("harina", "hanna") == 2
    assert is_same("harina de trigo", "hanna de trigo")
    assert not is_same("papa", "pepa")
    assert is_within("cebollas", "cebollas moradas grandes")
    assert is_within("green apples", "2 greenapples")
    assert not is_within("harina de maiz", "harina de trigo")
    assert not is_within("", "harina")


def test_each_ingredient_stands_for_one_line_the_very_name_first() -> None:
    flour, wheat = LINE._replace(name="harina"), LINE._replace(name="harina de trigo", low=1, high=1)
    wheaten = msgspec.structs.replace(ONION, name="harina de trigo")
    found = matched([flour, wheat], [wheaten])
    assert found.pairs == [(wheat, wheaten)]
    assert found.missing == [flour]
    assert matched([LINE], [ONION, wheaten]).false == [wheaten]


@pytest.mark.parametrize(
    ("change", "wrong"),
    [
        ({}, set()),
        ({"name": "cebolla grandes"}, {"name", "spelling"}),
        ({"name": "cebol1as"}, {"spelling"}),
        ({"amount": Amount(low=2, high=3)}, {"quantity"}),
        ({"amount": None}, {"quantity"}),
        ({"unit": "g"}, {"unit"}),
        ({"preparation": None}, {"preparation"}),
        ({"group": None}, {"group"}),
    ],
)
def test_every_aspect_of_an_ingredient_is_judged(change: dict[str, object], wrong: set[str]) -> None:
    right = aspects_of(LINE, msgspec.structs.replace(ONION, **change))
    assert {aspect for aspect, is_right in right.items() if not is_right} == wrong


def test_a_reader_without_fault_has_a_full_score() -> None:
    for number in range(12):
        drawn = card("tuned", number, "print")
        score = scored(drawn, answer(perfect(drawn)))
        assert score.failures == ()
        assert score.found == score.lines == len(drawn.recipe.lines)
        assert set(score.right.values()) == {score.found}
        assert score.steps_found == score.steps


def test_all_that_goes_wrong_is_counted_and_told() -> None:
    drawn = card("tuned", 0, "print")
    good = perfect(drawn)
    stranger = msgspec.structs.replace(ONION, name="zzz")
    bad = msgspec.structs.replace(
        good, title=None, servings=None, ingredients=(stranger, *good.ingredients[1:]), steps=good.steps[1:]
    )
    score = scored(drawn, answer(bad, rotation=90))
    assert [failure.trouble for failure in score.failures] == [
        *("title", "servings", "orientation", "missing line", "false line", "step"),
    ]
    assert (score.lines - score.found, score.false, score.steps - score.steps_found) == (1, 1, 1)
    assert not any(unreadable(drawn, "it is no picture", 0.1).whole.values())
