"""The origin: real pictures by number, and the faults that it is told to show."""

from __future__ import annotations

import asyncio
import socket
import subprocess
import sys
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from hashlib import sha256

import cv2
import httpx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtests._origin import HOST, PLACE, path_of
from loadtests._origin._keeping import NoOriginError, OriginKeeper, is_there, needs_origin
from loadtests._origin._server import Manners, PictureServer
from loadtests._payloads._pictures import EDGES, HIGHEST_NUMBER, MOTIFS, picture
from loadtests._planning import _plan
from slo import conductor
from slo.children import free_port
from tests.loadtests.conftest import await_that


@asynccontextmanager
async def origin(manners: Manners) -> AsyncIterator[httpx.AsyncClient]:
    server = await asyncio.start_server(PictureServer(manners).serve, "127.0.0.1", 0)
    where = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with server, httpx.AsyncClient(base_url=where) as client:
        yield client


def answers(port: int) -> bool:
    with socket.socket() as trial:
        return trial.connect_ex((HOST, port)) == 0


@given(st.integers(0, HIGHEST_NUMBER), st.integers(0, HIGHEST_NUMBER))
def test_pictures_of_two_numbers_are_two_files_that_can_be_read(one: int, other: int) -> None:
    first, second = picture("tiny", one), picture("tiny", other)
    assert (first.sha256 == second.sha256) == (one == other)
    read = cv2.imdecode(np.frombuffer(first.content, np.uint8), cv2.IMREAD_COLOR)
    assert read is not None
    assert read.shape == (first.height, first.width, 3)
    assert (first.width, first.height) == EDGES["tiny"]


def test_motifs_are_unlike_one_another() -> None:
    hashes = {sha256(picture("tiny", number).content[40:]).digest() for number in range(MOTIFS)}
    assert len(hashes) == MOTIFS


async def test_it_gives_the_picture_of_a_number() -> None:
    async with origin(Manners()) as client:
        answer = await client.get(path_of("small", 17))
        assert (answer.status_code, answer.headers["content-type"]) == (200, "image/jpeg")
        assert answer.content == picture("small", 17).content
        assert (await client.get("/huge/17.jpg")).status_code == 404
        assert (await client.get(f"/small/{10 * HIGHEST_NUMBER + 1}0.jpg")).status_code == 404
        assert (await client.post("/small/17.jpg")).status_code == 405


async def test_faults_come_as_often_as_told_and_what_is_missing_stays_missing() -> None:
    async with origin(Manners(missing=0.3, busy=0.3)) as client:
        rounds = [[await client.get(path_of("tiny", number)) for number in range(200)] for _ in range(2)]
    codes = [[answer.status_code for answer in answers] for answers in rounds]
    assert all((one == 404) == (other == 404) for one, other in zip(*codes, strict=True))
    seen = Counter(codes[0])
    assert set(seen) == {200, 404, 429}
    assert 30 <= seen[404] <= 90
    busy = next(answer for answer in rounds[0] if answer.status_code == 429)
    assert int(busy.headers["retry-after"]) > 0


def test_plans_that_name_pictures_by_url_need_it() -> None:
    assert {name for name in _plan.names() if needs_origin(_plan.load(name))} == {"images-by-url", "batches"}
    assert conductor.PICTURES == PLACE, "a service that is started for a load may fetch from it"


def test_it_runs_for_as_long_as_it_is_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("loadtests._origin._keeping.PORT", free_port())
    keeper, other = OriginKeeper(), OriginKeeper()
    keeper.start()
    other.start()
    assert is_there()
    other.stop()
    assert is_there(), "who did not start it does not end it"
    keeper.stop()
    assert not is_there()


def test_a_place_that_somebody_else_has_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("loadtests._origin._keeping.PORT", port := free_port())
    foreign = subprocess.Popen([sys.executable, "-m", "http.server", str(port), "--bind", HOST])
    try:
        await_that(lambda: answers(port))
        with pytest.raises(NoOriginError, match="no pictures can be served at"):
            OriginKeeper().start()
    finally:
        foreign.kill()
        foreign.wait()
