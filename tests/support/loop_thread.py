"""An event loop in a thread of its own, for what has to go on while a test does something else."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine
from typing import Any, TypeVar

Result = TypeVar("Result")
PATIENCE_SECONDS = 60.0


class LoopThread:
    """Runs from `start` to `stop`."""

    def __init__(self, name: str) -> None:
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever, name=name, daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def do(self, act: Coroutine[Any, Any, Result], patience: float = PATIENCE_SECONDS) -> Result:
        """Let the loop do ``act`` and wait for its result; TimeoutError after ``patience`` seconds."""
        future = asyncio.run_coroutine_threadsafe(act, self.loop)
        try:
            return future.result(patience)
        except TimeoutError:
            future.cancel()
            raise

    def stop(self) -> None:
        """End loop and thread; what the loop still does is left undone."""
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(PATIENCE_SECONDS)
        self.loop.close()
