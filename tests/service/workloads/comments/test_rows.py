"""Comments as the rows of a batch."""

from __future__ import annotations

import pytest

from service.core.errors import ExtraMissingError, InvalidRequestError
from service.workloads.comments import WORKLOAD, rows
from service.workloads.comments.policy import Item
from service.workloads.comments.rows import Options, item_of


def test_a_row_is_the_item_that_a_request_would_make_of_it() -> None:
    request = WORKLOAD.request(comments=("  Muy lento ",), quality="fast")
    assert item_of({"text": "  Muy lento "}, Options()) == WORKLOAD.split(request)[0]
    assert item_of({"text": 10, "id": "x"}, Options()) == Item("10", "fast")


@pytest.mark.parametrize(
    ("text", "reason"), [(None, "empty"), ("  ", "empty"), ("x" * 5_001, "5,001 characters"), ("a\0b", "NUL")]
)
def test_what_is_no_comment_is_refused_by_its_column(text: str | None, reason: str) -> None:
    with pytest.raises(InvalidRequestError, match=reason) as caught:
        item_of({"text": text}, Options())
    assert caught.value.pointer == "text"


def test_a_quality_whose_engine_is_missing_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rows, "engine_installed", lambda: False)
    with pytest.raises(ExtraMissingError):
        item_of({"text": "bien"}, Options(quality="good"))
