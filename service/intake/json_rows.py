"""NDJSON to rows: an object a line, whose values are texts, numbers, true, false or null."""

from __future__ import annotations

from collections.abc import Collection

import msgspec

from service.core.batches import Refusal, Row, Scalar
from service.intake.lines import Block

_decode = msgspec.json.Decoder(dict[str, Scalar]).decode


class JsonRows:
    """Reads one upload; of what its objects hold only ``columns`` are taken."""

    def __init__(self, columns: Collection[str]) -> None:
        self.refusals: list[Refusal] = []
        self._columns = columns

    def rows(self, block: Block) -> list[Row]:
        """The rows in ``block``."""
        columns, rows = self._columns, []
        for number, line in enumerate(block.lines, block.first):
            if not line or line.isspace():
                continue
            try:
                fields = _decode(line)
            except (msgspec.DecodeError, RecursionError) as error:
                self.refusals.append(Refusal(number, f"the line is no JSON object of plain values: {error}"[:300]))
                continue
            rows.append(Row(number, {name: value for name, value in fields.items() if name in columns}))
        return rows

    def end(self) -> list[Row]:
        """Nothing is ever left."""
        return []
