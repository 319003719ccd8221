from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.workloads.products.matrix import ROOM
from service.workloads.products.words import MOST, Words, words_of


def kept(*texts: str) -> Words:
    words = Words()
    for text in texts:
        words.append(text)
    return words


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("CAMIÓN", "camión"),
        ("camiones", "camion"),
        ("cajas", "caja"),
        ("boxes", "box"),
        ("shoes", "shoe"),
        ("Größe", "GROSSE"),
        ("ﬁnes", "fine"),
    ],
)
def test_words_are_the_same_without_case_accents_and_plurals(one: str, other: str) -> None:
    assert words_of(one) == words_of(other) != []


def test_numbers_of_models_come_first_whole_and_in_parts() -> None:
    assert words_of("Taladro de 18 V, modelo GX-4711/B")[:3] == ["18", "gx-4711/b", "4711"]


def test_short_words_do_not_count() -> None:
    assert words_of("a la de of M") == []


def test_rare_words_say_more_than_frequent_ones() -> None:
    words = kept(*["red chair"] * 8, "red stool")
    shares = words.shares("red stool")
    assert shares is not None
    assert shares[8] == pytest.approx(1)
    assert 0 < shares[0] < 0.1


def test_words_that_nobody_says_take_from_all() -> None:
    shares = kept("chair", "table").shares("chair unheard")
    assert shares is not None
    assert 0 < shares[0] < 0.5
    assert shares[1] == 0


@pytest.mark.parametrize("text", ["", "sofa", "a of", "\ud800"])
def test_nothing_is_said_of_what_no_row_says(text: str) -> None:
    assert kept("chair").shares(text) is None


def test_only_so_many_words_of_a_text_are_kept() -> None:
    words = kept(" ".join(f"model{number}" for number in range(MOST + 1)))
    assert words.shares(f"model{MOST - 1}") is not None
    assert words.shares(f"model{MOST}") is None


@given(st.lists(st.tuples(st.integers(0, 6), st.sampled_from(["red chair", "blue lamp", "", "green sofa 12"]))))
def test_rows_hold_what_was_put_into_them_last(changes: list[tuple[int, str]]) -> None:
    words, texts = kept("red lamp"), ["red lamp"]
    for place, text in changes:
        if place < len(texts) and place % 2:
            words.put(place, text)
            texts[place] = text
        elif place < len(texts) and len(texts) > 1:
            words.remove(place)
            last = texts.pop()
            texts[place : place + 1] = [last] if place < len(texts) else []
        else:
            words.append(text)
            texts.append(text)
    for asked in ("red", "sofa", "12", "lamp"):
        shares = words.shares(asked)
        said = [asked in text.split() for text in texts]
        assert ([False] * len(texts) if shares is None else list(shares > 0)) == said


def test_there_is_always_room() -> None:
    words = kept(*[f"number {row}" for row in range(2 * ROOM + 100)])
    shares = words.shares(f"{2 * ROOM + 99}")
    assert shares is not None
    assert np.flatnonzero(shares).tolist() == [2 * ROOM + 99]
