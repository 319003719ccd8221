"""Runs to compare: a baseline, one that takes a third longer, and others that differ in one thing each."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from slo import record
from slo.histogram import Histogram
from slo.model import Overall
from slo.reports.comparison.summary import Comparison, Judged, compare
from tests.slo.reports import examples

Change = Callable[..., Judged]


def stretched(text: str, factor: float) -> str:
    """The histogram in ``text`` with every duration ``factor`` times as long."""
    histogram = Histogram()
    for edge, count in zip(*Histogram.decode(text).buckets(), strict=True):
        histogram.record(float(edge) * factor, int(count))
    return histogram.encode()


@pytest.fixture(scope="session")
def other(judged: dict[Overall, examples.Judged]) -> Change:
    """Makes another run of the same plan: ``slow`` times as slow, with other facts in its header or other lines."""

    def other(name: str, *, slow: float = 1.0, head: dict[str, Any] | None = None, **lines: Any) -> Judged:
        run, _ = judged[Overall.MET]
        cells = run.cells
        if slow != 1.0:
            cells = tuple(
                msgspec.structs.replace(
                    cell, latency=stretched(cell.latency, slow), service=stretched(cell.service, slow)
                )
                for cell in cells
            )
        header = msgspec.structs.replace(run.header, **{"id": name, **(head or {})})
        changed = msgspec.structs.replace(run, **{"header": header, "cells": cells, **lines})
        return name, changed, examples.judgement_of(changed, Overall.MET)

    return other


@pytest.fixture(scope="session")
def unanswered(other: Change, judged: dict[Overall, examples.Judged]) -> Judged:
    """A run in which every request was refused."""
    cells = tuple(
        msgspec.structs.replace(cell, outcomes={"refused": cell.requests}, latency="", service="")
        for cell in judged[Overall.MET][0].cells
    )
    return other("unanswered", cells=cells)


@pytest.fixture(scope="session")
def two(other: Change) -> Comparison:
    """A baseline, and a run a third slower."""
    return compare([other("before"), other("after", slow=4 / 3)])


@pytest.fixture(scope="session")
def five(other: Change, unanswered: Judged, attacked: examples.Judged) -> Comparison:
    """As many as there may be: equal, slower, without an answer, hostile."""
    return compare(
        [other("before"), other("again"), other("after", slow=4 / 3), unanswered, (examples.HOSTILE, *attacked)]
    )


def machine(**changes: Any) -> record.MachineFacts:
    """The usual machine, changed."""
    return msgspec.structs.replace(examples.header().machine, **changes)
