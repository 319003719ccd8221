"""An upload's bytes to checked rows in chunks, and what was refused of it."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import Any

from service.core.batches import Refusal, Row
from service.core.errors import InvalidRequestError
from service.core.workload import BatchRule
from service.intake.csv_rows import CsvRows
from service.intake.json_rows import JsonRows
from service.intake.lines import Block, Lines

LONGEST_ID = 200
PIECE = 16_384
"""Bytes that are read at a time, so that nobody waits long for the event loop."""
LARGEST_CHUNK = 1_048_576
"""Bytes of an upload; where rows are long a chunk has fewer of them, so that memory does not depend on them."""


class Form(StrEnum):
    """How rows are written."""

    CSV = "csv"
    NDJSON = "ndjson"


class UploadReader:
    """Reads one upload by ``rule``, with what was chosen for all of its rows.

    Rows that are no items are refused at once, by the column at fault. `UploadError` ends it all.
    """

    def __init__(self, rule: BatchRule[Any], options: object, form: Form) -> None:
        columns = {*rule.columns, "id"}
        self._rule = rule
        self._options = options
        self._lines = Lines()
        self._form = CsvRows(next(iter(rule.columns)), columns) if form is Form.CSV else JsonRows(columns)
        self._rows: list[Row] = []
        self._size = 0
        """Bytes since a chunk was given last."""
        self._refusals: list[Refusal] = []
        self.accepted = 0
        """Rows so far."""
        self.refused = 0
        """Lines so far."""

    def feed(self, piece: bytes) -> None:
        """Take the next bytes."""
        self._size += len(piece)
        self._take(self._lines.feed(piece))

    def end(self) -> None:
        """There are no more."""
        self._take(self._lines.end())
        self._check(self._form.end())

    def chunks(self, *, rest: bool = False) -> Sequence[Sequence[Row]]:
        """The chunks that are full by now, and with ``rest`` what is left as the last one; each is given once."""
        size, rows = self._rule.chunk_rows, self._rows
        end = len(rows) if rest or self._size > LARGEST_CHUNK else len(rows) - len(rows) % size
        if not end:
            return ()
        self._rows, self._size = rows[end:], 0
        return [rows[place : min(place + size, end)] for place in range(0, end, size)]

    def refusals(self) -> Sequence[Refusal]:
        """What was refused since this was asked last, by line."""
        found = [*self._refusals, *self._form.refusals]
        self._refusals.clear()
        self._form.refusals.clear()
        self.refused += len(found)
        return sorted(found)

    def _take(self, block: Block) -> None:
        self._refusals += block.refusals
        if block.lines or block.refusals:
            self._check(self._form.rows(block))

    def _check(self, rows: Sequence[Row]) -> None:
        item_of, options, kept = self._rule.item_of, self._options, self._rows
        before = len(kept)
        for row in rows:
            fields = row.fields
            identifier = fields.get("id")
            if identifier is not None and len(str(identifier)) > LONGEST_ID:
                self._refusals.append(Refusal(row.line, f"id: it has more than {LONGEST_ID} characters"))
                continue
            try:
                item_of(fields, options)
            except InvalidRequestError as error:
                self._refusals.append(Refusal(row.line, f"{error.pointer}: {error.reason}"))
            else:
                kept.append(row)
        self.accepted += len(kept) - before
