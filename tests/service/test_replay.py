"""The service in one thread and out of time does the same for the same requests."""

from __future__ import annotations

import asyncio
import threading

import msgspec
import pytest

from profiles.samplers import deterministic
from service import replay
from service.workloads import WORKLOADS


def line(path: str, body: object) -> bytes:
    return msgspec.json.encode({"path": path, "body": body})


def comments(number: int, quality: str) -> bytes:
    return line("/v1/comments", {"comments": [f"Muy lento el internet, reclamo {number}"], "quality": quality})


def test_workloads_that_need_nothing_else_answer_their_examples() -> None:
    with replay.opened() as answer:
        answer(
            [
                line(f"/v1/{workload.name}", example)
                for workload in WORKLOADS
                if workload.name in replay.ALONE
                for example in workload.examples.values()
            ]
        )


def test_what_is_refused_is_said() -> None:
    with replay.opened() as answer:
        with pytest.raises(replay.ReplayError, match=r"request 1 was answered with 422: .*invalid-request"):
            answer([line("/v1/comments", {"comments": []})])
        with pytest.raises(replay.ReplayError, match=r"line 2: .*missing required field `body`"):
            answer([comments(1, "fast"), b'{"path": "/"}'])


def test_equal_requests_make_it_do_the_same_step_by_step() -> None:
    def counted() -> deterministic.Counted:
        with replay.opened() as answer:
            answer([comments(number, quality) for quality in ("fast", "good") for number in range(3)])
            lines = [comments(number, quality) for quality in ("fast", "good") for number in range(3, 6)]
            return deterministic.capture(lambda: answer(lines))

    counted()  # what is done once in a process is done
    first = counted()
    assert first == counted()
    assert any("analysed" in frame.frame for frame in first.calls.frames())


def test_no_time_passes_while_there_is_something_to_do() -> None:
    loop = replay.StillLoop()

    async def waiting() -> tuple[float, int]:
        began = loop.time()
        await asyncio.sleep(3600)
        thread = await loop.run_in_executor(None, threading.get_ident)
        return loop.time() - began, thread

    try:
        passed, thread = loop.run_until_complete(waiting())
    finally:
        loop.close()
    assert passed == pytest.approx(3600)
    assert thread == threading.get_ident()
