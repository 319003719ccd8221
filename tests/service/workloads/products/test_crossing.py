from __future__ import annotations

import numpy as np
import pytest

from service.workloads.products import crossing
from service.workloads.products.crossing import LEAST, Crossing
from service.workloads.products.lens import unit
from service.workloads.products.network import Floats
from tests.service.workloads.products.vectors import drawn


def pairs(count: int, *, told: float = 1.0, seed: int = 1) -> tuple[Floats, Floats]:
    """Texts, and pictures of which ``told`` follows from the texts."""
    texts = drawn(count, 16, seed)
    turn = np.random.default_rng(0).standard_normal((16, 24))
    noise = drawn(count, 24, seed + 100)
    return texts, unit(told * texts @ turn / 4 + (1 - told) * noise + 0.3)


def fitted(texts: Floats, pictures: Floats) -> Crossing:
    found = crossing.fit(texts, pictures)
    assert found is not None
    return found


def test_pictures_of_texts_that_were_left_out_are_found() -> None:
    one = fitted(*pairs(300))
    texts, pictures = pairs(50, seed=7)
    nearest = (one.pictures_of(texts) @ pictures.T).argmax(axis=1)
    assert np.mean(nearest == np.arange(50)) > 0.9
    assert one.explained > 0.7


def test_texts_that_tell_nothing_explain_nothing() -> None:
    one = fitted(*pairs(300, told=0.0))
    assert one.explained < 0.05


def test_what_is_told_has_unit_length_and_goes_from_the_mean_where_the_map_says() -> None:
    texts, pictures = pairs(100, told=0.5)
    one = fitted(texts, pictures)
    told = one.pictures_of(texts)
    np.testing.assert_allclose(np.linalg.norm(told, axis=1), 1, atol=1e-5)
    ways = unit((texts - one.texts_mean) @ one.map)
    np.testing.assert_allclose(unit(told - one.pictures_mean), ways, atol=1e-3)


def test_equal_texts_are_one_pair_with_the_mean_of_their_pictures() -> None:
    texts, pictures = pairs(60)
    other = unit(pictures + drawn(60, 24, seed=9) / 4)
    once = fitted(texts, ((pictures + other) / 2).astype(np.float32))
    twice = fitted(np.concatenate([texts, texts]), np.concatenate([pictures, other]))
    np.testing.assert_allclose(once.map, twice.map, atol=1e-4)
    assert once.explained == pytest.approx(twice.explained, abs=1e-4)


def test_the_error_of_pairs_left_out_is_what_leaving_out_each_of_them_gives() -> None:
    texts, pictures = pairs(40, told=0.7)
    one = fitted(texts, pictures)
    squares = 0.0
    for row in range(40):
        kept = np.arange(40) != row
        mean, base = texts[kept].mean(axis=0), pictures[kept].mean(axis=0)
        known = (texts[kept] - mean).astype(np.float64)
        turn = np.linalg.solve(known.T @ known + one.penalty * np.eye(16), known.T @ (pictures[kept] - base))
        squares += float(np.square((texts[row] - mean) @ turn + base - pictures[row]).sum())
    assert one.explained == pytest.approx(1 - squares / float(np.square(pictures - pictures.mean(0)).sum()), abs=0.01)


def test_of_too_few_different_texts_no_map_is_fitted() -> None:
    texts, pictures = pairs(LEAST - 1)
    assert crossing.fit(np.repeat(texts, 3, axis=0), np.repeat(pictures, 3, axis=0)) is None
