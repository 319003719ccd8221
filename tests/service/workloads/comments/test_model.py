"""The model file: made from the data beside it, and as good as its card says."""

from __future__ import annotations

import numpy as np
import pytest

from service.workloads.comments.analysis import analysed
from service.workloads.comments.features import folded
from service.workloads.comments.heads import EMOTION, LANGUAGE, SENTIMENT, THEME, Head
from service.workloads.comments.messages import Quality
from service.workloads.comments.model import MODEL, shipped
from service.workloads.comments.recipe import corpus, measures, vocabulary
from service.workloads.comments.recipe.card import CARD


def test_the_model_was_made_from_the_data_beside_it() -> None:
    assert shipped().facts.data_sha256 == corpus.hashes(), "run python -m service.workloads.comments.recipe"
    assert shipped().facts.training_comments == sum(map(len, corpus.training()))


def test_the_model_holds_the_lexicon_beside_it() -> None:
    compiled = vocabulary.compiled()
    for name, array in vocabulary.arrays(compiled).items():
        np.testing.assert_array_equal(array, getattr(shipped().lexicon, name))


def test_the_model_file_is_small_and_plain() -> None:
    assert MODEL.stat().st_size < 3_500_000
    with np.load(MODEL, allow_pickle=False) as file:
        assert all(file[name].dtype != object for name in file.files)


def test_no_test_comment_was_trained_on() -> None:
    trained = {folded(comment.text) for part in corpus.training() for comment in part}
    tested = {folded(comment.text) for name in corpus.TESTS for comment in corpus.read(name)}
    assert len(tested) > 700
    assert not trained & tested


def test_the_card_speaks_of_this_model() -> None:
    card = CARD.read_text(encoding="utf-8")
    for name, digest in corpus.hashes().items():
        assert f"`{name}` {digest[:16]}" in card


@pytest.mark.parametrize(
    ("quality", "part", "floors"),
    [
        ("fast", "telecom_test", {SENTIMENT: 0.71, THEME: 0.58, EMOTION: 0.64, LANGUAGE: 0.75}),
        ("fast", "general_test", {SENTIMENT: 0.64, EMOTION: 0.42}),
        ("good", "telecom_test", {SENTIMENT: 0.76, THEME: 0.59, EMOTION: 0.70, LANGUAGE: 0.85}),
        ("good", "general_test", {SENTIMENT: 0.67, EMOTION: 0.42}),
    ],
)
def test_held_back_comments_are_understood(quality: Quality, part: str, floors: dict[Head, float]) -> None:
    truth = corpus.read(part)
    told = analysed([comment.text for comment in truth], quality, shipped())
    for head, floor in floors.items():
        assert measures.report(head, truth, told).macro_f1 >= floor


def test_calibration_error_is_the_mean_gap() -> None:
    confidences = np.array([0.95, 0.95, 0.55, 0.55])
    hits = np.array([True, False, True, False])
    assert measures.calibration_error(confidences, hits) == pytest.approx((0.9 + 0.1) / 4)
