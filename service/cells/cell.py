"""The inner side of a cell: orders come on its standard input, replies go to its standard output.

Both are MessagePack behind their length (4 bytes, big-endian). A cell ends with its input, and has bounds on its memory
that the kernel keeps.
"""

from __future__ import annotations

import os
import resource
import sys
from collections.abc import Callable
from typing import IO, Final, TypeVar

import msgspec

LENGTH_BYTES: Final = 4

Order = TypeVar("Order", bound=msgspec.Struct)


def serve(order: type[Order], answer: Callable[[Order], msgspec.Struct], most_memory: int) -> None:
    """Answer orders until there are no more, within ``most_memory`` bytes of address space."""
    resource.setrlimit(resource.RLIMIT_AS, (most_memory, most_memory))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    orders, replies = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what an engine prints is no reply
    decode, encode = msgspec.msgpack.Decoder(order).decode, msgspec.msgpack.Encoder().encode
    while message := read(orders):
        write(replies, encode(answer(decode(message))))


def read(stream: IO[bytes]) -> bytes:
    """The next message; empty at the end, also in the middle of one."""
    length = int.from_bytes(stream.read(LENGTH_BYTES), "big")
    message = stream.read(length)
    return message if len(message) == length else b""


def write(stream: IO[bytes], message: bytes) -> None:
    """Send ``message``."""
    stream.write(len(message).to_bytes(LENGTH_BYTES, "big"))
    stream.write(message)
    stream.flush()
