"""NDJSON to rows: an object a line, whose values are texts, numbers, true, false or null."""

from __future__ import annotations

from collections.abc import Collection
from typing import Annotated, TypeAlias

import msgspec
from msgspec import Meta

from service.core.batches import Refusal, Row
from service.intake.lines import Block

_Whole: TypeAlias = Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)]
_decode = msgspec.json.Decoder(dict[str, str | _Whole | float | bool | None]).decode


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
            if "\\u0000" in line and any("\0" in value for value in fields.values() if isinstance(value, str)):
                self.refusals.append(Refusal(number, "the line holds a NUL, which is no character"))
                continue
            rows.append(Row(number, {name: value for name, value in fields.items() if name in columns}))
        return rows

    def end(self) -> list[Row]:
        """Nothing is ever left."""
        return []
