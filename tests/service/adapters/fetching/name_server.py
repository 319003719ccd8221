"""A small DNS server on loopback, and a look-up that asks it: names resolve to what a test says, time after time."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Callable
from typing import Any, Self

_A, _IN = 1, 1
_NO_SUCH_NAME = 3


class NameServer(asyncio.DatagramProtocol):
    """Answers questions for IPv4 addresses by ``answer``: a name to addresses, None for a name that is not there."""

    def __init__(self, answer: Callable[[str], list[str] | None]) -> None:
        self._answer = answer
        self.asked: list[str] = []

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        self._transport, _ = await loop.create_datagram_endpoint(lambda: self, ("127.0.0.1", 0))
        self.address = self._transport.get_extra_info("sockname")
        return self

    async def __aexit__(self, *_: object) -> None:
        self._transport.close()

    def datagram_received(self, data: bytes, addr: Any) -> None:
        (number,) = struct.unpack_from("!H", data)
        name, end = _name_at(data, 12)
        self.asked.append(name)
        addresses = self._answer(name)
        flags = 0x8180 | (_NO_SUCH_NAME if addresses is None else 0)
        head = struct.pack("!HHHHHH", number, flags, 1, len(addresses or []), 0, 0)
        records = b"".join(
            struct.pack("!HHHIH", 0xC00C, _A, _IN, 0, 4) + socket.inet_aton(each) for each in addresses or []
        )
        self._transport.sendto(head + data[12 : end + 4] + records, addr)

    def look_up(self, host: str, port: int, **_: Any) -> list[tuple[Any, ...]]:
        """As `socket.getaddrinfo`, by asking this server."""
        labels = b"".join(bytes([len(label)]) + label.encode() for label in host.split("."))
        question = struct.pack("!HHHHHH", 7, 0x0100, 1, 0, 0, 0) + labels + b"\0" + struct.pack("!HH", _A, _IN)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
            asking.settimeout(30)
            asking.sendto(question, self.address)
            data = asking.recv(4096)
        flags, _questions, count = struct.unpack_from("!HHH", data, 2)
        if flags & 0xF:
            raise socket.gaierror(socket.EAI_NONAME, "no such name")
        records = [data[len(question) + 16 * place :][12:16] for place in range(count)]
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (socket.inet_ntoa(record), port)) for record in records]


def _name_at(data: bytes, place: int) -> tuple[str, int]:
    labels = []
    while length := data[place]:
        labels.append(data[place + 1 : place + 1 + length].decode())
        place += 1 + length
    return ".".join(labels), place + 1
