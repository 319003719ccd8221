from __future__ import annotations

import asyncio
import gzip
import time
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.core.deadlines import Deadlines
from service.core.errors import InvalidRequestError, OverloadError
from service.web.body import BodyPromise, BodyReader, BodyRoom, is_among
from service.web.problems import BODY_TIMEOUT, KINDS, ProblemError
from tests.service.conftest import House, OpenHouse
from tests.service.doubles import MemoryJobs
from tests.service.sample_workload import Words, words_workload

JSON = {"content-type": "application/json"}


def check_problem(answer: httpx.Response, slug: str) -> dict[str, Any]:
    kind = next(kind for kind in KINDS if kind.slug == slug)
    body: dict[str, Any] = answer.json()
    assert answer.status_code == body["status"] == kind.status
    assert answer.headers["content-type"] == "application/problem+json"
    assert (body["type"], body["title"]) == (f"/problems/{slug}", kind.title)
    assert body["instance"] == answer.request.url.path
    assert body["request_id"] == answer.headers["x-request-id"]
    assert "Traceback" not in answer.text
    return body


async def test_a_request_is_answered(house: House) -> None:
    answer = await house.client.post("/v1/words", json={"words": ["stone", "lode"], "lane": "dear"})
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    assert answer.json() == {"lengths": [{"word": "stone", "length": 5}, {"word": "lode", "length": 4}]}
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["server"] == ""


@pytest.mark.parametrize(
    ("body", "slug", "pointer"),
    [
        (b"", "malformed-body", None),
        (b"{", "malformed-body", None),
        (b'{"words": ["a"]} x', "malformed-body", None),
        (b'{"words": ["\xff\xfe"]}', "malformed-body", None),
        (b"\xff\xfe{\x00}\x00", "malformed-body", None),
        (b'{"words": [NaN]}', "malformed-body", None),
        (b"[" * 9_000, "invalid-request", "$"),
        (b'{"words": ' + b"[" * 9_000, "invalid-request", "$.words[0]"),
        (b"[]", "invalid-request", "$"),
        (b"null", "invalid-request", "$"),
        (b"{}", "invalid-request", "$"),
        (b'{"words": "a"}', "invalid-request", "$.words"),
        (b'{"words": ["a", 7]}', "invalid-request", "$.words[1]"),
        (b'{"words": ["a", ""]}', "invalid-request", "$.words[1]"),
        (b'{"words": ["a"], "wrds": 1}', "invalid-request", "$"),
        (b'{"words": ["a"], " - at `x": 1}', "invalid-request", "$"),
        (b'{"words": ["a"], "lane": "fast"}', "invalid-request", "$.lane"),
        (b'{"words": [' + b",".join([b'"a"'] * 1001) + b"]}", "invalid-request", "$.words"),
        (b'{"words": []}', "invalid-request", "$.words"),
        (b'{"words": ["bad"]}', "items-failed", "$"),
    ],
)
async def test_a_bad_body_is_refused_with_the_place_of_its_fault(
    house: House, body: bytes, slug: str, pointer: str | None
) -> None:
    problem = check_problem(await house.client.post("/v1/words", content=body, headers=JSON), slug)
    assert [fault["pointer"] for fault in problem.get("errors", [])] == ([pointer] if pointer else [])


async def test_a_refusal_quotes_only_the_beginning_of_a_long_name(house: House) -> None:
    answer = await house.client.post("/v1/words", json={"words": ["a"], "x" * 1_000: 1})
    detail = check_problem(answer, "invalid-request")["detail"]
    assert detail.startswith("Object contains unknown field `xxx")
    assert len(detail) < 400


@given(body=st.binary(max_size=200) | st.text().map(lambda text: text.encode("utf-8", "surrogatepass")))
@settings(deadline=None)
async def test_no_body_breaks_the_reader(body: bytes) -> None:
    reader = reader_of(1.0)
    foreseen = (ProblemError, InvalidRequestError)
    with suppress(*foreseen):
        assert isinstance(reader.decode(body), Words)


@pytest.mark.parametrize(
    "headers",
    [
        {"content-type": "text/plain"},
        {"content-type": "application/x-www-form-urlencoded"},
        {"content-type": "application/json; charset=latin-1"},
        {"content-type": ""},
        {"content-type": "application/json", "content-encoding": "gzip"},
    ],
)
async def test_a_body_of_another_type_or_compressed_is_refused(house: House, headers: dict[str, str]) -> None:
    body = b'{"words": ["a"]}'
    content = gzip.compress(body) if "content-encoding" in headers else body
    check_problem(await house.client.post("/v1/words", content=content, headers=headers), "unsupported-media-type")


@pytest.mark.parametrize(
    "media_type", [b"application/json", b"Application/JSON; charset=UTF-8", b'application/json;charset="utf-8"']
)
def test_json_is_known_in_all_its_spellings(media_type: bytes) -> None:
    assert is_among(media_type, {b"application/json"})


async def test_a_body_over_the_limit_is_refused_whole_or_in_pieces(open_house: OpenHouse) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        yield b'{"words": ["'
        for _ in range(10):
            yield b"a" * 20

    async with open_house(words_workload(body_bytes=100)) as house:
        whole = await house.client.post("/v1/words", content=b"x" * 101, headers=JSON)
        check_problem(whole, "body-too-large")
        check_problem(await house.client.post("/v1/words", content=pieces(), headers=JSON), "body-too-large")
        fitting = b'{"words": ["a"]}'.ljust(100)
        assert (await house.client.post("/v1/words", content=fitting, headers=JSON)).status_code == 200


def reader_of(seconds: float, room: BodyRoom | None = None) -> BodyReader[Words]:
    return BodyReader(Words, 1000, Deadlines(seconds, time.monotonic), room or BodyRoom(10_000))


async def test_a_body_that_does_not_arrive_in_time_is_given_up() -> None:
    room = BodyRoom(10_000)
    reader = reader_of(0.01, room)
    messages = [{"type": "http.request", "body": b"{", "more_body": True}]

    async def receive() -> Any:
        return messages.pop() if messages else await asyncio.Event().wait()

    with pytest.raises(ProblemError) as problem:
        await asyncio.create_task(reader.read({b"content-type": b"application/json"}, receive))
    assert problem.value.kind is BODY_TIMEOUT
    assert room.taken == 0


async def test_bodies_on_their_way_take_no_more_than_their_room() -> None:
    room = BodyRoom(1_000)
    reader = reader_of(60.0, room)
    arrived = asyncio.Event()

    async def receive() -> Any:
        await arrived.wait()
        return {"type": "http.request", "body": b"{}", "more_body": False}

    def read(size: int) -> asyncio.Task[bytes]:
        headers = {b"content-type": b"application/json", b"content-length": b"%d" % size}
        return asyncio.create_task(reader.read(headers, receive))

    first = read(600)
    await asyncio.sleep(0)
    with pytest.raises(OverloadError):
        await read(500)
    fitting = read(400)
    await asyncio.sleep(0)
    arrived.set()
    assert [await first, await fitting] == [b"{}", b"{}"]
    assert room.taken == 0
    assert await read(1_000) == b"{}", "one body always fits"


def test_a_body_of_unknown_size_gets_more_room_as_it_comes() -> None:
    room = BodyRoom(1_000)
    promise = BodyPromise(room, 100)
    for size, taken in ((80, 100), (120, 200), (450, 450), (451, 900)):
        promise.cover(size)
        assert room.taken == taken
    with pytest.raises(OverloadError):
        promise.cover(901)
    promise.end()
    assert room.taken == 0


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("GET", "/v1/words", {"POST", "OPTIONS"}),
        ("PUT", "/v1/words", {"POST", "OPTIONS"}),
        ("POST", "/health", {"GET", "HEAD", "OPTIONS"}),
    ],
)
async def test_a_wrong_method_is_refused_with_the_right_ones(
    house: House, method: str, path: str, allowed: set[str]
) -> None:
    answer = await house.client.request(method, path)
    check_problem(answer, "method-not-allowed")
    assert set(answer.headers["allow"].split(", ")) == allowed
    options = await house.client.options(path)
    assert (options.status_code, set(options.headers["allow"].split(", "))) == (204, allowed)


@pytest.mark.parametrize(
    "path", ["/nowhere", "/v1/", "/v1/jobs/unknown", "/problems/unknown", "/%ff%fe", "/v1/words/x"]
)
async def test_an_unknown_path_is_not_found(house: House, path: str) -> None:
    answer = await house.client.get(path)
    assert answer.status_code == 404
    assert answer.json()["type"] == "/problems/not-found"


async def test_a_head_request_gets_the_headers_alone(house: House) -> None:
    plain = {"accept-encoding": "identity"}
    got, head = [await house.client.request(method, "/openapi.json", headers=plain) for method in ("GET", "HEAD")]
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-length"] == str(len(got.content))


async def test_every_type_of_problem_explains_itself(house: House) -> None:
    for kind in KINDS:
        explanation = (await house.client.get(kind.type)).json()
        assert (explanation["title"], explanation["meaning"]) == (kind.title, kind.meaning)


async def test_no_room_is_said_with_the_time_to_come_back(open_house: OpenHouse) -> None:
    async with open_house(words_workload(queue_items=1)) as house:
        answer = await house.client.post("/v1/words", json={"words": ["a", "b"], "lane": "dear"})
        check_problem(answer, "overloaded")
        assert int(answer.headers["retry-after"]) >= 1
        refused = 'loadstone_refusals_total{workload="words",priority="interactive",reason="queue"}'
        assert await house.metric(refused) == 1


async def test_a_fault_of_our_own_tells_the_caller_nothing_but_its_name(
    open_house: OpenHouse, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def break_down(*_: object) -> None:
        raise RuntimeError("secret")

    monkeypatch.setattr(MemoryJobs, "find", break_down)
    async with open_house() as house:
        answer = await house.client.get("/v1/jobs/some")
        problem = check_problem(answer, "internal-error")
    assert "secret" not in answer.text
    record = next(record for record in caplog.records if record.exc_info)
    assert "secret" in str(record.exc_info)
    assert getattr(record, "trace").request_id == problem["request_id"]  # noqa: B009 - added by extra


async def test_metrics_know_the_routes_and_nothing_else(house: House) -> None:
    await house.client.post("/v1/words", json={"words": ["a"]})
    await house.client.get("/v1/jobs/unknown")
    await house.client.get("/nowhere/at/all")
    await house.client.request("BREW", "/v1/words")
    labels = "http_request_method={},http_route={},http_response_status_code={}"
    for method, route, status in (
        ('"POST"', '"/v1/words"', '"200"'),
        ('"GET"', '"/v1/jobs/{id}"', '"404"'),
        ('"GET"', '"_OTHER"', '"404"'),
        ('"_OTHER"', '"/v1/words"', '"405"'),
    ):
        assert (
            await house.metric(f"http_server_request_duration_seconds_count{{{labels.format(method, route, status)}}}")
            == 1
        )
    assert await house.metric("http_server_active_requests") == 1, "the scrape itself"
