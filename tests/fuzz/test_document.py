"""The service does what its OpenAPI document says, whatever it is sent: a bounded run, the same each time."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import msgspec

from service.app import openapi_document
from tests.fuzz.running import fuzz

EXAMPLES = 30
"""Of each operation in each phase, at most."""


class Operations(msgspec.Struct):
    tested: int
    errored: int
    skipped: int


class LogLine(msgspec.Struct):
    level: str


class Report(msgspec.Struct):
    """What schemathesis says of its run, as far as it matters here."""

    complete: bool
    operations: Operations
    phases: dict[str, dict[str, str | None]]
    failures: list[Any]
    errors: list[Any]


def test_the_service_keeps_to_its_document(tmp_path: Path) -> None:
    outcome = fuzz(tmp_path, "--seed=1", f"--max-examples={EXAMPLES}", "--no-color")
    report = msgspec.json.decode(outcome.report.read_bytes(), type=Report)
    operations = sum(map(len, msgspec.json.decode(openapi_document())["paths"].values()))

    assert report.failures == report.errors == []
    assert report.complete
    assert report.operations == Operations(tested=operations, errored=0, skipped=0)
    assert {phase: how["status"] for phase, how in report.phases.items()} == dict.fromkeys(
        ("examples", "coverage", "fuzzing", "stateful"), "success"
    )
    assert outcome.code == 0, "there are no warnings either"
    assert not outcome.leaks
    lines = outcome.log.read_bytes().split(b"\n")[1:-1]  # after the greeting
    levels = Counter(msgspec.json.decode(line, type=LogLine).level for line in lines)
    assert levels["info"] > EXAMPLES, "each request is a line"
    assert levels["error"] == 0
