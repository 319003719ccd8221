"""The client against servers that are awkward in every way the field knows; real sockets, real threads."""

from __future__ import annotations

import gzip
import socket
import ssl
import struct
import time
from collections.abc import Iterator
from pathlib import Path

import brotli
import gevent
import pytest
import zstandard

from loadtests import _outcomes as outcomes
from loadtests._http import _answers, _tls
from loadtests._http._address import ElsewhereError, address_of, request_of
from loadtests._http._client import Client, Request
from loadtests._http._crew import Crew
from tests.loadtests.awkward import PATIENCE_SECONDS, Guest, Script, Server, answer, says, says_once

CERTIFICATE = Path(__file__).with_name("localhost.pem")
SOON_SECONDS = 0.3


def client_of(url: str, timeout: float = PATIENCE_SECONDS) -> Client:
    return Client(address_of(url), timeout=timeout, clock=time.perf_counter, crew=Crew())


def question(client: Client, body: bytes = b"{}") -> bytes:
    return request_of(client.address.head("POST", "/v1/comments", {"Content-Type": "application/json"}), body)


def asked(client: Client, body: bytes = b"{}") -> _answers.Answer:
    return client.ask(question(client, body))


def outcome(client: Client) -> str:
    try:
        return outcomes.of_status(asked(client).status_code)
    except Exception as error:
        return outcomes.of_error(error)


@pytest.mark.parametrize(
    "script",
    [
        pytest.param(says(answer()), id="length"),
        pytest.param(says(*[bytes([byte]) for byte in answer()]), id="byte by byte"),
        pytest.param(
            says(
                b"HTTP/1.1 200 OK\r\ntransfer-enc", b"oding: chunked\r\n\r\n2\r", b"\nri\r\n3\r\ng", b"ht\r\n0\r\n\r\n"
            ),
            id="odd chunks",
        ),
        pytest.param(says(b"HTTP/1.1 100 Continue\r\n\r\n", answer()), id="announced"),
        pytest.param(says_once(b"HTTP/1.1 200 OK\r\n\r\nri", b"ght"), id="until the end of the connection"),
        pytest.param(says(answer(gzip.compress(b"right"), b"Content-Encoding: gzip")), id="gzip"),
        pytest.param(says(answer(brotli.compress(b"right"), b"content-encoding: br")), id="br"),
        pytest.param(says(answer(zstandard.compress(b"right"), b"CONTENT-ENCODING: zstd")), id="zstd"),
        pytest.param(says_once(answer(b"right", b"Connection: close")), id="the last one"),
    ],
)
def test_an_answer_comes_whole_in_whatever_form(script: Script) -> None:
    with Server(script) as server:
        client = client_of(server.url)
        assert [asked(client).content for _ in range(3)] == [b"right"] * 3
        assert server.requests == [question(client)] * 3


def endless(first: bytes, piece: bytes) -> Script:
    def script(guest: Guest) -> None:
        guest.hear()
        guest.say(first)
        while True:
            guest.say(piece)

    return script


def silent(guest: Guest) -> None:
    guest.hear()
    guest.wait_for_end()


def dripping(guest: Guest) -> None:
    guest.hear()
    for byte in answer(b"x" * 10_000):
        guest.say(bytes([byte]))
        guest.server.ended.wait(SOON_SECONDS / 10)


def resetting(guest: Guest) -> None:
    guest.hear()
    guest.say(answer()[:20])
    guest.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


@pytest.mark.parametrize(
    ("script", "name"),
    [
        pytest.param(says_once(), "reset", id="ends at once"),
        pytest.param(says_once(answer()[:-1]), "cut-short", id="ends within the body"),
        pytest.param(says_once(b"HTTP/1.1 200"), "cut-short", id="ends within the head"),
        pytest.param(resetting, "reset", id="resets within the head"),
        pytest.param(says(b"220 ready\r\n"), "not-http", id="other protocol"),
        pytest.param(endless(b"HTTP/1.1 200 OK\r\n", b"Field: value\r\n" * 50), "too-large", id="endless head"),
        pytest.param(
            endless(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"fff\r\n" + b"x" * 4095 + b"\r\n"),
            "too-large",
            id="endless body",
        ),
        pytest.param(says(answer(gzip.compress(bytes(9_000_000)), b"Content-Encoding: gzip")), "too-large", id="bomb"),
        pytest.param(says(answer(b"no gzip", b"Content-Encoding: gzip")), "undecodable", id="broken coding"),
        pytest.param(says(answer(b"", b"Location: /", status=b"307 Temporary Redirect")), "redirected", id="redirect"),
        pytest.param(says(answer(status=b"503 Service Unavailable")), "http-503", id="overloaded"),
    ],
)
def test_each_way_to_fail_has_its_name_and_is_not_tried_again(
    script: Script, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("_answers", "_client"):
        monkeypatch.setattr(f"loadtests._http.{module}.LONGEST_BODY_BYTES", 3_000_000)
    with Server(script) as server:
        assert outcome(client_of(server.url)) == name
        assert len(server.requests) == 1


@pytest.mark.parametrize("script", [silent, dripping])
def test_one_deadline_holds_over_a_whole_request_and_frees_its_connection(script: Script) -> None:
    with Server(script) as server:
        client = client_of(server.url, timeout=SOON_SECONDS)
        began = time.perf_counter()
        assert outcome(client) == outcomes.TIMEOUT
        assert time.perf_counter() - began >= SOON_SECONDS
        assert server.ended.wait(PATIENCE_SECONDS), "its connection was closed"


def test_a_place_where_nobody_listens_refuses() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    assert outcome(client_of(f"http://127.0.0.1:{port}")) == "refused"


def test_many_at_once_have_a_connection_each_which_is_kept_for_the_next() -> None:
    with Server(says(answer())) as server:
        client = client_of(server.url)
        ended: list[Request] = []
        for turn in range(3):
            for _ in range(20):
                client.send(question(client), ended.append)
            while len(ended) < 20 * (turn + 1):
                gevent.sleep(0.001)
        assert all(request.error is None for request in ended)
        assert server.connections == 20
        assert len(server.requests) == 60


def test_a_connection_that_ended_while_idle_is_not_used() -> None:
    with Server(says_once(answer()), says(answer())) as server:
        client = client_of(server.url)
        assert asked(client).content == b"right"
        assert server.ended.wait(PATIENCE_SECONDS)
        gevent.sleep(0.0)
        assert asked(client).content == b"right"
        assert (server.connections, len(server.requests)) == (2, 2)


def test_a_request_that_met_the_end_of_an_idle_connection_is_sent_once_more() -> None:
    with Server(says_once(answer()), says(answer())) as server:
        client = client_of(server.url)
        asked(client)
        assert server.ended.wait(PATIENCE_SECONDS)
        # The event loop has not run since, so the client cannot know.
        assert asked(client).content == b"right"
        assert (server.connections, len(server.requests)) == (2, 2)


def test_a_request_that_was_heard_is_never_sent_again() -> None:
    def hears_twice(guest: Guest) -> None:
        guest.hear()
        guest.say(answer())
        guest.hear()

    with Server(hears_twice, says(answer())) as server:
        client = client_of(server.url)
        asked(client)
        assert outcome(client) == "reset"
        assert (server.connections, len(server.requests)) == (1, 2)


def test_a_body_larger_than_any_buffer_arrives_and_an_early_answer_ends_it() -> None:
    def refuses_early(guest: Guest) -> None:
        guest.connection.recv(1000)
        guest.say(answer(b"", b"Connection: close", status=b"413 Content Too Large"))
        guest.wait_for_end()

    body = b"x" * 6_000_000
    with Server(says(answer())) as patient, Server(refuses_early, says(answer())) as impatient:
        assert asked(client_of(patient.url), body).content == b"right"
        assert patient.requests[0].endswith(b"\r\n\r\n" + body)
        client = client_of(impatient.url)
        assert outcome(client) == "http-413"
        assert asked(client).content == b"right"


def test_what_the_target_says_unasked_ends_the_connection_and_answers_nothing() -> None:
    def talkative(guest: Guest) -> None:
        guest.hear()
        guest.say(answer())
        guest.server.ended.wait(SOON_SECONDS)
        guest.say(answer(b"wrong"))
        guest.wait_for_end()

    with Server(talkative, says(answer())) as server:
        client = client_of(server.url)
        asked(client)
        while not server.ended.is_set():
            gevent.sleep(0.001)
        assert asked(client).content == b"right"
        assert server.connections == 2


@pytest.fixture
def tls() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATE)
    return context


@pytest.fixture
def trust(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """As if the process began now: its authorities are read once."""
    _tls._context.cache_clear()
    yield monkeypatch
    _tls._context.cache_clear()


def test_tls_is_spoken_with_those_whose_certificate_is_good(tls: ssl.SSLContext, trust: pytest.MonkeyPatch) -> None:
    trust.setenv("SSL_CERT_FILE", str(CERTIFICATE))
    large = answer(b"x" * 300_000)
    with Server(says(large), tls=tls) as server:
        client = client_of(server.url)
        assert [len(asked(client, b"y" * 300_000).content) for _ in range(3)] == [300_000] * 3
        assert server.connections == 1
        assert {len(request) for request in server.requests} == {len(question(client, b"y" * 300_000))}
    with Server(says_once(b"HTTP/1.1 200 OK\r\n\r\nhalf"), tls=tls) as truncated:
        assert outcome(client_of(truncated.url)) == "cut-short", "without TLS's own farewell, more may have been meant"


def test_others_are_not_spoken_to(tls: ssl.SSLContext, trust: pytest.MonkeyPatch) -> None:
    with Server(says(answer()), tls=tls) as server, Server(lambda guest: guest.say(b"220 ready\r\n")) as plain:
        assert outcome(client_of(server.url)) == "tls", "of an unknown authority"
        trust.setenv("SSL_CERT_FILE", str(CERTIFICATE))
        _tls._context.cache_clear()
        assert outcome(client_of(server.url.replace("localhost", "127.0.0.1"))) == "tls", "of another host"
        assert outcome(client_of(plain.url.replace("http:", "https:"))) == "tls", "of no TLS at all"
        assert server.requests == []


def test_a_closed_client_keeps_no_connection() -> None:
    with Server(says(answer())) as server:
        client = client_of(server.url)
        client.close()
        assert asked(client).content == b"right"
        assert server.ended.wait(PATIENCE_SECONDS)


def test_an_address_becomes_the_head_of_its_requests() -> None:
    address = address_of("http://us%20er:p%40ss@[2001:db8::1]:8000/base/")
    assert (address.host, address.port, address.is_secure) == ("2001:db8::1", 8000, False)
    assert address.head("POST", address.prefix + "/v1", {"A": "b"}) == (
        b"POST /base/v1 HTTP/1.1\r\nHost: [2001:db8::1]:8000\r\nAuthorization: Basic dXMgZXI6cEBzcw==\r\nA: b\r\n"
    )
    assert address_of("https://example.org").port == 443
    with pytest.raises(ValueError, match="cannot be a line"):
        address.head("POST", "/", {"A": "b\r\nC: d"})


@pytest.mark.parametrize(
    ("location", "place"),
    [
        ("/v1/jobs/7", "/v1/jobs/7"),
        ("jobs/7?wait=1", "/v1/jobs/7?wait=1"),
        ("http://example.org:80/jobs/7", "/jobs/7"),
        ("http://example.org:81/jobs/7", None),
        ("https://example.org/jobs/7", None),
        ("//elsewhere.org/jobs/7", None),
        ("http://example.org:port/", None),
    ],
)
def test_a_location_is_followed_at_the_target_alone(location: str, place: str | None) -> None:
    address = address_of("http://example.org")
    if place is not None:
        assert address.place("/v1/comments", location) == place
    else:
        with pytest.raises(ElsewhereError):
            address.place("/v1/comments", location)
