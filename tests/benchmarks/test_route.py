"""What a request costs in the process, from ASGI to ASGI: ours against a bare Litestar route; divide by REQUESTS."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
import uvloop
from litestar import Litestar, post
from litestar.params import JSONBody
from pytest_benchmark.fixture import BenchmarkFixture

from service.app import Adapters, Instance, open_application
from service.core.keys import Seal
from service.pipelines import SharedCache, open_metrics
from service.settings import Settings
from service.workloads import WORKLOADS
from tests.service.conftest import SECRET
from tests.service.doubles import MemoryJobs, MemoryKeys

REQUESTS = 500
PATH = "/v1/comments"
BODY = msgspec.json.encode({"comments": ["muy lento el internet"], "quality": "fast"})
HEADERS = [
    (b"host", b"127.0.0.1:8000"),
    (b"user-agent", b"benchmark"),
    (b"accept", b"*/*"),
    (b"content-type", b"application/json"),
    (b"content-length", str(len(BODY)).encode()),
]


class Comments(msgspec.Struct):
    """What the bare route reads."""

    comments: list[str]
    quality: str


@post(PATH)
async def bare_route(data: JSONBody[Comments]) -> dict[str, int]:
    """As little as a route can do."""
    return {"comments": len(data.comments)}


async def receive() -> dict[str, Any]:
    return {"type": "http.request", "body": BODY, "more_body": False}


async def send(message: Any) -> None:
    assert message.get("status", 200) in (200, 201)


async def call(app: Any) -> None:
    for _ in range(REQUESTS):
        scope: dict[str, Any] = {
            "type": "http",
            "http_version": "1.1",
            "method": "POST",
            "scheme": "http",
            "path": PATH,
            "raw_path": PATH.encode(),
            "query_string": b"",
            "root_path": "",
            "headers": HEADERS,
            "client": ("127.0.0.1", 1),
            "server": ("127.0.0.1", 8000),
            "state": {},
        }
        await app(scope, receive, send)


@pytest.fixture
def runner() -> Iterator[asyncio.Runner]:
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as running:
        yield running


def test_a_bare_litestar_route(benchmark: BenchmarkFixture, runner: asyncio.Runner) -> None:
    app = Litestar([bare_route], openapi_config=None, logging_config=None)
    benchmark(lambda: runner.run(call(app)))


@pytest.mark.parametrize("access_log", ["off", "on"])
def test_a_cached_comment(benchmark: BenchmarkFixture, runner: asyncio.Runner, tmp_path: Path, access_log: str) -> None:
    for workload in WORKLOADS:
        workload.prepare()
    settings = Settings.from_environment({"LOADSTONE_ACCESS_LOG": access_log})
    adapters = Adapters(
        jobs=MemoryJobs(), keys=MemoryKeys(Seal(SECRET)), buckets=None, shared=SharedCache(), required=[], helpful=[]
    )
    opened = open_application(settings, Instance.create(tmp_path), adapters, open_metrics(WORKLOADS))
    app = runner.run(opened.__aenter__())
    benchmark(lambda: runner.run(call(app)))
    runner.run(opened.__aexit__(None, None, None))
