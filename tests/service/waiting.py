"""Waiting for what a test cannot await; nothing is expected to take nearly as long as `PATIENCE`."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

PATIENCE = 60.0
_LOOK_SECONDS = 0.002


async def comes_true(holds: Callable[[], bool]) -> None:
    """Come back when ``holds`` does, while the event loop goes on."""
    for _ in range(int(PATIENCE / _LOOK_SECONDS)):
        if holds():
            return
        await asyncio.sleep(_LOOK_SECONDS)
    raise AssertionError("it never came true")


def wait_until(holds: Callable[[], bool]) -> None:
    """Come back when ``holds`` does."""
    deadline = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < deadline, "it never came true"
        time.sleep(_LOOK_SECONDS)
