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
    """Consecutive lines without their ends; one that was refused is empty."""

    first: int
    """Number of the first line."""
    lines: list[str]
    has_quotes: bool


class Lines:
    """Takes the pieces of one upload; `refusals` are those of the lines that are no text."""

    def __init__(self) -> None:
        self.refusals: list[Refusal] = []
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
                return Block(self._number, [], has_quotes=False)
            data = self._begun(data)
        end = data.rfind(b"\n")
        if end < 0:
            self._rest = data
            if len(data) > LONGEST_LINE:
                self._cut()
            return Block(self._number, [], has_quotes=False)
        self._rest = data[end + 1 :]
        block = self._block(data[:end])
        if len(self._rest) > LONGEST_LINE:
            self._cut()
        return block

    def end(self) -> Block:
        """The last line, if it has no end."""
        data, self._rest = self._rest if self._is_begun else self._begun(self._rest), b""
        return self._block(data) if data or self._is_cut else Block(self._number, [], has_quotes=False)

    def _begun(self, data: bytes) -> bytes:
        self._is_begun = True
        for signature, kind in _SIGNATURES.items():
            if data.startswith(signature):
                raise UploadError(f"This is no CSV or NDJSON in UTF-8 but {kind}.")
        return data.removeprefix(_BOM)

    def _cut(self) -> None:
        if not self._is_cut:
            self._refuse(self._number, f"the line has more than {LONGEST_LINE:,} bytes")
        self._is_cut, self._rest = True, b""

    def _block(self, data: bytes) -> Block:
        first = self._number
        try:
            lines = data.decode("utf-8").split("\n")
        except UnicodeDecodeError:
            lines = [self._decoded(number, line) for number, line in enumerate(data.split(b"\n"), first)]
        if self._is_cut:
            lines[0], self._is_cut = "", False
        if b"\0" in data or len(data) > LONGEST_LINE:
            lines = [self._sound(number, line) for number, line in enumerate(lines, first)]
        self._number = first + len(lines)
        return Block(first, lines, b'"' in data)

    def _decoded(self, number: int, line: bytes) -> str:
        try:
            return line.decode("utf-8")
        except UnicodeDecodeError as error:
            self._refuse(number, f"byte {error.start + 1} of the line is no UTF-8")
            return ""

    def _sound(self, number: int, line: str) -> str:
        if "\0" in line:
            self._refuse(number, "the line holds a NUL, which is no character")
            return ""
        if len(line) > LONGEST_LINE:
            self._refuse(number, f"the line has more than {LONGEST_LINE:,} bytes")
            return ""
        return line

    def _refuse(self, number: int, reason: str) -> None:
        self.refusals.append(Refusal(number, reason))
