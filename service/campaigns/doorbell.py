"""Tells a worker that has nothing to do that there is something."""

from __future__ import annotations

import asyncio


class Doorbell:
    """Whoever rings is heard when somebody listens; belongs to one event loop."""

    def __init__(self) -> None:
        self._listening = asyncio.Event()
        self._rung = asyncio.Event()

    async def ring(self) -> None:
        """Come back when it is heard."""
        await self._listening.wait()
        self._listening.clear()
        self._rung.set()

    async def listen(self, seconds: float) -> None:
        """Come back when it rings, or after so many ``seconds``."""
        self._listening.set()
        try:
            async with asyncio.timeout(seconds):
                await self._rung.wait()
        except TimeoutError:
            return
        finally:
            self._listening.clear()
            self._rung.clear()
