"""The proxy does to connections what it says, and nothing else."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.fault_proxy import Address, Ending, Fault, FaultProxy

PATIENCE = 20.0
BODY = bytes(range(256)) * 1000


class Echo:
    """A server that sends back what it gets; ``endings`` tells how its connections ended, in order."""

    def __init__(self, family: int, address: Address) -> None:
        self.listener = socket.socket(family)
        self.listener.bind(str(address) if isinstance(address, Path) else address)
        self.listener.listen()
        name = self.listener.getsockname()
        self.address: Address = Path(name) if isinstance(name, str) else name
        self.endings: list[str] = []
        self.ended = threading.Condition()

    def serve(self) -> None:
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._echo, args=(connection,), daemon=True).start()

    def _echo(self, connection: socket.socket) -> None:
        how = "close"
        with connection:
            try:
                while data := connection.recv(65_536):
                    connection.sendall(data)
            except ConnectionError:
                how = "reset"
        with self.ended:
            self.endings.append(how)
            self.ended.notify_all()

    def ending(self) -> str:
        """How the only connection ended."""
        with self.ended:
            assert self.ended.wait_for(lambda: bool(self.endings), PATIENCE)
            return self.endings[0]


@contextmanager
def echoing(family: int, address: Address) -> Iterator[Echo]:
    server = Echo(family, address)
    thread = threading.Thread(target=server.serve, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.listener.shutdown(socket.SHUT_RDWR)
        server.listener.close()
        thread.join(PATIENCE)


@pytest.fixture
def echo() -> Iterator[Echo]:
    with echoing(socket.AF_INET, ("127.0.0.1", 0)) as server:
        yield server


@pytest.fixture
def proxy(echo: Echo) -> Iterator[FaultProxy]:
    with FaultProxy(echo.address) as opened:
        yield opened


def connected(proxy: FaultProxy) -> socket.socket:
    return socket.create_connection(("127.0.0.1", proxy.port), PATIENCE)


def received(connection: socket.socket, count: int) -> bytes:
    """``count`` bytes, or fewer when the connection ends before."""
    data = b""
    while len(data) < count and (chunk := connection.recv(count - len(data))):
        data += chunk
    return data


def send_all(connection: socket.socket, data: bytes, width: int) -> None:
    """``data`` in pieces, then the end of this direction."""
    for begin in range(0, len(data), width):
        connection.sendall(data[begin : begin + width])
    connection.shutdown(socket.SHUT_WR)


def round_trip(connection: socket.socket, data: bytes = b"?") -> float:
    """Seconds until ``data`` has come back."""
    started = time.monotonic()
    connection.sendall(data)
    assert received(connection, len(data)) == data
    return time.monotonic() - started


def test_without_faults_bytes_and_ends_go_through(proxy: FaultProxy, echo: Echo) -> None:
    with connected(proxy) as connection:
        sender = threading.Thread(target=send_all, args=(connection, BODY, len(BODY)))
        sender.start()
        assert received(connection, len(BODY) + 1) == BODY
        sender.join()
    assert echo.ending() == "close"
    assert proxy.accepted == 1


def test_a_break_off_goes_through(proxy: FaultProxy, echo: Echo) -> None:
    with connected(proxy) as connection:
        round_trip(connection)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    assert echo.ending() == "reset"


def test_latency_and_its_jitter_are_at_least_what_was_asked(proxy: FaultProxy) -> None:
    with connected(proxy) as connection:
        round_trip(connection)
        proxy.inflict(Fault(latency=0.05, jitter=0.05), Fault(latency=0.05))
        delays = [round_trip(connection) for _ in range(5)]
        assert min(delays) >= 0.1
        assert max(delays) - min(delays) > 0.005
        proxy.heal()
        assert min(round_trip(connection) for _ in range(5)) < 0.1


def test_latency_keeps_the_order_and_costs_no_width(proxy: FaultProxy) -> None:
    proxy.inflict(Fault(latency=0.05, jitter=0.05))
    with connected(proxy) as connection:
        sender = threading.Thread(target=send_all, args=(connection, BODY[:50_000], 1000))
        started = time.monotonic()
        sender.start()
        assert received(connection, 50_000) == BODY[:50_000]
        assert time.monotonic() - started < 50 * 0.05, "chunks wait beside one another"
        sender.join()


def test_width_is_limited(proxy: FaultProxy) -> None:
    proxy.inflict(to_client=Fault(bytes_per_second=100_000))
    with connected(proxy) as connection:
        assert round_trip(connection, BODY[:20_000]) >= 0.15


@pytest.mark.parametrize("upward", [True, False], ids=["to server", "to client"])
def test_a_reset_after_some_bytes_reaches_both_ends(proxy: FaultProxy, echo: Echo, upward: bool) -> None:
    cut = Fault(cut_after=100, ending=Ending.RESET)
    with connected(proxy) as connection:
        round_trip(connection, b"before")
        proxy.inflict(cut) if upward else proxy.inflict(to_client=cut)
        connection.sendall(BODY[:1000])
        with pytest.raises(ConnectionResetError):
            received(connection, 1000)
    assert echo.ending() == "reset"


def test_a_cut_passes_on_just_what_it_promised(proxy: FaultProxy, echo: Echo) -> None:
    proxy.inflict(to_client=Fault(cut_after=100))
    with connected(proxy) as connection:
        connection.sendall(BODY[:1000])
        assert received(connection, 1000) == BODY[:100]
    echo.ending()


def test_half_a_close_ends_one_way_alone(proxy: FaultProxy, echo: Echo) -> None:
    proxy.inflict(Fault(cut_after=3, ending=Ending.HALF_CLOSE))
    with connected(proxy) as connection:
        connection.sendall(b"abcdef")
        assert received(connection, 6) == b"abc", "the server read its end, and its answer still came back"
    assert echo.ending() == "close"


@pytest.mark.parametrize("ending", Ending)
def test_present_connections_end_and_new_ones_are_taken(proxy: FaultProxy, ending: Ending) -> None:
    with connected(proxy) as old:
        round_trip(old)
        proxy.sever(ending)
        if ending is Ending.RESET:
            with pytest.raises(ConnectionResetError):
                old.recv(1)
        else:
            assert old.recv(1) == b""
    with connected(proxy) as new:
        round_trip(new)


def test_a_black_hole_takes_connections_and_gives_back_everything_when_it_is_over(proxy: FaultProxy) -> None:
    with connected(proxy) as old:
        round_trip(old)
        proxy.inflict(Fault(stalled=True))
        with connected(proxy) as new:
            for connection in (old, new):
                connection.sendall(b"anybody?")
                connection.settimeout(0.05)
                with pytest.raises(TimeoutError):
                    connection.recv(1)
                connection.settimeout(PATIENCE)
            proxy.heal()
            assert [received(connection, 8) for connection in (old, new)] == [b"anybody?"] * 2


def test_refusal_lets_nobody_in_until_it_is_over(proxy: FaultProxy) -> None:
    with connected(proxy) as old:
        round_trip(old)
        proxy.refuse()
        with pytest.raises(ConnectionRefusedError):
            connected(proxy)
        round_trip(old)
    proxy.heal()
    with connected(proxy) as new:
        round_trip(new)


def test_a_server_that_is_away_is_told_by_a_reset(proxy: FaultProxy, echo: Echo) -> None:
    echo.listener.shutdown(socket.SHUT_RDWR)
    echo.listener.close()
    echo.listener = socket.create_server(("127.0.0.1", 0))
    with pytest.raises(ConnectionResetError), connected(proxy) as connection:
        connection.recv(1)


async def test_unix_sockets_within_a_running_loop(tmp_path: Path) -> None:
    with echoing(socket.AF_UNIX, tmp_path / "server") as echo, FaultProxy(echo.address, tmp_path / "proxy") as proxy:
        reader, writer = await asyncio.open_unix_connection(tmp_path / "proxy")
        writer.write(b"hello")
        assert await reader.readexactly(5) == b"hello"
        proxy.sever(Ending.RESET)
        assert await reader.read() == b""
        writer.close()
        proxy.refuse()
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_unix_connection(tmp_path / "proxy")
        proxy.heal()
        _, writer = await asyncio.open_unix_connection(tmp_path / "proxy")
        writer.close()
