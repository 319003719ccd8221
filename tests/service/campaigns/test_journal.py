"""What an operator reads of a batch: its begin, its progress now and then, its end."""

from __future__ import annotations

import logging

import pytest

from service.campaigns.journal import PROGRESS_SECONDS, QUIET_SECONDS, Journal
from service.core.batches import Chunk, RowResult, RowState
from tests.service.doubles import FakeClock


def chunk(number: int, batch: str = "b", *, is_suspicious: bool = False) -> Chunk:
    return Chunk(
        batch=batch,
        number=number,
        attempt=1,
        tenant="acme",
        workload="words",
        options=b"{}",
        rows=(),
        is_suspicious=is_suspicious,
    )


def results(good: int, *errors: str) -> list[RowResult]:
    done = [RowResult(line=line, state=RowState.SUCCEEDED, subject="") for line in range(good)]
    return [*done, *(RowResult(line=9, state=RowState.FAILED, subject="", error=error) for error in errors)]


def test_a_batch_has_a_begin_some_progress_and_an_end(caplog: pytest.LogCaptureFixture) -> None:
    clock = FakeClock()
    journal = Journal(clock)
    with caplog.at_level(logging.INFO):
        for number in range(4):
            journal.claimed(chunk(number))
            clock.now += PROGRESS_SECONDS / 2
            journal.completed(chunk(number), results(60, "http-404"), 32)
            journal.look()
        clock.now += QUIET_SECONDS
        journal.look()
        journal.look()

    assert [record.message for record in caplog.records] == [
        "begins with batch b of acme (words)",
        "batch b: 122 rows in 2 chunks, of which failed: 2 http-404; 8.1 rows/s, 32 at a time",
        "batch b: 244 rows in 4 chunks, of which failed: 4 http-404; 8.1 rows/s, 32 at a time",
        "is through with batch b here: 244 rows in 4 chunks, of which failed: 4 http-404 in 30.0 s",
    ]


def test_a_chunk_that_lost_workers_is_told_of_and_a_stop_ends_every_account(caplog: pytest.LogCaptureFixture) -> None:
    journal = Journal(FakeClock())
    with caplog.at_level(logging.WARNING):
        journal.claimed(chunk(3, is_suspicious=True))
    assert "workers were lost at chunk 3 of batch b" in caplog.text

    caplog.clear()
    with caplog.at_level(logging.INFO):
        journal.claimed(chunk(0, "c"))
        journal.look(is_over=True)
    assert caplog.text.count("is through with batch") == 2
