"""The ways by which the cost of duties is measured do what they say."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from litestar.types import ASGIApp

from service.duties import trials
from service.duties.ways import Parts, applications, opened
from slo import conductor, spec
from slo.model import DutyCost


@pytest.fixture
async def parts() -> AsyncIterator[Parts]:
    async with opened() as found:
        yield found


async def answered(parts: Parts, app: ASGIApp) -> tuple[int, dict[bytes, bytes]]:
    """Status and headers of the second answer, which is a kept one."""
    call: Any = app
    for _ in range(2):
        messages: list[Any] = []

        async def receive() -> Any:
            return {"type": "http.request", "body": parts.body, "more_body": False}

        async def send(message: Any, messages: list[Any] = messages) -> None:
            messages.append(message)

        await call(parts.scope(), receive, send)
    return messages[0]["status"], dict(messages[0]["headers"])


@pytest.fixture
def sink() -> Iterator[int]:
    """Where log lines vanish."""
    descriptor = os.open(os.devnull, os.O_WRONLY)
    yield descriptor
    os.close(descriptor)


async def test_each_way_lacks_what_it_is_named_after_and_nothing_else(parts: Parts, sink: int) -> None:
    apps = applications(parts, sink)
    found = {name: await answered(parts, app) for name, app in apps.items() if name != "bare"}
    headers = {name: set(headers) for name, (_, headers) in found.items()}
    everything = headers["request"]

    assert {status for status, _ in found.values()} == {200}
    assert {b"x-request-id", b"ratelimit", b"content-encoding", b"x-content-type-options", b"vary"} <= everything
    assert everything - headers["without rate"] == {b"ratelimit", b"ratelimit-policy"}
    assert everything - headers["without key"] == {b"ratelimit", b"ratelimit-policy"}
    assert headers["with server timing"] - everything == {b"server-timing"}
    assert headers["without metrics"] == headers["without body limits"] == headers["with access log"] == everything


async def test_the_way_with_a_key_refuses_another_one(parts: Parts) -> None:
    app = applications(parts, -1)["without rate"]
    parts.headers = [pair for pair in parts.headers if pair[0] != b"authorization"]

    assert (await answered(parts, app))[0] == 401


async def test_only_the_way_with_metrics_counts(parts: Parts) -> None:
    apps = applications(parts, -1)

    def counted() -> float:
        return float(sum(reading.cells.sum() for reading in parts.metrics.readings()))

    await answered(parts, apps["without metrics"])
    before = counted()
    await answered(parts, apps["without metrics"])
    silent = counted() - before
    await answered(parts, apps["request"])
    assert counted() - before - silent > silent


def test_all_duties_are_measured_in_the_same_rounds(tmp_path: Path) -> None:
    found = conductor.duties(tmp_path, seconds=0.0)

    assert [duty.name for duty in found] == [trial.name for trial in trials.TRIALS]
    assert {len(duty.added) for duty in found} == {trials.FEWEST_ROUNDS}
    assert len({duty.reference for duty in found}) == 1
    assert not list(tmp_path.iterdir())


def test_every_duty_has_a_budget_in_the_gate() -> None:
    budget = spec.load().budget("duties", "production")
    judged = {each.source.name for each in budget.objectives if isinstance(each.source, DutyCost)}

    assert judged == {trial.name for trial in trials.TRIALS}
