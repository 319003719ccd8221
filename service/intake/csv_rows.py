"""CSV (RFC 4180) to rows: a header, quoted cells that may hold line breaks, and ``,``, ``;`` or a tab between cells."""

from __future__ import annotations

import csv
from collections.abc import Collection, Iterator, Sequence

from service.core.batches import Refusal, Row
from service.intake.errors import UploadError
from service.intake.lines import LONGEST_LINE, Block

DELIMITERS = (",", ";", "\t")
MOST_LINES = 1_000
"""Of one record, whose quoted cells hold line breaks."""
MOST_UNENDED = 100
"""Quoted cells that do not end; each costs reading all that it may have taken in once more."""
_SHOWN = 10


class CsvRows:
    """Reads one upload; rows need the column ``required``, and of all others only ``columns`` are taken."""

    def __init__(self, required: str, columns: Collection[str]) -> None:
        self.refusals: list[Refusal] = []
        self._required = required
        self._columns = columns
        self._delimiter = ","
        self._width = 0
        """Cells of the header; 0 until there was one."""
        self._taken: list[tuple[str, int]] = []
        """The columns that are taken, with their places."""
        self._open: list[str] = []
        """Lines of a record whose quoted cell has not ended, from line `_open_at` on."""
        self._open_at = 0
        self._unended = 0

    def rows(self, block: Block) -> list[Row]:
        """The rows that ``block`` completes; UploadError when the header, or the file's quoting, is wrong."""
        first, lines = block.first, block.lines
        if self._open:
            first, lines = self._open_at, [*self._open, *lines]
            return self._quoted(first, lines)
        if not self._width:
            first, lines = self._after_header(block)
        if not block.is_plain:
            return self._quoted(first, lines)
        taken, width = self._taken, self._width
        rows = []
        for number, cells in enumerate(csv.reader(lines, delimiter=self._delimiter), first):
            if len(cells) == width:
                rows.append(Row(number, {name: cells[place] for name, place in taken}))
            elif cells:
                rows += self._row(number, cells)
        return rows

    def end(self) -> list[Row]:
        """What is left: a quoted cell that never ended costs its own line only."""
        rows: list[Row] = []
        while self._open:
            number, lines = self._open_at, self._open
            self._refuse_unended(number)
            rows += self._quoted(number + 1, lines[1:])
        return rows

    def _after_header(self, block: Block) -> tuple[int, list[str]]:
        """What follows the header, which is the first line that is not empty."""
        place = next((place for place, line in enumerate(block.lines) if line.strip()), len(block.lines))
        if block.refusals and block.refusals[0].line < block.first + max(place, 1):
            number, reason = block.refusals[0]
            raise UploadError(f"Line {number} must name the columns, but {reason}.")
        if place < len(block.lines):
            self._read_header(block.lines[place])
        return block.first + place + 1, block.lines[place + 1 :]

    def _read_header(self, line: str) -> None:
        every = {delimiter: _cells(line, delimiter) for delimiter in DELIMITERS}
        delimiter = next((each for each, cells in every.items() if self._required in cells), ",")
        names = every[delimiter]
        if self._required not in names:
            shown = ", ".join(repr(name[:40]) for name in names[:_SHOWN])
            raise UploadError(f"The first line must name the columns, {self._required!r} among them; it has {shown}.")
        if twice := next((name for name in names if name in self._columns and names.count(name) > 1), None):
            raise UploadError(f"The first line names the column {twice!r} twice.")
        self._delimiter, self._width = delimiter, len(names)
        self._taken = [(name, place) for place, name in enumerate(names) if name in self._columns]

    def _quoted(self, first: int, lines: list[str]) -> list[Row]:
        """The rows of lines with quotes in them; a record that goes on behind the last one is kept open."""
        self._open = []
        rows: list[Row] = []
        feed = _Feed(lines)
        table = csv.reader(feed, delimiter=self._delimiter)
        while (place := feed.given) < len(lines):
            reason = ""
            cells: list[str] = []
            try:
                cells = next(table)
            except csv.Error as error:
                reason = str(error)
            if _is_too_long(lines[place : feed.given]):
                self._refuse_unended(first + place)
                feed.given = place + 1
            elif feed.is_exhausted:
                self._open, self._open_at = lines[place:], first + place
                return rows
            elif reason:
                self._refuse(first + place, f"the line cannot be read as CSV: {reason}")
            else:
                rows += self._row(first + place, cells)
                continue
            feed.is_exhausted = False
            table = csv.reader(feed, delimiter=self._delimiter)
        return rows

    def _refuse_unended(self, number: int) -> None:
        self._unended += 1
        if self._unended > MOST_UNENDED:
            raise UploadError(f"Line {number} is one of too many at which a quoted cell begins and does not end.")
        self._refuse(number, _UNENDED)

    def _row(self, number: int, cells: Sequence[str]) -> Iterator[Row]:
        if len(cells) == self._width:
            yield Row(number, {name: cells[place] for name, place in self._taken})
        elif any(cell.strip() for cell in cells):
            self._refuse(number, f"it has {len(cells)} cells, and the first line has {self._width}")

    def _refuse(self, number: int, reason: str) -> None:
        self.refusals.append(Refusal(number, reason))


class _Feed:
    """Gives lines, and knows how many it gave and whether more were asked for."""

    def __init__(self, lines: Sequence[str]) -> None:
        self._lines = lines
        self.given = 0
        self.is_exhausted = False

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        if self.given == len(self._lines):
            self.is_exhausted = True
            raise StopIteration
        self.given += 1
        return self._lines[self.given - 1] + "\n"


_UNENDED = f"a quoted cell does not end within {MOST_LINES:,} lines of {LONGEST_LINE:,} characters, or before the end"


def _is_too_long(record: Sequence[str]) -> bool:
    return len(record) > MOST_LINES or (len(record) > 1 and sum(map(len, record)) > LONGEST_LINE)


def _cells(line: str, delimiter: str) -> list[str]:
    try:
        return [cell.strip().lower() for cell in next(csv.reader([line], delimiter=delimiter), [])]
    except csv.Error as error:
        raise UploadError(f"The first line cannot be read as CSV: {error}.") from error
