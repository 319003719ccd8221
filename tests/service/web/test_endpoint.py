from __future__ import annotations

from typing import Any

import pytest

from service.core.invalidation import Invalidation
from service.web.endpoint import urgency_in
from tests.service.conftest import House, OpenHouse
from tests.service.sample_workload import Meter, words_workload

HITS = 'loadstone_answer_lookups_total{workload="words",outcome="hit"}'
ITEMS = 'loadstone_items_total{workload="words",lane="cheap"}'
WORDS = {"words": ["stone", "lode"]}


async def test_the_same_question_again_is_answered_from_memory_and_counted(open_house: OpenHouse) -> None:
    meter = Meter()
    async with open_house(words_workload(meter)) as house:
        first, second = [await house.client.post("/v1/words", json=WORDS) for _ in range(2)]
        assert first.content == second.content
        assert first.headers["x-request-id"] != second.headers["x-request-id"]
        assert meter.measured == ["stone", "lode"]
        assert await house.metric(HITS) == 1
        assert await house.metric(ITEMS) == 4


@pytest.mark.parametrize(
    "invalidation",
    [
        Invalidation(workload="words"),
        Invalidation(pattern="w*:cheap:*"),
        Invalidation(keys=("words:1:cheap:0123",)),
    ],
)
async def test_what_is_forgotten_is_not_answered_any_more(house: House, invalidation: Invalidation) -> None:
    await house.client.post("/v1/words", json=WORDS)
    await house.memory.forget(invalidation)
    await house.client.post("/v1/words", json=WORDS)
    assert await house.metric(HITS) == 0


async def test_a_refusal_is_not_kept(open_house: OpenHouse) -> None:
    meter = Meter()
    async with open_house(words_workload(meter)) as house:
        for _ in range(2):
            assert (await house.client.post("/v1/words", json={"words": ["bad"]})).status_code == 422
        assert await house.metric(HITS) == 0


@pytest.mark.parametrize(
    ("method", "path", "headers", "body"),
    [
        ("POST", "/v1/words", {}, b'{"words":["a"]}'),
        ("POST", "/v1/words", {"prefer": "respond-async"}, b'{"words":["a"]}'),
        ("POST", "/v1/words", {}, b"{"),
        ("POST", "/v1/words", {}, b'{"words":[7]}'),
        ("POST", "/v1/words", {}, b'{"words":["bad"]}'),
        ("POST", "/v1/words", {"content-type": "text/plain"}, b"x"),
        ("POST", "/v1/words", {}, b"x" * 20_000),
        ("GET", "/v1/words", {}, b""),
        ("OPTIONS", "/v1/words", {}, b""),
        ("HEAD", "/v1/words", {}, b""),
    ],
)
async def test_the_short_cut_and_the_way_through_the_framework_answer_alike(
    house: House, method: str, path: str, headers: dict[str, str], body: bytes
) -> None:
    said = {"content-type": "application/json", "x-request-id": "same", **headers}

    async def ask() -> Any:
        return await house.client.request(method, path, headers=said, content=body)

    def told(answer: Any) -> Any:
        differing = ("location",)  # each job is another
        kept = {name: value for name, value in answer.headers.items() if name not in differing}
        return answer.status_code, kept, b"" if answer.status_code == 202 else answer.content

    observer = house.app
    observer._hosts.clear()
    by_framework = await ask()
    observer._hosts[b"loadstone"] = None
    assert told(await ask()) == told(by_framework)


async def test_only_a_host_that_the_framework_let_pass_takes_the_short_cut(house: House) -> None:
    for _ in range(2):
        answer = await house.client.post("/v1/words", json=WORDS, headers={"host": "no host/at all"})
        assert answer.status_code == 400


async def test_many_hosts_of_a_stranger_keep_no_other_off_the_short_cut(house: House) -> None:
    for number in range(200):
        await house.client.get("/health/live", headers={"host": f"stranger-{number}"})
    bound = len(house.app._hosts)
    await house.client.post("/v1/words", json=WORDS)
    assert b"loadstone" in house.app._hosts
    assert len(house.app._hosts) == bound < 200


@pytest.mark.parametrize(
    ("said", "urgency"),
    [
        (b"u=0", 0),
        (b"u=7, i", 7),
        (b"i, u=5", 5),
        (b" u=3", 3),
        (b"u=8", None),
        (b"u=-1", None),
        (b"u=55", None),
        (b"urgency=1", None),
        (b"", None),
    ],
)
def test_the_urgency_is_read_out_of_a_list(said: bytes, urgency: int | None) -> None:
    assert urgency_in(said) == urgency
