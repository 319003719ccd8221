"""One connection to the target: a request goes out, its answer comes in, and no greenlet waits for either.

The event loop calls when something can be read, also while no request is under way: a connection that the target
ends while it is idle is known to have ended before it is used again. Nothing is switched, started or registered for
a request; the watcher stays in force from the connection's first moment to its last.
"""

from __future__ import annotations

import _socket
import ssl
import struct
from collections.abc import Callable
from typing import Any

import gevent
from gevent import socket

from loadtests._http._answers import Answer, AnswerCutShortError, AnswerError, AnswerParser
from loadtests._http._tls import Tls

_READABLE, _WRITABLE = 1, 2
_TCP_INFO_BYTES = 256
_ACKNOWLEDGED_AT, _SENT_AT = 120, 200
"""Where ``struct tcp_info`` (linux/tcp.h) counts bytes: acknowledged (SYN too), sent, sent again."""
_COUNT, _COUNTS = struct.Struct("=Q"), struct.Struct("=QQ")
_buffer = bytearray(65_536)
"""Of all connections: what is read is taken out before anybody else reads."""
_view = memoryview(_buffer)


class Connection:
    """Open until it breaks or is closed; takes one request at a time.

    ``answered`` is called with the answer, its body still in its content coding, once it is whole; ``failed`` with the
    reason when there will be none. Both are called in the event loop, and by then the connection is closed unless it
    can be used again.
    """

    __slots__ = (
        "_answered",
        "_failed",
        "_is_asking",
        "_parser",
        "_reader",
        "_sent",
        "_socket",
        "_tls",
        "_unsent",
        "_writer",
        "is_open",
        "request",
        "was_unheard",
        "was_used",
    )

    def __init__(
        self,
        plain: _socket.socket,
        tls: Tls | None,
        answered: Callable[[Connection, Answer], None],
        failed: Callable[[Connection, Exception], None],
    ) -> None:
        self.is_open = True
        self.was_used = False
        """Whether a request before the present one was answered on it."""
        self.was_unheard = False
        """Whether it ended before the target's machine took in a byte of the request, so that nothing came of it."""
        self.request: Any = None
        """Whatever its owner wants to remember of the request under way."""
        self._socket = plain
        self._tls = tls
        self._answered = answered
        self._failed = failed
        self._is_asking = False
        self._parser = AnswerParser()
        self._unsent = memoryview(b"")
        self._sent = 0
        loop: Any = gevent.get_hub().loop
        self._reader = loop.io(plain.fileno(), _READABLE)
        self._reader.start(self._read)
        self._writer = loop.io(plain.fileno(), _WRITABLE)

    @property
    def has_begun(self) -> bool:
        """Whether a first byte of the answer has come."""
        return self._parser.has_begun

    def ask(self, request: bytes) -> None:
        """Send ``request``; ``answered`` or ``failed`` will be called, the latter perhaps before this comes back."""
        self._is_asking = True
        self._sent = 0
        try:
            self._send(request if self._tls is None else self._tls.sealed(request))
        except ssl.SSLError as error:
            self._break(error)

    def close(self) -> None:
        """End it; also twice. A request under way gets no answer, and nobody is told."""
        if self.is_open:
            self.is_open = False
            self._reader.close()
            self._writer.close()
            self._socket.close()

    def _send(self, data: bytes) -> None:
        if self._unsent:
            self._unsent = memoryview(bytes(self._unsent) + data)
            return
        try:
            sent = self._socket.send(data)
        except BlockingIOError:
            sent = 0
        except OSError:
            return  # an early answer may be there all the same; if none is, reading will tell why
        self._sent += sent
        if sent < len(data):
            self._unsent = memoryview(data)[sent:]
            self._writer.start(self._send_rest)

    def _send_rest(self) -> None:
        try:
            sent = self._socket.send(self._unsent)
        except BlockingIOError:
            return
        except OSError:
            self._writer.stop()
            return
        self._sent += sent
        self._unsent = self._unsent[sent:]
        if not self._unsent:
            self._writer.stop()

    def _read(self) -> None:
        try:
            data = _view[: self._socket.recv_into(_buffer)]
            answer = self._taken(data) if self._tls is None else self._opened(self._tls, data)
        except BlockingIOError:
            return
        except (OSError, AnswerError) as error:
            self._break(error)
            return
        if answer is not None:
            self._is_asking = False
            self.was_used = True
            if self._unsent or not self._parser.keeps_alive or (self._tls is not None and self._tls.has_ended):
                self.close()
            self._answered(self, answer)

    def _break(self, error: Exception) -> None:
        was_asking, self._is_asking = self._is_asking, False
        self.was_unheard = was_asking and not self.has_begun and _acknowledged(self._socket, self._sent) == 0
        self.close()
        if was_asking:
            self._failed(self, error)

    def _taken(self, data: memoryview | bytes) -> Answer | None:
        if not self._is_asking:
            raise AnswerError("the target said something that it was not asked")
        return self._parser.feed(data) if data else self._parser.end()

    def _opened(self, tls: Tls, sealed: memoryview) -> Answer | None:
        data = tls.opened(sealed)
        if reply := tls.reply():
            self._send(reply)
        answer = self._taken(data) if data else None
        if answer is None and (tls.has_ended or not sealed):
            if self.has_begun and not tls.has_ended:
                raise AnswerCutShortError("the connection ended in the middle of an answer, and not as TLS ends one")
            return self._taken(b"")
        return answer


def _acknowledged(plain: _socket.socket, sent: int) -> int:
    """How many of the ``sent`` bytes that went out last the other machine took in; all, where nobody can tell."""
    try:
        facts = plain.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _TCP_INFO_BYTES)
        (taken,) = _COUNT.unpack_from(facts, _ACKNOWLEDGED_AT)
        sent_ever, sent_again = _COUNTS.unpack_from(facts, _SENT_AT)
    except (AttributeError, OSError, struct.error):
        return sent
    acknowledged: int = taken - 1 - (sent_ever - sent_again - sent)
    return max(acknowledged, 0)


def connect(host: str, port: int, *, is_secure: bool) -> tuple[_socket.socket, Tls | None]:
    """A connected socket that never waits; this greenlet waits for it, and for the TLS handshake. Raises `OSError`."""
    waiting = socket.create_connection((host, port))
    try:
        waiting.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        tls = Tls(host) if is_secure else None
        if tls is not None:
            tls.shake_hands(waiting)
        # gevent's own wrapper costs more than the system call in it.
        plain = _socket.socket(waiting.family, waiting.type, waiting.proto, waiting.detach())
    except BaseException:
        waiting.close()
        raise
    plain.setblocking(False)
    return plain, tls
