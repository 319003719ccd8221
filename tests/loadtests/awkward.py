"""A server on loopback whose connections each do as they are told, in threads: good ones, odd ones, broken ones."""

from __future__ import annotations

import re
import socket
import ssl
from collections.abc import Callable, Sequence
from contextlib import suppress
from threading import Event, Thread
from typing import Any, Self

Script = Callable[["Guest"], None]
PATIENCE_SECONDS = 30.0


class Guest:
    """One accepted connection."""

    def __init__(self, server: Server, connection: Any) -> None:
        self.server = server
        self.connection = connection

    def hear(self) -> bytes:
        """Read one whole request; empty when there is none any more."""
        data = b""
        while b"\r\n\r\n" not in data:
            if not (piece := self.connection.recv(65_536)):
                return b""
            data += piece
        head, _, body = data.partition(b"\r\n\r\n")
        length = re.search(rb"(?i)content-length: (\d+)", head)
        while length and len(body) < int(length[1]):
            body += self.connection.recv(65_536)
        self.server.requests.append(head + b"\r\n\r\n" + body)
        return self.server.requests[-1]

    def say(self, *pieces: bytes) -> None:
        """Write each piece with a system call of its own."""
        for piece in pieces:
            self.connection.sendall(piece)

    def wait_for_end(self) -> None:
        """Say nothing more, until the other side ends the connection."""
        while self.connection.recv(65_536):
            pass


class Server:
    """Follows ``scripts``, one for each connection in order, the last one for all that come after."""

    def __init__(self, *scripts: Script, tls: ssl.SSLContext | None = None) -> None:
        self.requests: list[bytes] = []
        self.connections = 0
        self.ended = Event()
        """A script has ended, and its connection with it."""
        self._scripts: Sequence[Script] = scripts
        self._tls = tls
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.url = f"{'https' if tls else 'http'}://localhost:{self.port}"
        self._thread = Thread(target=self._accept, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(PATIENCE_SECONDS)

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                connection.settimeout(PATIENCE_SECONDS)
                script = self._scripts[min(self.connections, len(self._scripts) - 1)]
                self.connections += 1
                Thread(target=self._follow, args=(script, connection), daemon=True).start()

    def _follow(self, script: Script, connection: socket.socket) -> None:
        with suppress(OSError):
            if self._tls is not None:
                connection = self._tls.wrap_socket(connection, server_side=True)
            script(Guest(self, connection))
        connection.close()
        self.ended.set()


def answer(body: bytes = b"right", *fields: bytes, status: bytes = b"200 OK") -> bytes:
    """A plain answer."""
    head = b"".join(b"\r\n" + field for field in (b"Content-Length: %d" % len(body), *fields))
    return b"HTTP/1.1 " + status + head + b"\r\n\r\n" + body


def says(*pieces: bytes) -> Script:
    """Answers every request with ``pieces``."""

    def script(guest: Guest) -> None:
        while guest.hear():
            guest.say(*pieces)

    return script


def says_once(*pieces: bytes) -> Script:
    """Answers one request with ``pieces``, and ends the connection."""

    def script(guest: Guest) -> None:
        guest.hear()
        guest.say(*pieces)

    return script
