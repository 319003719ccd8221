"""The table of words that tesseract writes."""

from __future__ import annotations

import pytest

from service.workloads.recipes.page import Box
from service.workloads.recipes.reading.tesseract import spans_of

HEAD = "level\tpage_num\tblock_num\tpar_num\tline_num\tword_num\tleft\ttop\twidth\theight\tconf\ttext\n"


def test_words_of_a_line_are_one_span_up_to_a_wide_gap() -> None:
    table = (
        HEAD
        + "4\t1\t1\t1\t1\t0\t10\t20\t300\t20\t-1\t\n"
        + "5\t1\t1\t1\t1\t1\t10\t20\t40\t20\t90\t250\n"
        + "5\t1\t1\t1\t1\t2\t60\t20\t20\t20\t60\tg\n"
        + '5\t1\t1\t1\t1\t3\t300\t22\t80\t18\t99\t"harina"\n'
        + "5\t1\t1\t1\t2\t1\t10\t60\t20\t20\t95\t \n"
        + "5\t1\t1\t1\t2\t2\t10\t60\t90\t20\t-3\tSal\n"
    )
    amount, flour, salt = spans_of(table)
    assert (amount.span.text, amount.lowest, amount.span.box) == ("250 g", 0.6, Box(10, 20, 80, 40))
    assert amount.span.confidence == pytest.approx((3 * 0.9 + 0.6) / 4)
    assert (flour.span.text, flour.span.box) == ('"harina"', Box(300, 22, 380, 40))
    assert (salt.span.text, salt.lowest) == ("Sal", 0.0)


def test_an_empty_table_has_no_spans() -> None:
    assert spans_of(HEAD) == []
