"""TLS over a connection that somebody else reads and writes.

Certificates are verified against the system's authorities; one's own are named, as for any program on OpenSSL, by
the environment variables ``SSL_CERT_FILE`` and ``SSL_CERT_DIR``.
"""

from __future__ import annotations

import ssl
from functools import cache
from typing import Any

_PIECE_BYTES = 65_536


@cache
def _context() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.set_alpn_protocols(["http/1.1"])
    return context


class Tls:
    """The client's side of one connection to ``host``; raises `ssl.SSLError`."""

    def __init__(self, host: str) -> None:
        self._received = ssl.MemoryBIO()
        self._to_send = ssl.MemoryBIO()
        self._object = _context().wrap_bio(self._received, self._to_send, server_hostname=host)
        self.has_ended = False
        """Whether the other side said that nothing will follow; without that, its end may be an attacker's doing."""

    def shake_hands(self, socket: Any) -> None:
        """Agree with the other side of ``socket``, which may wait, on everything."""
        while not self._agreed():
            socket.sendall(self._to_send.read())
            received = socket.recv(_PIECE_BYTES)
            if not received:
                raise ConnectionResetError("the connection ended during the TLS handshake")
            self._received.write(received)
        socket.sendall(self._to_send.read())

    def _agreed(self) -> bool:
        try:
            self._object.do_handshake()
        except ssl.SSLWantReadError:
            return False
        return True

    def sealed(self, data: bytes) -> bytes:
        """What to send so that the other side gets ``data``."""
        rest = memoryview(data)
        while rest:
            rest = rest[self._object.write(rest) :]
        return self._to_send.read()

    def opened(self, received: memoryview) -> bytes:
        """What the other side sent with ``received`` and what came before."""
        self._received.write(received)
        pieces: list[bytes] = []
        while not self.has_ended:
            try:
                piece = self._object.read(_PIECE_BYTES)
            except ssl.SSLWantReadError:
                break
            except ssl.SSLZeroReturnError:
                piece = b""
            self.has_ended = not piece
            pieces.append(piece)
        return b"".join(pieces)

    def reply(self) -> bytes:
        """What TLS itself wants to be sent, as the last data asked for it; mostly nothing."""
        return self._to_send.read()
