from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from service.workloads.products.matrix import ROOM, Matrix, stepped
from tests.service.workloads.products.vectors import drawn

LENGTH = 32


def filled(count: int) -> Matrix:
    matrix = Matrix(LENGTH)
    matrix.extend(stepped(drawn(count, LENGTH)))
    return matrix


def test_the_nearest_are_those_that_a_comparison_of_all_finds() -> None:
    vectors, queries = drawn(2 * ROOM + 100, LENGTH), drawn(20, LENGTH, seed=2)
    matrix = filled(len(vectors))
    found = 0
    for query in queries:
        rows, cosines = matrix.nearest(query, 10)
        exact = vectors @ query
        found += len({*rows.tolist()} & {*np.argsort(-exact)[:10].tolist()})
        np.testing.assert_allclose(cosines, exact[rows], atol=0.02)
        assert list(cosines) == sorted(cosines, reverse=True)
    assert found >= 190


def test_only_rows_that_are_allowed_are_found() -> None:
    matrix, allowed = filled(50), np.array([3, 30, 42])
    rows, _ = matrix.nearest(drawn(1, LENGTH, seed=2)[0], 10, allowed)
    assert sorted(rows) == [3, 30, 42]


def test_empty_rows_are_like_nothing() -> None:
    matrix = filled(3)
    matrix.put(1, np.zeros(LENGTH, np.int8))
    query = drawn(3, LENGTH)[1]
    assert sorted(matrix.nearest(query, 3)[0]) == [0, 2]
    assert matrix.likeness(query, np.array([1])).tolist() == [0]
    assert len(matrix.nearest(np.zeros(LENGTH, np.float32), 3)[0]) == 0


def test_likeness_is_the_cosine_whatever_the_length() -> None:
    matrix, query = filled(40), drawn(1, LENGTH, seed=3)[0]
    rows = np.arange(40)
    np.testing.assert_allclose(matrix.likeness(7 * query, rows), drawn(40, LENGTH) @ query, atol=0.02)


@given(st.lists(st.tuples(st.sampled_from(["put", "remove", "extend"]), st.integers(0, 5), st.integers(0, 9))))
def test_rows_hold_what_was_put_into_them_last(changes: list[tuple[str, int, int]]) -> None:
    stock = stepped(drawn(10, LENGTH))
    stock[0] = 0
    matrix, kept = Matrix(LENGTH), [1, 2]
    matrix.extend(stock[kept])
    for change, place, number in changes:
        if change == "extend":
            matrix.extend(stock[[number]])
            kept.append(number)
        elif place < len(kept) and change == "put":
            matrix.put(place, stock[number])
            kept[place] = number
        elif place < len(kept):
            matrix.remove(place)
            last = kept.pop()
            kept[place : place + 1] = [last] if place < len(kept) else []
    assert matrix.steps.tolist() == stock[kept].tolist()
    rows, _ = matrix.nearest(drawn(1, LENGTH, seed=4)[0], 100)
    assert sorted(rows) == [row for row, number in enumerate(kept) if number]
