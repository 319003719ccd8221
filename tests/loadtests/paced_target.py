"""The target with a pace of its own: it answers one request after the other, each taking equally long.

    python -m tests.loadtests.paced_target PER_SECOND

With constant arrivals that makes a queue whose every waiting time can be worked out on paper. ``GET /stillness`` tells
the longest time in which it began no answer.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import socket
import sys

from tests.loadtests.target import Target

_BACKLOG = 4096
"""Connections that may come while nobody accepts any; more would be kept away for a second by TCP itself."""
_AT_ONCE = 16
"""Connections that are accepted in one turn of the loop, so that those who are there need not wait for all others."""


class PacedTarget(Target):
    def __init__(self, options: argparse.Namespace) -> None:
        super().__init__(options)
        self.seconds_each = 1.0 / options.per_second
        self.free_at = self.began_at = asyncio.get_running_loop().time()
        self.stillness = 0.0

    async def answer(self, path: str, body: bytes) -> tuple[int, bytes]:
        if path == "/stillness":
            return 200, json.dumps(self.stillness).encode()
        return await super().answer(path, body)

    async def analyse(self, question: dict[str, object]) -> tuple[int, bytes]:
        now = asyncio.get_running_loop().time()
        if self.requests:
            self.stillness = max(self.stillness, now - self.began_at)
        self.began_at = now
        turn = self.free_at = max(self.free_at, now) + self.seconds_each
        status, answer = await super().analyse(question)
        await asyncio.sleep(turn - asyncio.get_running_loop().time())
        return status, answer


async def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("per_second", type=float)
    parser.set_defaults(delay=0.0, freeze=0.0, freeze_at=0, faults=False)
    target = PacedTarget(parser.parse_args())
    listener = socket.create_server(("127.0.0.1", 0))
    server = await asyncio.start_server(target.serve, sock=listener, backlog=_AT_ONCE)
    listener.listen(_BACKLOG)
    sys.stdout.write(f"{listener.getsockname()[1]}\n")
    sys.stdout.flush()
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
