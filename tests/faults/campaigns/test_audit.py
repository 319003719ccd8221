"""The checker finds every kind of mistake, and finds none where there is none."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.core.batches import Row, RowResult, RowState
from tests.faults.campaigns.audit import Audit, Truth, audited

LINES = range(2, 12)
ROWS = [Row(line, {"text": f"text {line}"}) for line in LINES]
BAD = 7
"""The row that must fail."""


def truth_of(row: Row) -> Truth:
    if row.line == BAD:
        return Truth(str(row.fields["text"]), f"row-{row.line}", {}, "damaged")
    return Truth(str(row.fields["text"]), f"row-{row.line}", {"value": row.line})


def result_of(line: int) -> RowResult:
    """The right one."""
    right = RowResult(line=line, state=RowState.SUCCEEDED, subject=f"text {line}", id=f"row-{line}")
    if line == BAD:
        return msgspec.structs.replace(right, state=RowState.FAILED, error="damaged", reason="It is.")
    return msgspec.structs.replace(right, result=msgspec.json.encode({"value": line, "more": 1}))


RIGHT = {line: result_of(line) for line in LINES}


def audit(*results: RowResult) -> Audit:
    return audited(ROWS, results, truth_of)


@given(st.permutations(LINES))
def test_right_results_in_any_order_are_exact(lines: list[int]) -> None:
    found = audit(*(RIGHT[line] for line in lines))

    assert found.is_exact
    assert (found.rows, found.results, found.complaints()) == (10, 10, [])


@given(st.sets(st.sampled_from(LINES), min_size=1), st.sets(st.sampled_from(LINES)))
def test_each_lost_and_each_repeated_row_is_found(lost: set[int], repeated: set[int]) -> None:
    kept = [RIGHT[line] for line in LINES if line not in lost]
    found = audit(*kept, *(RIGHT[line] for line in repeated - lost), *(RIGHT[line] for line in repeated - lost))

    assert not found.is_exact
    assert found.lost == sorted(lost)
    assert sorted(found.duplicated) == sorted([*(repeated - lost), *(repeated - lost)])
    assert not found.wrong


def test_a_result_from_nowhere_is_found() -> None:
    found = audit(*RIGHT.values(), result_of(99))

    assert not found.is_exact
    assert found.foreign == [99]
    assert found.complaints() == ["1 rows from nowhere: lines 99"]


@pytest.mark.parametrize(
    ("wrong", "complaint"),
    [
        (msgspec.structs.replace(RIGHT[4], subject="text 5"), "is of row-4 (text 5), not of row-4 (text 4)"),
        (msgspec.structs.replace(RIGHT[4], id="row-5"), "is of row-5 (text 4), not of row-4 (text 4)"),
        (msgspec.structs.replace(RIGHT[4], result=RIGHT[5].result), "has another value"),
        (msgspec.structs.replace(RIGHT[4], result=None), "is succeeded, without an error or an outcome"),
        (
            msgspec.structs.replace(RIGHT[4], state=RowState.FAILED, error="worker-lost", reason="Gone."),
            "ended with worker-lost (Gone.), not with None",
        ),
    ],
)
def test_a_wrong_result_is_found(wrong: RowResult, complaint: str) -> None:
    found = audit(*(RIGHT | {4: wrong}).values())

    assert not found.is_exact
    assert found.wrong == {4: complaint}


def test_a_row_that_must_fail_may_not_succeed() -> None:
    succeeded = RowResult(line=BAD, subject="text 7", id="row-7", state=RowState.SUCCEEDED, result=b"{}")

    assert audit(*(RIGHT | {BAD: succeeded}).values()).wrong == {BAD: "ended with None (None), not with damaged"}


def test_a_failure_may_be_excused_but_no_other_mistake_with_it() -> None:
    failed = msgspec.structs.replace(RIGHT[4], state=RowState.FAILED, error="timeout", reason="It took too long.")
    excuses = frozenset({"timeout"})

    found = audited(ROWS, (RIGHT | {4: failed}).values(), truth_of, excuses)
    assert (found.is_exact, found.excused) == (True, 1)
    otherwise = msgspec.structs.replace(RIGHT[BAD], error="timeout")
    assert audited(ROWS, (RIGHT | {BAD: otherwise}).values(), truth_of, excuses).is_exact, "what had to fail may, too"
    misplaced = msgspec.structs.replace(failed, line=5)
    assert audited(ROWS, (RIGHT | {5: misplaced}).values(), truth_of, excuses).wrong.keys() == {5}
    assert audited(ROWS, (RIGHT | {4: failed}).values(), truth_of).wrong.keys() == {4}
