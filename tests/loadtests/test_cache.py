from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import islice
from pathlib import Path
from random import Random
from threading import Thread
from typing import Any

import httpx
import msgspec
import pytest

from loadtests._comments import Payloads, exchanges, hit_ratio
from loadtests._planning import _plan
from loadtests._planning._plan import Plan
from loadtests._running._cache import ROUNDS_PER_WORKER, CacheRefusedError, empty, prepare
from loadtests._running._target import UnreachableTargetError
from slo import record
from slo.children import free_port
from tests.loadtests.conftest import Locust
from tests.loadtests.target import answer, result
from tests.service.running import RunningService


def plan_of(cache: str, **payloads: Any) -> Plan:
    table = {
        "description": "a trial",
        "cache": cache,
        "stages": [{"name": "go", "seconds": 10, "rate": 20}],
        "mix": {"comments": 1},
        "payloads": {"comments": payloads},
    }
    return _plan.parse(table, name="trial", shown="trial.toml")


class Client:
    """Sends what a plan draws, and asks the service what its cache did meanwhile."""

    def __init__(self, service: RunningService, client: httpx.Client) -> None:
        self.url = service.url
        self._client = client

    def ratio(self, payloads: Payloads, requests: int, seed: int = 1) -> float:
        """Of the comments in so many requests, whose answers are checked, the share that was not analysed anew.

        Memory knows comments; a request that came before to the byte is not even looked up there.
        """
        before, comments = self._memory()["misses"], 0
        headers = {"content-type": "application/json"}
        for exchange in islice(exchanges(payloads, Random(seed)), requests):
            exchange.check(self._client.post("/v1/comments", content=exchange.body, headers=headers).content)
            comments += exchange.items
        return 1.0 - float(self._memory()["misses"] - before) / comments

    def entries(self) -> int:
        return int(self._memory()["entries"])

    def _memory(self) -> dict[str, Any]:
        memory: dict[str, Any] = self._client.get("/v1/cache").json()["memory"]
        return memory


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    with RunningService(tmp_path_factory.mktemp("service"), LOADSTONE_WORKERS="1") as service:
        service.wait_until_ready()
        with httpx.Client(base_url=service.url, timeout=60.0) as http:
            yield Client(service, http)


def test_a_cold_cache_fills_as_the_law_of_the_plan_foretells(client: Client) -> None:
    payloads = Payloads(zipf=0.9, unique=0.2)
    plan = plan_of("cold")
    client.ratio(payloads, 50, seed=9)
    assert client.entries()
    prepare(plan, client.url)
    assert not client.entries()
    assert client.ratio(payloads, 1500) == pytest.approx(hit_ratio(payloads, 1500), abs=0.03)
    empty(plan, client.url)
    assert not client.entries()


def test_a_warm_cache_knows_all_that_repeats(client: Client) -> None:
    empty(plan_of("cold"), client.url)
    prepare(plan_of("warm"), client.url)
    assert client.ratio(Payloads(unique=0.0), 300) == 1.0
    assert client.ratio(Payloads(unique=0.2), 600, seed=2) == pytest.approx(0.8, abs=0.05)


def test_a_cache_that_is_taken_as_it_is_is_not_touched(client: Client) -> None:
    client.ratio(Payloads(), 20)
    before = client.entries()
    prepare(plan_of("as-is"), client.url)
    empty(plan_of("warm"), client.url)
    assert client.entries() == before


ENTRIES = 'loadstone_cache_entries{tier="memory"}'
Answer = Callable[[bytes], tuple[int, object]]
Seen = list[tuple[str | None, int]]


@contextmanager
def service_of(answer: Answer, seen: Seen | None = None, workers: int = 1) -> Iterator[str]:
    """A server that answers every POST as ``answer`` has it; ``seen`` gets each one's key and the caller's port."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            if seen is not None:
                seen.append((self.headers["authorization"], self.client_address[1]))
            self._send(*answer(body))

        def do_GET(self) -> None:
            self._send(200, {"workers": workers})

        def _send(self, status: int, content: object) -> None:
            body = content if isinstance(content, bytes) else msgspec.json.encode(content)
            self.send_response(status)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


FORBIDDEN = {"type": "/problems/forbidden", "title": "Not allowed", "detail": "This needs the role admin"}
UNREACHED = {"entries": {"memory": 3}, "unreached": [{"where": "redis", "reason": "connection refused"}]}


@pytest.mark.parametrize(
    ("cache", "status", "content", "sentence"),
    [
        ("cold", 403, FORBIDDEN, "cannot be emptied: it answers 403, This needs the role admin"),
        ("cold", 404, b"nothing here", "cannot be emptied: it answers 404"),
        ("cold", 200, UNREACHED, "was not emptied everywhere: not reached: redis (connection refused)"),
        ("cold", 200, b"<html>", "answers something else: is it a Loadstone service?"),
        ("warm", 401, {"title": "No key"}, "cannot be warmed: it answers 401, No key"),
        ("warm", 503, {"title": "No room"}, "cannot be warmed: it answers 503, No room"),
        ("warm", 200, {"results": []}, "answers wrongly while its cache is warmed: "),
    ],
)
def test_a_cache_that_is_not_as_the_plan_wants_it_is_one_sentence(
    cache: str, status: int, content: object, sentence: str
) -> None:
    with service_of(lambda _: (status, content)) as url, pytest.raises(CacheRefusedError) as raised:
        prepare(plan_of(cache), url, sleep=lambda _: None)
    assert sentence in str(raised.value)
    assert "\n" not in str(raised.value)


def test_the_key_is_shown_and_a_busy_service_is_asked_again() -> None:
    seen: Seen = []
    answers = iter([503, 503])
    waits: list[float] = []
    with (
        service_of(lambda _: (next(answers, 500), {}), seen) as url,
        pytest.raises(CacheRefusedError, match="it answers 500"),
    ):
        prepare(plan_of("warm"), url, "lsk_secret", sleep=waits.append)
    assert [key for key, _ in seen] == ["Bearer lsk_secret"] * 3
    assert waits == sorted(waits)
    assert len(waits) == 2


def test_each_of_several_workers_is_given_its_chance() -> None:
    def right(body: bytes) -> tuple[int, object]:
        question = msgspec.json.decode(body)
        results = [result(comment["id"], comment["text"]) for comment in question["comments"]]
        return 200, answer(results, question["quality"], len(results))

    seen: Seen = []
    with service_of(right, seen, workers=3) as url:
        prepare(plan_of("warm"), url)
    assert len({port for _, port in seen}) == 3 * ROUNDS_PER_WORKER


@pytest.mark.parametrize("cache", ["cold", "warm"])
def test_nobody_there_is_said_like_everywhere(cache: str) -> None:
    with pytest.raises(UnreachableTargetError, match="cannot be reached: Connection refused"):
        prepare(plan_of(cache), f"http://127.0.0.1:{free_port()}")


def test_a_run_that_cannot_have_its_cache_does_not_start(locust: Callable[..., Locust]) -> None:
    with service_of(lambda _: (403, FORBIDDEN)) as url:
        run = locust("--headless", "--plan", "cold-cache", "--host", url)
        code, output = run.finish()
    assert code == 2, output
    sentence = f"the cache of {url} cannot be emptied: it answers 403, This needs the role admin"
    assert [line for line in output.splitlines() if sentence in line] == [f"loadtests: {sentence}"]
    assert "Traceback" not in output
    assert not run.record.exists()


def test_the_judged_part_of_a_cold_plan_begins_with_an_empty_cache(
    client: Client, locust: Callable[..., Locust], tmp_path: Path
) -> None:
    path = tmp_path / "cold.toml"
    path.write_text(
        'description = "a trial"\ncache = "cold"\n[mix]\ncomments = 1\n'
        "[payloads.comments]\nunique = 1.0\n"
        '[[stages]]\nname = "warm-up"\nseconds = 2\nrate = 40\njudged = false\n'
        '[[stages]]\nname = "go"\nseconds = 2\nrate = 40\n'
    )
    run = locust("--headless", "--plan", str(path), "--host", client.url)
    code, output = run.finish()
    assert code == 0, output
    kept = record.read(run.record)
    entries = [snapshot.samples[ENTRIES] for snapshot in kept.snapshots]
    assert [snapshot.moment for snapshot in kept.snapshots] == ["start", "judged", "end"]
    assert entries[0] == 0
    assert entries[1] < entries[2] / 2, "what the warm-up left is gone"
    assert entries[2] <= sum(cell.items for cell in kept.judged()) + entries[1]
