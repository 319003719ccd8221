from __future__ import annotations

import numpy as np
import pytest

from service.workloads.products import lens
from service.workloads.products.lens import LEAST, Lens
from service.workloads.products.network import Floats
from tests.service.workloads.products.vectors import crowded, drawn


def right(one: Lens, vectors: Floats, labels: list[str], queries: Floats, asked: list[str]) -> float:
    """Share of ``queries`` of whose kind the nearest is."""
    nearest = (one.seen(queries) @ one.seen(vectors).T).argmax(axis=1)
    return float(np.mean([labels[row] == kind for row, kind in zip(nearest, asked, strict=True)]))


def halves(vectors: Floats, labels: list[str]) -> tuple[Floats, list[str], Floats, list[str]]:
    return vectors[::2], labels[::2], vectors[1::2], labels[1::2]


def test_what_says_nothing_of_categories_is_seen_less() -> None:
    kept, labels, queries, asked = halves(*crowded(8, 40))
    fitted = lens.fitted(kept, labels)
    assert np.isfinite(fitted.shrinkage)
    assert right(fitted, kept, labels, queries, asked) > 0.15 + right(
        lens.plain(kept.shape[1]), kept, labels, queries, asked
    )


def test_categories_that_say_nothing_teach_little() -> None:
    vectors = drawn(200, 24)
    labels = [f"kind {row % 5}" for row in range(200)]
    fitted = lens.fitted(vectors, labels)
    assert (
        np.corrcoef((fitted.seen(vectors) @ fitted.seen(vectors).T).ravel(), (vectors @ vectors.T).ravel())[0, 1] > 0.8
    )


@pytest.mark.parametrize("labels", [[None] * 60, [f"kind {row}" for row in range(60)], ["one"] * 60])
def test_without_categories_to_tell_apart_only_the_mean_is_taken_off(labels: list[str | None]) -> None:
    vectors = drawn(60, 24) + np.float32(0.5)
    fitted = lens.fitted(vectors, labels)
    assert fitted.map is None
    np.testing.assert_allclose(fitted.mean, vectors.mean(axis=0), atol=1e-6)


def test_of_too_few_nothing_is_learned() -> None:
    vectors, labels = crowded(2, LEAST // 2 - 1)
    fitted = lens.fitted(vectors, labels)
    np.testing.assert_allclose(fitted.seen(vectors), vectors, atol=1e-6)


def test_the_same_catalogue_teaches_the_same() -> None:
    vectors, labels = crowded(6, 20)
    one, other = lens.fitted(vectors, labels), lens.fitted(vectors, labels)
    np.testing.assert_array_equal(one.seen(vectors), other.seen(vectors))
