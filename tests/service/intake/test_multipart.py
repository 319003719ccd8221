"""Forms in any pieces: fields first, then the file as it arrives."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.intake.errors import UploadError
from service.intake.multipart import LONGEST_FIELD, MultipartReader

TYPE = b'multipart/form-data; boundary="frontier"'


def part(name: str, content: bytes, filename: str | None = None, media_type: str = "") -> bytes:
    named = f'; filename="{filename}"' if filename is not None else ""
    kind = f"Content-Type: {media_type}\r\n" if media_type else ""
    head = f'--frontier\r\nContent-Disposition: form-data; name="{name}"{named}\r\n{kind}\r\n'
    return head.encode() + content + b"\r\n"


def read(body: bytes, pieces: Sequence[int] = ()) -> tuple[MultipartReader, bytes]:
    reader = MultipartReader(TYPE)
    cuts = sorted({0, *(min(cut, len(body)) for cut in pieces), len(body)})
    content = b"".join(piece for begin, end in pairwise(cuts) for piece in reader.feed(body[begin:end]))
    reader.end()
    return reader, content


@given(content=st.binary(max_size=200), name=st.text("aá ", max_size=9), pieces=st.lists(st.integers(0, 600)))
def test_fields_and_file_come_back_whatever_the_pieces(content: bytes, name: str, pieces: list[int]) -> None:
    content = content.replace(b"--frontier", b"")
    body = part("workload", b"images") + part("name", name.encode())
    body += part("file", content, "rows.csv", "text/csv; charset=utf-8") + b"--frontier--\r\n"
    reader, found = read(body, pieces)
    assert (reader.fields, found) == ({"workload": "images", "name": name}, content)
    assert (reader.file_name, reader.file_type) == ("rows.csv", "text/csv")


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (part("file", b"a", "f") + part("name", b"n") + b"--frontier--", "fields before the file"),
        (part("file", b"a", "f") + part("file", b"a", "f") + b"--frontier--", "more than one file"),
        (part("file", b"a", "f"), "ends before its last boundary"),
        (part("name", b"a") + b"--frontier--", "no file"),
        (part("name", b"\xff") + b"--frontier--", "no UTF-8"),
        (part("name", b"a" * (LONGEST_FIELD + 1)), "more than 10,000 bytes"),
        (b"--front\r\n\r\n", "broken"),
        (part("a", b"") * 17, "more than 16 fields|no file|boundary"),
    ],
)
def test_a_form_that_cannot_be_read_says_why(body: bytes, reason: str) -> None:
    with pytest.raises(UploadError, match=reason):
        read(body)


def test_a_form_needs_a_boundary() -> None:
    with pytest.raises(UploadError, match="boundary"):
        MultipartReader(b"multipart/form-data")
