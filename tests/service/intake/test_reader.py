"""Uploads in any pieces: rows with their lines, refusals with their reasons, nothing lost and nothing made up."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from itertools import pairwise

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.core.batches import Fields, Refusal, Row
from service.core.errors import InvalidRequestError
from service.core.workload import BatchRule
from service.intake.errors import UploadError
from service.intake.lines import LONGEST_LINE
from service.intake.reader import LARGEST_CHUNK, Form, UploadReader


class Options(msgspec.Struct):
    """Nothing to choose."""


def item_of(fields: Fields, options: Options) -> str:
    text = fields.get("text")
    if not isinstance(text, str) or not text.strip():
        raise InvalidRequestError("text", "it is empty")
    return text


RULE = BatchRule(columns={"text": "what it says"}, options=Options, item_of=item_of, chunk_rows=3)

RULE_OF_MANY = BatchRule(columns=RULE.columns, options=Options, item_of=item_of, chunk_rows=1_000)


def read(content: bytes, form: Form = Form.CSV, pieces: Sequence[int] = ()) -> tuple[list[Row], list[Refusal]]:
    """All rows and refusals, ``content`` cut at ``pieces``."""
    reader = UploadReader(RULE, Options(), form)
    rows: list[Row] = []
    refusals: list[Refusal] = []
    cuts = sorted({0, *(min(cut, len(content)) for cut in pieces), len(content)})
    for begin, end in pairwise(cuts):
        reader.feed(content[begin:end])
        rows += [row for chunk in reader.chunks() for row in chunk]
        refusals += reader.refusals()
    reader.end()
    rows += [row for chunk in reader.chunks(rest=True) for row in chunk]
    refusals += reader.refusals()
    assert reader.accepted == len(rows)
    assert reader.refused == len(refusals)
    return rows, sorted(refusals)


TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\0\r"), min_size=1, max_size=12).filter(str.strip)
CUTS = st.lists(st.integers(0, 400), max_size=6)


@given(texts=st.lists(TEXTS, max_size=12), pieces=CUTS)
def test_what_a_csv_writer_writes_comes_back_whatever_the_pieces(texts: list[str], pieces: list[int]) -> None:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerows([["id", "text"], *([f"n{number}", text] for number, text in enumerate(texts))])
    rows, refusals = read(out.getvalue().encode(), pieces=pieces)
    assert refusals == []
    assert [row.fields for row in rows] == [{"id": f"n{number}", "text": text} for number, text in enumerate(texts)]
    lines = out.getvalue().split("\n")
    assert all(lines[row.line - 1].startswith(f"n{number},") for number, row in enumerate(rows))


@given(content=st.binary(max_size=200), form=st.sampled_from(Form), pieces=CUTS)
def test_any_bytes_in_any_pieces_end_alike(content: bytes, form: Form, pieces: list[int]) -> None:
    def outcome(cuts: Sequence[int]) -> object:
        try:
            return read(content, form, cuts)
        except UploadError as error:
            return str(error)

    assert outcome(pieces) == outcome(())


@given(
    lines=st.lists(
        st.sampled_from(
            [
                b"a",
                b"a,b",
                b'"a',
                b'a"',
                b'","b","',
                b"\r",
                b"a\rb",
                b"a,b\r",
                b"\xff",
                b"nu\0l",
                b"",
                "é".encode() * 40_000,
            ]
        ),
        max_size=12,
    ),
    pieces=st.lists(st.one_of(st.integers(0, 60), st.integers(0, 240_000)), max_size=6),
)
def test_broken_lines_in_any_pieces_end_alike_and_each_is_told_once(lines: list[bytes], pieces: list[int]) -> None:
    content = b"\n".join([b"text,id", *lines])
    rows, refusals = read(content, pieces=pieces)
    assert (rows, refusals) == read(content)
    numbers = [line for line, _ in [*rows, *refusals]]
    assert len(numbers) == len(set(numbers))


@given(values=st.lists(TEXTS, max_size=12), pieces=CUTS)
def test_objects_come_back_whatever_the_pieces(values: list[str], pieces: list[int]) -> None:
    content = b"\n\r\n".join(msgspec.json.encode({"text": value, "more": 1}) for value in values)
    rows, refusals = read(content, Form.NDJSON, pieces)
    assert ([row.fields["text"] for row in rows], refusals) == (values, [])
    assert [row.line for row in rows] == [1 + 2 * number for number in range(len(values))]


def test_rows_come_in_full_chunks_and_what_is_left() -> None:
    reader = UploadReader(RULE, Options(), Form.CSV)
    reader.feed(b"text\n" + b"a\n" * 7)
    assert list(map(len, reader.chunks())) == [3, 3]
    assert list(map(len, reader.chunks(rest=True))) == [1]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_the_header_says_what_stands_between_cells(delimiter: str) -> None:
    content = f"\ufeffId{delimiter}other{delimiter} TEXT \r\nx{delimiter}y{delimiter}a, b; c\r\n"
    content = content if delimiter == "\t" else content.replace("a, b; c", '"a, b; c"')
    assert read(content.encode()) == ([Row(2, {"id": "x", "text": "a, b; c"})], [])


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"name,url\nx,y\n", "the columns, 'text' among them; it has 'name', 'url'"),
        (b"just a sentence\n", "'text' among them"),
        (b"text,text\na,b\n", "names the column 'text' twice"),
        (b"PK\x03\x04rest", "a ZIP archive"),
        (b"\x1f\x8b\x08rest of it", "compressed by gzip"),
        ("text\na".encode("utf-16"), "UTF-16"),
        ("text;año\na;b\n".encode("latin-1"), "Line 1 must name the columns, but byte 7 of the line is no UTF-8"),
        (b"x" * (LONGEST_LINE + 1) + b"\ntext\n", "Line 1 must name the columns, but the line has more than"),
    ],
)
def test_an_upload_that_cannot_be_read_says_why(content: bytes, reason: str) -> None:
    with pytest.raises(UploadError, match=reason):
        read(content)


def test_bad_lines_are_refused_by_number_and_their_neighbours_kept() -> None:
    lines = [
        b"text,id",
        b"good,1",
        b"\xff\xfe,2",
        b"nu\0l,3",
        b"three,4,5",
        b" ,6",
        b"",
        b"x" * (LONGEST_LINE + 1) + b",7",
        b"id too long," + b"i" * 201,
        b"good,9",
    ]
    rows, refusals = read(b"\n".join(lines))
    assert [row.line for row in rows] == [2, 10]
    assert [line for line, _ in refusals] == [3, 4, 5, 6, 8, 9]
    assert [reason.split()[0] for _, reason in refusals] == ["byte", "the", "it", "text:", "the", "id:"]


def test_a_quote_that_never_ends_costs_its_own_line() -> None:
    rows, refusals = read(b'text\nbefore\n"open\nafter\nlast')
    assert [row.fields["text"] for row in rows] == ["before", "after", "last"]
    assert [line for line, _ in refusals] == [3]


def test_a_cell_is_no_longer_than_a_line_may_be_whatever_the_pieces() -> None:
    content = b'text\n"' + b"0123456789\n" * 7_000 + b'"\nlast\n'
    assert read(content) == read(content, pieces=range(0, len(content), 1_000))
    rows, refusals = read(content)
    assert (len(rows), [line for line, _ in refusals]) == (7_000, [2, 7_002])


def test_quotes_that_never_end_are_not_read_for_ever() -> None:
    with pytest.raises(UploadError, match="Line 102 is one of too many"):
        read(b"text,id\n" + b'","b","\n' * 100_000)


def test_a_carriage_return_within_a_line_costs_that_line_only() -> None:
    rows, ((line, _),) = read(b"text\r\none\r\ntw\ro\r\nthree\r\n")
    assert ([row.fields["text"] for row in rows], line) == (["one", "three"], 3)


def test_long_rows_make_small_chunks() -> None:
    reader = UploadReader(RULE_OF_MANY, Options(), Form.CSV)
    sizes = []
    for piece in [b"text\n", *[b"x" * 60_000 + b"\n"] * 100]:
        reader.feed(piece)
        sizes += [len(chunk) for chunk in reader.chunks()]
    assert sizes
    assert max(sizes) * 60_000 < LARGEST_CHUNK + 2 * LONGEST_LINE
    assert sum(sizes) + sum(map(len, reader.chunks(rest=True))) == 100


def test_a_line_break_in_a_cell_keeps_the_numbers_right() -> None:
    rows, _ = read(b'text,id\n"a\nb",1\nc,2\n')
    assert rows == [Row(2, {"text": "a\nb", "id": "1"}), Row(4, {"text": "c", "id": "2"})]


def test_a_million_empty_lines_are_no_rows() -> None:
    assert read(b"text\n" + b"\n" * 1_000_000 + b"a", pieces=range(0, 1_000_000, 65_536)) == (
        [Row(1_000_002, {"text": "a"})],
        [],
    )


def test_equal_rows_are_rows_of_their_own() -> None:
    assert [row.line for row in read(b"text\na\na\n")[0]] == [2, 3]


@pytest.mark.parametrize("line", [b"[1]", b"{", b'{"text": [1]}', b'"text"', b"[" * 5_000])
def test_a_line_that_is_no_plain_object_is_refused(line: bytes) -> None:
    rows, ((number, reason),) = read(b'{"text": "a"}\n' + line, Form.NDJSON)
    assert (len(rows), number) == (1, 2)
    assert reason.startswith("the line is no JSON object of plain values")


def test_what_the_database_cannot_keep_is_refused() -> None:
    rows, refusals = read(
        b'{"text": "a\\u0000b"}\n{"text": "\\\\u0000"}\n{"text": "a", "id": 9223372036854775808}\n', Form.NDJSON
    )
    assert ([row.line for row in rows], [line for line, _ in refusals]) == ([2], [1, 3])
