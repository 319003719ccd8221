"""Folding, hashing and the signals that the lexicon and the style of a comment give."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from service.workloads.comments.features import NOTHING, ROWS, Features, extract
from service.workloads.comments.model import shipped
from service.workloads.comments.signals import SIGNALS

LEXICON = shipped().lexicon
TEXTS = st.text(st.characters(exclude_categories=[]), min_size=1, max_size=60)


def features(*texts: str) -> Features:
    return extract(texts, LEXICON)


def signal(text: str, name: str) -> float:
    return float(features(text).signals[0, SIGNALS.index(name)])


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("ATENCIÓN pésima", "atencion pesima"),
        ("buenísimoooooo", "buenisimo"),
        ("muy   bien\n hoy", "muy bien hoy"),
        ("gracias 👍🏽", "gracias 👍"),
        ("señal", "sen\u0303al"),
        ("vy’a", "vyʼa"),
        ("mira https://una.parte/x?y=1 eso", "mira http://otra.parte eso"),
        ("@juan_perez hola", "@maria hola"),
    ],
)
def test_ways_of_writing_the_same_are_the_same(one: str, other: str) -> None:
    first, second = features(one), features(other)
    np.testing.assert_array_equal(first.characters[:, 0], second.characters[:, 0])
    np.testing.assert_array_equal(first.tokens, second.tokens)


@pytest.mark.parametrize(("one", "other"), [("año", "ano"), ("10", "1"), ("1000 megas", "10 megas")])
def test_what_differs_stays_different(one: str, other: str) -> None:
    assert not np.array_equal(features(one).tokens, features(other).tokens)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("excelente", "acclaim"),
        ("lentísima", "speed"),
        ("no recomiendo", "negated praise"),
        ("nunca tuve problemas", "negated blame"),
        ("caro pero excelente", "closing acclaim"),
        ("MUY MAL", "shouted"),
        ("graciassss", "stretched"),
        ("ñandéve iporã", "nasal"),
        ("iporã", "guarani"),
        ("the internet", "foreign"),
        ("ok", "lone"),
    ],
)
def test_signals_show(text: str, name: str) -> None:
    assert signal(text, name) > 0


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("no, es excelente", "negated acclaim"),
        ("excelente pero caro", "closing acclaim"),
        ("no sé qué decir de esto tan bueno", "negated praise"),
    ],
)
def test_a_negation_or_contrast_reaches_only_so_far(text: str, name: str) -> None:
    assert signal(text, name) == 0


@given(st.lists(TEXTS | st.just("\u200b"), min_size=1, max_size=6))
@example(["\u200b", "\u0301"])
def test_a_batch_is_its_comments_side_by_side(texts: list[str]) -> None:
    together = features(*texts)
    singles = [features(text) for text in texts]
    np.testing.assert_array_equal(together.tokens, np.concatenate([single.tokens for single in singles]))
    np.testing.assert_array_equal(together.characters, np.concatenate([single.characters for single in singles]))
    np.testing.assert_array_equal(together.signals, np.concatenate([single.signals for single in singles]))
    np.testing.assert_array_equal(together.words, np.concatenate([single.words for single in singles]))


@given(TEXTS)
def test_rows_lie_in_the_table(text: str) -> None:
    found = features(text)
    for rows in (found.characters, found.tokens):
        assert rows.min() >= 0
        assert rows.max() <= NOTHING == ROWS - 1
    assert np.isfinite(found.signals).all()
    assert found.character_starts.tolist() == found.token_starts.tolist() == [0]
