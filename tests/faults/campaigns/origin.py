"""A web server with pictures, in a thread of its own: what campaigns fetch."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from functools import cached_property
from hashlib import sha256
from random import Random
from typing import NamedTuple, Self

from tests.support.loop_thread import LoopThread

PICTURES = 50
SIDES = range(48, 160)
MISSING, PAGE = "/missing.jpg", "/page.jpg"
"""Paths of what is not there, and of what is no picture."""
_NOT_THERE = b"HTTP/1.1 404 Not Found\r\ncontent-type: text/plain\r\ncontent-length: 0\r\n\r\n"


class Picture(NamedTuple):
    """A JPEG file and what is known of it."""

    content: bytes
    width: int
    height: int

    @property
    def sha256(self) -> str:
        """In hexadecimal digits."""
        return sha256(self.content).hexdigest()


class Origin:
    """Serves ``pictures`` at ``/0.jpg``, ``/1.jpg`` …, whatever the query, for the length of a block."""

    def __init__(self, pictures: Sequence[Picture]) -> None:
        self._answers = {f"/{number}.jpg": _answer(b"image/jpeg", each.content) for number, each in enumerate(pictures)}
        self._answers[PAGE] = _answer(b"image/jpeg", b"<!doctype html><title>Moved</title>")
        self._thread = LoopThread("origin")
        self._server: asyncio.Server
        self.port = 0
        """On loopback."""

    def __enter__(self) -> Self:
        self._thread.start()
        self._server = self._thread.do(asyncio.start_server(self._serve, "127.0.0.1", 0))
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    def __exit__(self, *_: object) -> None:
        self._server.close()
        self._thread.stop()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                path = head.split(b" ", 2)[1].partition(b"?")[0].decode()
                writer.write(self._answers.get(path, _NOT_THERE))
                await writer.drain()
        writer.close()


class Album:
    """`PICTURES` pictures, drawn from a seed: real JPEG files, each unlike the others."""

    def __init__(self, seed: int) -> None:
        self._draw = Random(f"album {seed}")

    @cached_property
    def pictures(self) -> tuple[Picture, ...]:
        """All of them."""
        return tuple(self._picture() for _ in range(PICTURES))

    def _picture(self) -> Picture:
        import cv2
        import numpy as np

        width, height = self._draw.choice(SIDES), self._draw.choice(SIDES)
        canvas = np.full((height, width, 3), [self._draw.randrange(256) for _ in range(3)], np.uint8)
        for _ in range(12):
            corner, other = ((self._draw.randrange(width), self._draw.randrange(height)) for _ in range(2))
            cv2.rectangle(canvas, corner, other, [self._draw.randrange(256) for _ in range(3)], -1)
        _, content = cv2.imencode(".jpg", canvas)
        return Picture(content.tobytes(), width, height)


def _answer(media_type: bytes, content: bytes) -> bytes:
    head = b"HTTP/1.1 200 OK\r\ncontent-type: %b\r\ncontent-length: %d\r\n\r\n" % (media_type, len(content))
    return head + content
