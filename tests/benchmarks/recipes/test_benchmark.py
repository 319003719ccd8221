"""The benchmark itself: what it draws, how it counts, and what it tells."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Final

import cv2
import msgspec
import numpy as np
import pytest

from service.workloads.recipes.messages import Amount, Ingredient, Recipe
from service.workloads.recipes.page import Rotation
from slo.documentation import put
from tests.benchmarks.recipes import receipts, tables
from tests.benchmarks.recipes.cards import KINDS, Card, Kind, card
from tests.benchmarks.recipes.effort import Effort, Memory
from tests.benchmarks.recipes.faces import PRINTED, Face, font
from tests.benchmarks.recipes.findings import Measured, misses
from tests.benchmarks.recipes.likeness import distance, folded, is_same, is_within
from tests.benchmarks.recipes.matching import aspects_of, matched
from tests.benchmarks.recipes.receipts import Receipt
from tests.benchmarks.recipes.scoring import Answer, Score, scored, unreadable
from tests.benchmarks.recipes.speed import TIMED, Timed
from tests.benchmarks.recipes.words import PARTS, TONGUES, Tongue, words_of
from tests.benchmarks.recipes.writing import Line, written

LINE: Final = Line("2", "cebollas grandes", " ", 2, 2, None, "cebollas", "grandes", "Para la salsa")
ONION: Final = Ingredient(
    text="2 cebollas grandes",
    name="cebollas",
    confidence=0.9,
    amount=Amount(low=2, high=2),
    preparation="grandes",
    group="Para la salsa",
)


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
    printed = [card("tuned", number, "script").recipe for number in range(40)]
    texts = [line.text for recipe in printed for line in recipe.lines]
    assert not any(sign in text for text in texts for sign in "⅓⅔")
    assert any("1/3" in text for text in texts)


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


def test_words_of_receipts_count_as_often_as_they_are_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for folder, file, text in (
        ("img", "1.jpg", ""),
        ("img", "2.jpg", ""),
        ("box", "1.csv", "1,2,3,4,5,6,7,8,A B, a\n"),
    ):
        (tmp_path / folder).mkdir(exist_ok=True)
        (tmp_path / folder / file).write_text(text)
    (picture,) = receipts.pictures_in(tmp_path)
    assert receipts.true_words(picture) == {"a": 2, "b": 1}


def test_work_is_measured_in_all_processes() -> None:
    work = "import hashlib; hashlib.sha256(b'x' * 50 * 2**20).digest(); print(flush=True); input()"
    with Effort() as effort:
        child = subprocess.Popen((sys.executable, "-c", work), stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert child.stdout is not None
        with Memory() as memory:
            child.stdout.readline()
        child.communicate(b"\n")
    assert memory.peak_bytes > 50 * 2**20
    assert effort.cpu_seconds > 0
    assert effort.seconds > 0


def test_tables_and_misses_tell_of_all_that_was_measured() -> None:
    cards = [card("tuned", number, kind) for number, kind in enumerate(KINDS)]
    empty = Recipe(language="other", text=(), confidence=0)
    good = [scored(drawn, answer(perfect(drawn), drawn.rotation)) for drawn in cards]
    bad = [scored(drawn, answer(empty)) for drawn in cards]
    assert misses(measured(good, seconds=0.5, read=95)) == []
    assert [miss.partition(":")[0] for miss in misses(measured(bad, seconds=6, read=93))] == [
        *["clean print"] * 4,
        *["photographed print"] * 4,
        *("print", "photo", "receipts"),
    ]
    page = put("<!-- recipes: begin -->\n<!-- recipes: end -->", "recipes", tables.written(measured(good, 0.5, 95)))
    assert "| ingredients found | 100.0% | 100.0% | 100.0% | 100.0% | 100.0% |" in page
    assert "| photo, 3.1–12.2 MP | 2 | 0.50 s | 0.50 s | ≤ 5 s | 0.40 s | 600 MiB | rapidocr 2 |" in page
    assert "| 1 | 100 | 0.950 | ≥ 0.94 | 0.95 | 2.00 s |" in page


def measured(scores: list[Score], seconds: float, read: int) -> Measured:
    timed = [
        Timed(
            kind=kind,
            pictures=2,
            megapixels=(3.1, 12.2),
            median_seconds=seconds,
            p95_seconds=seconds,
            cpu_seconds=0.4,
            engines={"rapidocr": 2},
            peak_bytes=600 * 2**20,
        )
        for kind in TIMED
    ]
    return Measured(
        started_at="2026-11-23T10:00:00+00:00",
        machine="a machine",
        python="3.11",
        packages={"rapidocr": "3.10"},
        command="python -m tests.benchmarks.recipes",
        part="reported",
        scores=scores,
        timed=timed,
        receipts=[Receipt("a", 100, read, 2.0)],
    )
