"""Files of named queries: what is read from them, and what is refused."""

from __future__ import annotations

import pytest

from service.adapters import queries
from service.adapters.queries import Query, QueryFileError

TEXT = """-- What this file is about.

-- name: first
-- Finds $1
-- in two lines.
SELECT $1
-- with a remark
FROM somewhere;

-- name: second (read)
-- Does nothing.
SELECT;
"""


def test_a_query_has_a_name_a_description_and_a_statement() -> None:
    assert dict(queries.parse(TEXT, "file.sql")) == {
        "first": Query(
            name="first",
            description="Finds $1 in two lines.",
            text="SELECT /* loadstone.first */ $1\n-- with a remark\nFROM somewhere;",
        ),
        "second": Query(
            name="second", description="Does nothing.", text="SELECT /* loadstone.second */;", is_read=True
        ),
    }


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("SELECT 1;\n", "before the first name"),
        ("-- name: No Name\n-- Text.\nSELECT 1;\n", "names no query"),
        ("-- name: first (write)\n-- Text.\nSELECT 1;\n", "names no query"),
        ("-- name: bare\nSELECT 1;\n", "bare has no description"),
        ("-- name: idle\n-- Text.\n", "idle has no statement"),
        (TEXT + TEXT, "first is there twice"),
    ],
)
def test_a_file_that_breaks_the_form_is_refused(text: str, reason: str) -> None:
    with pytest.raises(QueryFileError, match=reason):
        queries.parse(text, "file.sql")


def test_a_name_is_known_by_its_query_alone() -> None:
    names = queries.names()
    assert {"find_job", "ping", "lock"} <= set(names)
    assert len(set(names)) == len(names)
