"""Looking up names in threads of its own, so that a server of names that hangs holds up nobody else's threads."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, Final

from aiohttp.abc import AbstractResolver, ResolveResult

LONGEST_LOOKUP = 3.0
_THREADS: Final = 16
_FLAGS: Final = socket.AI_NUMERICHOST | socket.AI_NUMERICSERV


class Names(AbstractResolver):
    """The system's resolver, or another ``look_up`` of the signature of `socket.getaddrinfo`."""

    def __init__(self, look_up: Callable[..., Sequence[tuple[Any, ...]]] = socket.getaddrinfo) -> None:
        self._look_up = look_up
        self._threads = ThreadPoolExecutor(_THREADS, "names")

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """The addresses of ``host``; `socket.gaierror` when there are none, or after `LONGEST_LOOKUP` seconds."""
        ask = partial(self._look_up, host, port, family=family, type=socket.SOCK_STREAM, flags=socket.AI_ADDRCONFIG)
        try:
            async with asyncio.timeout(LONGEST_LOOKUP):
                found = await asyncio.get_running_loop().run_in_executor(self._threads, ask)
        except TimeoutError:
            raise socket.gaierror(socket.EAI_AGAIN, "no answer in time") from None
        except UnicodeError:
            raise socket.gaierror(socket.EAI_NONAME, "no name that can be looked up") from None
        return [
            ResolveResult(hostname=host, host=address[0], port=port, family=family, proto=proto, flags=_FLAGS)
            for family, _, proto, _, address in found
        ]

    async def close(self) -> None:
        """Look up nothing more."""
        self._threads.shutdown(wait=False, cancel_futures=True)
