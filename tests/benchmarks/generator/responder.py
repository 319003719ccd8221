"""A server that costs nearly nothing: it has one answer, ready, for whatever is posted. Prints its port, then serves.

What else is asked for (a load test looks at ``/health`` and ``/metrics``) is not found.
"""

from __future__ import annotations

import asyncio
import sys
from typing import Any

import uvloop

from tests.benchmarks.generator import recorded

_NOT_FOUND = b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n"
_POST = b"POST "


class Responder(asyncio.Protocol):
    """One connection. Requests are short, and their callers wait for the answer: each comes alone, and in one piece."""

    answer = recorded.answer()

    def connection_made(self, transport: Any) -> None:
        """Take the transport."""
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Answer."""
        self._transport.write(self.answer if data.startswith(_POST) else _NOT_FOUND)


async def main() -> None:
    """Serve until killed."""
    server = await asyncio.get_running_loop().create_server(Responder, "127.0.0.1", 0)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(main())
