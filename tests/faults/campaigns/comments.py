"""Comments of the corpus, each many times, so that only their numbers tell rows apart."""

from __future__ import annotations

from functools import cache, cached_property
from pathlib import Path
from random import Random
from typing import Any

import msgspec

from service.core.batches import Fields, Row
from service.workloads.comments import WORKLOAD
from tests.faults.campaigns.audit import Truth
from tests.faults.campaigns.sources import Source

CORPUS = Path(__file__).resolve().parents[3] / "loadtests/corpus/comments.txt"


class Comments(Source):
    """A batch of the comments workload."""

    workload = WORKLOAD.name
    chunk_rows = 250

    def _fields(self, line: int, draw: Random) -> Fields:
        text = draw.choice(self._texts)
        return {"id": f"row-{line}", "text": f"{text} {self.poison}" if line in self.poisoned else text}

    def _truth_of(self, row: Row) -> Truth:
        text = str(row.fields["text"])
        return Truth(subject=text, id=str(row.fields["id"]), holds=_outcome(text))

    @cached_property
    def _texts(self) -> list[str]:
        lines = CORPUS.read_text("utf-8").splitlines()
        return sorted({line.strip() for line in lines if line.strip() and not line.startswith("#")})


@cache
def _outcome(text: str) -> dict[str, Any]:
    """What the workload says of the comment when it is asked alone."""
    rule = WORKLOAD.batch
    assert rule is not None
    (outcome,) = WORKLOAD.analyse("fast", [rule.item_of({"text": text}, rule.options())])
    decoded: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(outcome))
    return decoded
