"""What is drawn: recipes of which all is known, in letters that can be read."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from tests.benchmarks.recipes.cards import KINDS, Kind, card
from tests.benchmarks.recipes.faces import PRINTED, Face, font
from tests.benchmarks.recipes.words import PARTS, TONGUES, Tongue, words_of
from tests.benchmarks.recipes.writing import written


def test_a_card_is_the_same_each_time_and_another_one_in_the_other_part() -> None:
    assert card("tuned", 4) == card("tuned", 4)
    assert card("tuned", 4).content != card("reported", 4).content


@pytest.mark.parametrize("language", TONGUES)
def test_the_parts_share_neither_foods_nor_sentences(language: Tongue) -> None:
    tuned, reported = (words_of(language, part) for part in PARTS)
    for one, other in zip(tuned.measured, reported.measured, strict=True):
        assert one.shared or not set(one.names) & set(other.names)
        assert not set(one.tails) & set(other.tails)
    assert not set(tuned.counted) & set(reported.counted)
    assert not set(tuned.steps) & set(reported.steps)
    assert not set(tuned.titles) & set(reported.titles)


@pytest.mark.parametrize("language", TONGUES)
def test_lines_say_what_is_written_beside_them(language: Tongue) -> None:
    recipes = [written(language, "tuned", str(seed)) for seed in range(60)]
    lines = [line for recipe in recipes for line in recipe.lines]
    assert {line.unit for line in lines} > {None, "g", "tbsp", "can"}
    assert all(line.name in line.text for line in lines)
    assert all((line.low is None) == (line.unit is None and not any(map(str.isdigit, line.text))) for line in lines)
    assert any(line.group for line in lines)
    assert {line.high - line.low for line in lines if line.low is not None and line.high is not None} >= {0, 1, 2}


@pytest.mark.parametrize("kind", KINDS)
def test_cards_of_every_kind_are_pictures_of_their_size(kind: Kind) -> None:
    drawn = card("tuned", 2, kind)
    pixels = cv2.imdecode(np.frombuffer(drawn.content, np.uint8), cv2.IMREAD_COLOR)
    assert pixels is not None
    assert pixels.shape[0] * pixels.shape[1] == pytest.approx(drawn.megapixels * 1e6)
    assert pixels.std() > 5
    assert (drawn.rotation != 0) >= (kind == "turned print")


@pytest.mark.parametrize("face", PRINTED)
def test_faces_draw_every_letter_that_recipes_need(face: Face) -> None:
    letters = "ñáéíóúüÑ½¼¾•–°¿" + "⅓⅔" * face.has_thirds
    for name in (face.plain, face.bold):
        letter_of = font(face.package, name, 40).getmask
        assert all(bytes(letter_of(letter)) != bytes(letter_of("\uffff")) for letter in letters)


def test_faces_without_thirds_write_them_in_figures() -> None:
    printed = [card("tuned", number, "script").recipe for number in range(16)]
    texts = [line.text for recipe in printed for line in recipe.lines]
    assert not any(sign in text for text in texts for sign in "⅓⅔")
    assert any("1/3" in text for text in texts)
