"""The comment on a pull request."""

from __future__ import annotations

import re

from slo.model import Overall
from slo.reports.run import markdown
from slo.reports.run.summary import Report


def cells(line: str) -> list[str]:
    """The cells of a table's line, split as GitHub splits them."""
    return re.split(r"(?<!\\)\|", line)[1:-1]


def test_a_comment_begins_with_the_mark_by_which_it_is_found_again(reports: dict[Overall, Report]) -> None:
    text = markdown.render(reports[Overall.MISSED])

    assert text.startswith("<!-- loadstone-report plan=comments -->\n")
    assert "### ❌ Objectives missed: comments" in text
    assert "91.6 %, where at least 95 % is asked for" in text


def test_tables_stay_whole_and_nothing_is_markup(hostile: Report) -> None:
    text = markdown.render(hostile)

    first, _, rest = text.partition("\n")
    assert re.fullmatch(r"<!-- loadstone-report plan=[\w.]+ -->", first)
    tables = [part for part in rest.split("\n\n") if part.startswith("|")]
    assert len(tables) == 3
    for table in tables:
        assert len({len(cells(line)) for line in table.splitlines()}) == 1
    assert set(re.findall(r"<(/?\w+)", rest)) == {"details", "/details", "summary", "/summary"}
    assert "@all" not in rest
    assert "\x1b" not in rest


def test_an_aborted_run_has_no_table_of_objectives(aborted: Report) -> None:
    text = markdown.render(aborted)

    assert "⛔ Cannot be judged" in text
    assert "| Verdict |" not in text
