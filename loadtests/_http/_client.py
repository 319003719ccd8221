"""An HTTP/1.1 client for load: as little as possible happens for a request, and nothing that its timing would feel.

    send ─▶ an idle connection, or a new one ─▶ answer, stamped in the event loop as it comes ─▶ crew ─▶ ``ended``

What a request needs is written at once, by whoever sends it. Its answer is read and stamped in the event loop, before
anybody else's answer is looked at any closer: checking and reporting is for a `Crew`, later, so that it lengthens no
latency but its own. One deadline holds over connecting, writing and reading. Redirects are answers like any other;
they are never followed.
"""

from __future__ import annotations

from collections.abc import Callable

import gevent
from gevent.event import Event

from loadtests._http._address import Address
from loadtests._http._answers import LONGEST_BODY_BYTES, Answer, AnswerError, NoAnswerError
from loadtests._http._codings import decoded
from loadtests._http._connection import Connection, connect
from loadtests._http._crew import Crew
from loadtests._http._deadlines import Deadlines


class Request:
    """One request under way, or ended: then it has either an ``answer`` or an ``error``."""

    __slots__ = ("answer", "begun_at", "connection", "data", "ended", "ended_at", "error")

    def __init__(self, data: bytes, ended: Callable[[Request], None], begun_at: float) -> None:
        self.data = data
        self.ended = ended
        self.begun_at = begun_at
        self.ended_at = begun_at
        self.answer: Answer | None = None
        self.error: Exception | None = None
        self.connection: Connection | None = None


class Client:
    """Connections to one target, as many as there are requests under way at once.

    ``timeout`` is in seconds, on ``clock``. A request is sent once more, on a new connection, only when the one kept
    for it ended before the target's machine took in a byte of the request: then nothing came of it, and the target
    merely ended an idle connection (RFC 9110, section 9.2.2). Any other end is the request's end.
    """

    def __init__(self, address: Address, *, timeout: float, clock: Callable[[], float], crew: Crew) -> None:
        self.address = address
        self._clock = clock
        self._crew = crew
        self._deadlines: Deadlines[Request] = Deadlines(timeout, clock, self._pass_deadline)
        self._idle: list[Connection] = []
        self._is_closed = False

    def send(self, data: bytes, ended: Callable[[Request], None]) -> Request:
        """Send a whole request; ``ended`` is called once, by the crew, when there is an answer or will be none."""
        request = Request(data, ended, self._clock())
        self._deadlines.begin(request, request.begun_at)
        idle = self._idle
        while idle:
            connection = idle.pop()
            if connection.is_open:
                self._ask(connection, request)
                return request
        self._crew.hand(self._connect, request)
        return request

    def ask(self, data: bytes) -> Answer:
        """Send a whole request and wait for its answer; raises what became of it instead."""
        ended = Event()
        request = self.send(data, lambda _: ended.set())
        ended.wait()
        if request.answer is None:
            raise request.error or NoAnswerError()
        return request.answer

    def close(self) -> None:
        """Keep no connection any more; a request under way may end."""
        self._is_closed = True
        while self._idle:
            self._idle.pop().close()

    def _ask(self, connection: Connection, request: Request) -> None:
        connection.request = request
        request.connection = connection
        connection.ask(request.data)

    def _connect(self, request: Request) -> None:
        address = self.address
        try:
            with gevent.Timeout(self._left(request), TimeoutError("no connection in time")):
                plain, tls = connect(address.host, address.port, is_secure=address.is_secure)
        except Exception as error:
            self._end(request, error)
            return
        connection = Connection(plain, tls, self._answered, self._failed)
        if self._left(request):
            self._ask(connection, request)
        else:
            connection.close()
            self._end(request, TimeoutError("no connection in time"))

    def _left(self, request: Request) -> float:
        return max(request.begun_at + self._deadlines.seconds - self._clock(), 0.0)

    def _keep(self, connection: Connection) -> None:
        if self._is_closed:
            connection.close()
        elif connection.is_open:
            self._idle.append(connection)

    def _answered(self, connection: Connection, answer: Answer) -> None:
        request: Request = connection.request
        self._keep(connection)
        codings = answer.fields.get(b"content-encoding")
        if codings is not None:
            try:
                answer.content = decoded(answer.content, codings, LONGEST_BODY_BYTES)
            except AnswerError as error:
                self._end(request, error)
                return
        request.answer = answer
        self._end(request)

    def _failed(self, connection: Connection, error: Exception) -> None:
        request: Request = connection.request
        if connection.was_used and connection.was_unheard:
            request.connection = None
            self._crew.hand(self._connect, request)
        else:
            self._end(request, error)

    def _pass_deadline(self, request: Request) -> None:
        """There is no answer in time; a request that is still connecting looks at the clock itself."""
        if request.connection is not None:
            request.connection.close()
            self._end(request, TimeoutError("no answer in time"))

    def _end(self, request: Request, error: Exception | None = None) -> None:
        request.ended_at = self._clock()
        request.error = error
        self._deadlines.end(request)
        self._crew.hand(request.ended, request)
