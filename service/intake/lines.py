"""Bytes in pieces of any size to whole lines of text, with their numbers."""

from __future__ import annotations

from typing import NamedTuple

from service.core.batches import Refusal
from service.intake.errors import UploadError

LONGEST_LINE = 65_536
"""Bytes."""

_SIGNATURES = {
    b"PK\x03\x04": "a ZIP archive (spreadsheets are such, too)",
    b"\x1f\x8b": "compressed by gzip",
    b"\x28\xb5\x2f\xfd": "compressed by Zstandard",
    b"BZh": "compressed by bzip2",
    b"\xfd7zXZ": "compressed by xz",
    b"%PDF": "a PDF document",
    b"\xd0\xcf\x11\xe0": "a document of an old office program",
    b"\xff\xd8\xff": "a picture",
    b"\x89PNG": "a picture",
    b"\xff\xfe": "UTF-16",
    b"\xfe\xff": "UTF-16",
    b"SQLite format": "a database",
}
_BOM = b"\xef\xbb\xbf"
_LONGEST_SIGNATURE = max(map(len, _SIGNATURES))


class Block(NamedTuple):
    """Consecutive lines without their ends."""

    first: int
    """Number of the first line."""
    lines: list[str]
    """Those that are refused are empty."""
    refusals: list[Refusal]
    """Of lines that are no text, since the last block."""
    is_plain: bool
    """Each line is a record: there are no quotes, and no carriage returns but those of line ends."""


class Lines:
    """Takes the pieces of one upload; which lines come, and which are refused, does not depend on the pieces."""

    def __init__(self) -> None:
        self._refusals: list[Refusal] = []
        self._number = 1
        self._rest = b""
        self._is_begun = False
        self._is_cut = False
        """The line that `_rest` goes on with has been refused for its length already."""

    def feed(self, piece: bytes) -> Block:
        """The lines that ``piece`` completes; UploadError when the upload is no text at all."""
        data = self._rest + piece
        if not self._is_begun:
            if len(data) < _LONGEST_SIGNATURE:
                self._rest = data
                return self._block(None)
            data = self._begun(data)
        end = data.rfind(b"\n")
        self._rest = data[end + 1 :]
        block = self._block(data[:end] if end >= 0 else None)
        if self._is_cut:
            self._rest = b""
        elif len(self._rest) > LONGEST_LINE:
            self._is_cut, self._rest = True, b""
            self._refuse(self._number, _TOO_LONG)
        return block

    def end(self) -> Block:
        """The last line, if it has no end."""
        data, self._rest = self._rest if self._is_begun else self._begun(self._rest), b""
        return self._block(data if data or self._is_cut else None)

    def _begun(self, data: bytes) -> bytes:
        self._is_begun = True
        for signature, kind in _SIGNATURES.items():
            if data.startswith(signature):
                raise UploadError(f"This is no CSV or NDJSON in UTF-8 but {kind}.")
        return data.removeprefix(_BOM)

    def _block(self, data: bytes | None) -> Block:
        """The lines in ``data``, which are whole; None for none."""
        first, lines, is_plain = self._number, [], True
        if data is not None:
            if self._is_cut:  # what follows of the line that is refused is nobody's
                data, self._is_cut = data[len(data.partition(b"\n")[0]) :], False
            lines = self._texts(data)
            self._number += len(lines)
            is_plain = b'"' not in data and (b"\r" not in data or _returns_end_lines(data))
        refusals, self._refusals = self._refusals, []
        return Block(first, lines, refusals, is_plain)

    def _texts(self, data: bytes) -> list[str]:
        if len(data) <= LONGEST_LINE and b"\0" not in data:
            try:
                return data.decode("utf-8").split("\n")
            except UnicodeDecodeError:
                pass
        return [self._text(number, line) for number, line in enumerate(data.split(b"\n"), self._number)]

    def _text(self, number: int, line: bytes) -> str:
        if len(line) > LONGEST_LINE:
            self._refuse(number, _TOO_LONG)
        elif b"\0" in line:
            self._refuse(number, "the line holds a NUL, which is no character")
        else:
            try:
                return line.decode("utf-8")
            except UnicodeDecodeError as error:
                self._refuse(number, f"byte {error.start + 1} of the line is no UTF-8")
        return ""

    def _refuse(self, number: int, reason: str) -> None:
        self._refusals.append(Refusal(number, reason))


_TOO_LONG = f"the line has more than {LONGEST_LINE:,} bytes"


def _returns_end_lines(data: bytes) -> bool:
    """Whether each carriage return is before a line feed, or the last byte."""
    return data.count(b"\r") - data.endswith(b"\r") == data.count(b"\r\n")
