"""Names that resolve to one address when they are checked and to another when they are asked.

A name server answers what a test says; 127.0.0.2 stands for a public address, and what is at 127.0.0.1 must never be
connected to.
"""

from __future__ import annotations

import asyncio
import random
import socket
import threading
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

import pytest

from service.adapters.fetching import names
from service.adapters.fetching.addresses import is_public
from service.adapters.fetching.bounds import Bounds
from service.adapters.fetching.fetcher import WebFetcher
from service.adapters.fetching.names import Names
from service.adapters.fetching.urls import Rules
from service.core.call import Priority
from service.core.errors import AnalysisError
from tests.service.adapters.fetching.conftest import OpenFetcher
from tests.service.adapters.fetching.local_origin import LocalOrigin, redirect, reply
from tests.service.adapters.fetching.name_server import NameServer

PUBLIC, LOOPBACK = "127.0.0.2", "127.0.0.1"
NAME = "rebinding.test"


class Trap:
    """Listens at a port of loopback, and at the same port of the public address answers ``plays``."""

    def __init__(self, plays: dict[str, bytes]) -> None:
        self.origin = LocalOrigin(plays, PUBLIC)
        self.caught = 0

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Rules]:
        def catch(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            self.caught += 1
            writer.close()

        server = await asyncio.start_server(catch, LOOPBACK, 0)
        self.origin.port = server.sockets[0].getsockname()[1]
        try:
            async with self.origin:
                yield Rules(ports=frozenset({self.origin.port}), is_public=lambda address: address == PUBLIC)
        finally:
            server.close()

    def url(self, path: str = "/a", host: str = NAME) -> str:
        return f"http://{host}:{self.origin.port}{path}"


async def kind_of(fetcher: WebFetcher, url: str) -> str:
    try:
        return (await fetcher.fetch(url, Priority.INTERACTIVE)).content.decode()
    except AnalysisError as error:
        return error.kind


@asynccontextmanager
async def resolved(server: NameServer) -> AsyncIterator[Names]:
    resolver = Names(server.look_up)
    try:
        yield resolver
    finally:
        await resolver.close()


async def test_an_address_is_checked_when_it_is_connected_to(fetching: OpenFetcher) -> None:
    draw = random.Random(7)
    first: list[list[str]] = [[PUBLIC], [LOOPBACK], [LOOPBACK, PUBLIC], [PUBLIC, LOOPBACK]]

    def answer(_: str) -> list[str]:
        return first.pop(0) if first else draw.choices([PUBLIC, LOOPBACK], k=draw.randint(1, 3))

    trap = Trap({"/a": reply(b"public", connection="close")})
    async with (
        trap.open() as rules,
        NameServer(answer) as server,
        resolved(server) as resolver,
        fetching(rules=rules, resolver=resolver, bounds=Bounds(known=0)) as fetcher,
    ):
        found = [await kind_of(fetcher, trap.url()) for _ in range(60)]
    assert found[:4] == ["public", "address-refused", "public", "public"]
    assert set(found) == {"public", "address-refused"}
    assert len(server.asked) == 60
    assert trap.caught == 0


@pytest.mark.parametrize(
    "location", [f"http://{NAME}:{{port}}/b", f"http://{LOOPBACK}:{{port}}/b", "//localhost:{port}/b"]
)
async def test_a_redirect_leads_no_further_inside(fetching: OpenFetcher, location: str) -> None:
    trap = Trap({})
    async with trap.open() as rules:
        trap.origin._plays["/a"] = [redirect(location.format(port=trap.origin.port))]
        answers = {"public.test": [PUBLIC]}
        async with (
            NameServer(lambda name: answers.get(name, [LOOPBACK])) as server,
            resolved(server) as resolver,
            fetching(rules=rules, resolver=resolver) as fetcher,
        ):
            assert await kind_of(fetcher, trap.url(host="public.test")) == "address-refused"
    assert len(trap.origin.requests) == 1
    assert trap.caught == 0


async def test_names_of_this_machine_are_refused_by_the_rules_that_hold_outside_of_tests(fetching: OpenFetcher) -> None:
    trap = Trap({})
    async with trap.open() as rules:
        real = Rules(ports=rules.ports, is_public=is_public)
        async with (
            NameServer(lambda _: [LOOPBACK, "10.0.0.1", "169.254.169.254"]) as server,
            resolved(server) as resolver,
            fetching(rules=real, resolver=resolver) as fetcher,
        ):
            assert await kind_of(fetcher, trap.url()) == "address-refused"
        async with fetching(rules=real) as fetcher:
            assert await kind_of(fetcher, trap.url(host="localhost")) == "address-refused"
    assert trap.caught == 0


async def failure_of(fetching: OpenFetcher, look_up: Callable[..., Sequence[tuple[Any, ...]]]) -> AnalysisError:
    resolver = Names(look_up)
    try:
        async with fetching(rules=Rules(), resolver=resolver) as fetcher:
            with pytest.raises(AnalysisError) as refusal:
                await fetcher.fetch(f"http://{NAME}/", Priority.INTERACTIVE)
    finally:
        await resolver.close()
    return refusal.value


async def test_a_name_that_is_not_there(fetching: OpenFetcher) -> None:
    async with NameServer(lambda _: None) as server:
        error = await failure_of(fetching, server.look_up)
    assert (error.kind, error.may_pass) == ("dns", False)


async def test_a_name_that_nobody_can_look_up_now(fetching: OpenFetcher, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(names, "LONGEST_LOOKUP", 0.1)
    over = threading.Event()

    def hang(*_: Any, **__: Any) -> Sequence[tuple[Any, ...]]:
        over.wait()
        return []

    def give_up(*_: Any, **__: Any) -> Sequence[tuple[Any, ...]]:
        raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")

    for look_up in (hang, give_up):
        error = await failure_of(fetching, look_up)
        assert (error.kind, error.may_pass) == ("dns", True)
    over.set()
