"""The benchmark of quality counts what it says, on texts and vectors made for it."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from service.pictures.pixels import fitted
from service.sentences import engine
from service.workloads.products import pictures
from service.workloads.products.index import WORDS_SHARE
from tests.benchmarks.products import both, categories, copies, goods, imagined, quality, tables, wordings
from tests.benchmarks.products.both import Both
from tests.benchmarks.products.categories import Category
from tests.benchmarks.products.copies import Copies
from tests.benchmarks.products.goods import Kind, Photo
from tests.benchmarks.products.imagined import Imagined
from tests.benchmarks.products.quality import GOALS, SHIPPED, Quality
from tests.benchmarks.products.wordings import Question, Wording
from tests.service.pictures.drawing import photo
from tests.service.workloads.products.vectors import crowded, drawn

PHOTOS = [Photo(Path(), f"class-{number}", f"class {number}", f"fruit {number % 2}") for number in range(44)] * 2
QUESTION = Question("texts", ["leather boots", "a lamp"], ["boots of leather", "lamp for a desk", "wool"], [0, 1])


def found(*, first: float) -> Quality:
    return Quality(
        started_at="2026-11-22T10:00:00+00:00",
        machine="a machine",
        categories=[Category(name, SHIPPED, 10, first, 0.95, 0.5) for name in GOALS],
        wordings=[Wording(wordings.DESCRIBED, WORDS_SHARE, 4, first, 1.0, 0.9)],
        centred=[Wording(wordings.DESCRIBED, 0.0, 4, 0.5, 1.0, 0.7)],
        imagined=[Imagined("classes that pairs tell of", 4, 0.75, 0.05)],
        both=[Both(0.5, 4, 0.75, 1.0)],
        copies=[Copies("half as large", 4, 3)],
    )


def test_the_folder_is_read_as_it_lies(tmp_path: Path) -> None:
    for name in ("clothing/train/hat/1.jpg", "grocery/train/Fruit/Apple/Royal-Gala/2.jpg"):
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).touch()
    (tmp_path / "grocery/gala.txt").write_text("Sweet.\n")
    head = ("Class Name (str)", "Coarse Class Name (str)", "Product Description Path (str)")
    with (tmp_path / "grocery/classes.csv").open("w", newline="") as file:
        csv.writer(file).writerows([head, ("Royal-Gala", "Apple", "/gala.txt")])
    (tmp_path / "wands").mkdir()
    (tmp_path / "wands/query.csv").write_text("query_id\tquery\tquery_class\n0\tchair\tChairs\n1\todd\t\n")
    assert [each[1:] for each in goods.clothes(tmp_path)] == [("hat", "hat", "hat")]
    assert [each[1:] for each in goods.groceries(tmp_path)] == [("Royal-Gala", "Royal Gala", "Apple")]
    assert goods.kinds(tmp_path) == [("Royal Gala", "Apple", "Sweet.")]
    assert goods.wishes(tmp_path) == [("chair", "Chairs")]


def test_every_photo_is_looked_for_once_among_others() -> None:
    labels = np.array([photo.title for photo in PHOTOS])
    told = list(categories.parts(labels, 2))
    assert sorted(np.concatenate([asked for _, asked in told])) == list(range(len(labels)))
    assert all({*labels[kept]} == {*labels[asked]} and not {*kept} & {*asked} for kept, asked in told)


def test_categories_that_vectors_tell_apart_are_found() -> None:
    vectors, labels = crowded(4, 12)
    seen = dict.fromkeys(categories.SEEN_AS, vectors)
    told = {each.way: each for each in categories.measured("made", seen, labels)}
    assert told[SHIPPED].first > told["as the network tells"].first
    assert told[SHIPPED].ten > 0.5
    by_lot = {each.way: each for each in categories.measured("made", seen, labels[1::2] + labels[::2])}
    assert by_lot[SHIPPED].first < told[SHIPPED].first


def test_what_is_meant_is_found_by_vectors_and_by_words() -> None:
    told = {each.share: each for each in wordings.measured(QUESTION)}
    assert (told[0.0].first, told[1.0].first, told[1.0].reciprocal_rank) == (1, 1, 1)


def test_scores_that_are_equal_are_no_success() -> None:
    question = Question("texts", ["unheard"], ["boots", "lamp"], [0])
    assert {each.share: each.first for each in wordings.measured(question)}[1.0] == 0


def test_pictures_that_follow_from_texts_are_imagined() -> None:
    turn = np.random.default_rng(1).standard_normal((384, 24))
    titles = sorted({photo.title for photo in PHOTOS})
    texts = dict(zip(titles, engine.passages(titles), strict=True))
    far = np.array([10.0 * (photo.coarse == "fruit 1") for photo in PHOTOS])
    vectors = np.array([texts[photo.title] for photo in PHOTOS]) @ turn
    vectors[:, 0] += far
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    with pytest.raises(ValueError, match="too few"):
        imagined.measured(PHOTOS[:4] * 11, vectors[:44].astype(np.float32))
    known, unheard = imagined.measured(PHOTOS, vectors.astype(np.float32))
    assert (known.queries, known.chance) == (4, 0.5)
    assert known.precision > unheard.precision


def test_a_word_beside_a_photo_helps() -> None:
    photos = [Photo(Path(), each, each, each) for each in ("apple", "lamp") for _ in range(12)]
    kinds = [Kind("apple", "apple", "a red apple, a fruit"), Kind("lamp", "lamp", "a lamp for a desk")]
    told = {each.picture_share: each.first for each in both.measured(photos, drawn(24, 24), kinds)}
    assert told[0.0] == 1 > told[1.0]


def test_copies_are_told_from_strangers() -> None:
    pixels = [fitted(photo(640, 480, seed), 400) for seed in range(3)]
    vectors = pictures.of_pixels(pixels)
    told = {each.kind: each for each in copies.measured(pixels, vectors)}
    assert told["a tenth brighter"].pairs == 3
    assert told["different photos"].pairs == 3


def test_tables_have_a_place_and_missed_goals_are_told(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("<!-- quality: begin -->\n<!-- quality: end -->\n")
    good, bad = found(first=0.9), found(first=0.5)
    tables.write("quality", quality.introduction(good), quality.titled(good), page)
    assert f"| groceries (measured) | {SHIPPED} | 10 | 90.0% | 95.0% | 50.0% |" in page.read_text()
    assert "| half as large | 4 | 3 (75.00%) |" in page.read_text()
    assert quality.misses(good) == []
    assert quality.misses(bad)[1:] == [
        "groceries (measured): 50.0% and 95.0%, not 63% and 84%",
        f"{wordings.DESCRIBED}: 50.0% first, not 84%",
    ]
