from __future__ import annotations

import numpy as np
import pytest

from service.workloads.products.near_duplicates import are_same, likeness
from tests.service.workloads.products.vectors import drawn


@pytest.mark.parametrize(
    ("picture", "text", "same"),
    [
        (0.96, 0.2, True),
        (0.94, 0.2, False),
        (0.86, 0.96, True),
        (0.84, 0.99, False),
        (-1, 0.99, True),
        (-1, 0.97, False),
        (0.96, -1, True),
        (-1, -1, False),
    ],
)
def test_two_products_are_one_by_picture_or_by_both_or_by_text_without_picture(
    picture: float, text: float, same: bool
) -> None:
    assert are_same(np.array([picture], np.float32), np.array([text], np.float32)).tolist() == [same]


def test_likeness_is_the_cosine_and_less_than_any_where_something_is_missing() -> None:
    vectors = drawn(3, 16)
    vectors[1] = 0
    assert likeness(vectors[0], vectors)[[0, 1]] == pytest.approx([1, -1])
    assert likeness(None, vectors).tolist() == [-1, -1, -1]
