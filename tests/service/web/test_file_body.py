"""A body may be a file as it is: its type, its size and what the query asks are checked by the workload's rule."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import httpx
import msgspec
import pytest

from service.core.errors import InvalidRequestError
from service.core.workload import UploadRule
from tests.service.conftest import House, OpenHouse
from tests.service.core.test_postscripts import Counting
from tests.service.sample_workload import Meter, Words, words_workload
from tests.service.web.test_requests import check_problem

PLAIN = {"content-type": "text/plain"}
HITS = 'loadstone_answer_lookups_total{workload="words",outcome="hit"}'


class Spelling(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What may be asked of a file of words."""

    repeat: int = 1
    upper: bool = False
    lane: str = "cheap"


def words_of(body: bytes, options: Spelling) -> Words:
    if options.lane not in ("cheap", "dear"):
        raise InvalidRequestError("?lane", "it is cheap or dear")
    text = body.decode()
    words = (text.upper() if options.upper else text).split() * options.repeat
    return msgspec.convert({"words": words, "lane": options.lane}, Words)


RULE = UploadRule(media_types=("text/plain", "text/words"), body_bytes=100, options=Spelling, request_of=words_of)


@pytest.fixture
async def house(open_house: OpenHouse) -> AsyncIterator[House]:
    """An application that takes files of words."""
    async with open_house(replace(words_workload(), upload=RULE)) as opened:
        yield opened


async def send(house: House, content: Any, query: str = "", **headers: str) -> httpx.Response:
    return await house.client.post(f"/v1/words{query}", content=content, headers={**PLAIN, **headers})


def told(answer: httpx.Response) -> list[str]:
    assert answer.status_code == 200, answer.text
    return [each["word"] for each in answer.json()["lengths"]]


async def test_a_file_is_answered_as_the_same_in_json(house: House) -> None:
    as_json = await house.client.post("/v1/words", json={"words": ["a", "bc"]})
    assert (await send(house, b"a bc")).content == as_json.content
    assert told(await send(house, b"a bc", "?upper=true&repeat=2")) == ["A", "BC", "A", "BC"]
    assert told(await send(house, b"a", **{"content-type": "Text/Words; charset=utf-8"})) == ["a"]


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ("?loud=1", "loud"),
        ("?upper=perhaps", "upper"),
        ("?upper=", "upper"),
        ("?repeat=2.5", "repeat"),
        ("?upper=true&upper=true", "upper"),
        ("?lane=fast", "lane"),
        ("?" + "&".join(f"option{number}=1" for number in range(100)), "option0"),
        ("?upper=true&" + "&".join(["repeat=1"] * 99), "repeat"),
        ("?" + "x" * 5_000 + "=1", "x" * 40 + "…"),
        ("?%C3%A4=1", "ä"),
    ],
)
async def test_an_option_that_cannot_be_is_refused_by_name(house: House, query: str, name: str) -> None:
    answer = await send(house, b"a", query)
    check_problem(answer, "bad-request")
    assert [fault["pointer"] for fault in answer.json()["errors"]] == [f"?{name}"]
    assert name in answer.json()["detail"]


async def test_a_query_that_is_no_text_is_refused(house: House) -> None:
    check_problem(await send(house, b"a", "?upper=%FF"), "bad-request")


async def test_json_says_all_of_it_itself(house: House) -> None:
    answer = await house.client.post("/v1/words?upper=true", json={"words": ["a"]})
    check_problem(answer, "bad-request")


@pytest.mark.parametrize("media_type", ["image/png", "text/plain; charset=latin-1", "", "text"])
async def test_another_type_is_refused_with_the_names_of_all_that_are_read(house: House, media_type: str) -> None:
    answer = await send(house, b"a", **{"content-type": media_type})
    check_problem(answer, "unsupported-media-type")
    assert all(name in answer.json()["detail"] for name in RULE.media_types)


async def test_an_empty_file_is_refused(house: House) -> None:
    check_problem(await send(house, b""), "invalid-request")


async def test_one_byte_too_much_is_refused_whole_or_in_pieces(house: House) -> None:
    async def pieces(count: int) -> AsyncIterator[bytes]:
        for _ in range(count):
            yield b"x"

    assert told(await send(house, b"a ".ljust(100))) == ["a"]
    check_problem(await send(house, b"x" * 101), "body-too-large")
    check_problem(await send(house, pieces(101)), "body-too-large")
    assert (await send(house, pieces(3))).json()["lengths"][0]["length"] == 3


async def test_an_answer_is_kept_for_the_same_file_of_the_same_type_with_the_same_options(house: House) -> None:
    first = [
        await send(house, b"a"),
        await send(house, b"a", "?upper=true"),
        await send(house, b"a", **{"content-type": "text/words"}),
    ]
    assert await house.metric(HITS) == 0
    again = [
        await send(house, b"a", "?repeat=1&upper=false"),
        await send(house, b"a", "?upper=1"),
        await send(house, b"a", **{"content-type": "TEXT/words"}),
    ]
    assert await house.metric(HITS) == 3
    assert [answer.content for answer in first] == [answer.content for answer in again]


async def test_a_job_keeps_what_it_needs_to_answer_a_file(house: House) -> None:
    accepted = await send(house, b"a b", "?upper=true", prefer="respond-async")
    assert accepted.status_code == 202
    kept = house.jobs.requests[accepted.json()["id"]]
    assert (
        await house.client.post("/v1/words", content=kept, headers={"content-type": "application/json"})
    ).content == (await send(house, b"a b", "?upper=true")).content
    check_problem(await send(house, b"", prefer="respond-async"), "invalid-request")
    check_problem(await send(house, b"a", "?lane=x", prefer="respond-async"), "bad-request")
    assert len(house.jobs.requests) == 1


async def test_an_answer_of_this_moment_is_made_each_time(open_house: OpenHouse) -> None:
    meter = Meter()
    async with open_house(replace(words_workload(meter), postscripts=Counting)) as house:
        for _ in range(2):
            await house.client.post("/v1/words", json={"words": ["fleeting"]})
        assert await house.metric(HITS) == 0
        for _ in range(2):
            await house.client.post("/v1/words", json={"words": ["lasting"]})
        assert await house.metric(HITS) == 1
        assert meter.measured == ["fleeting", "lasting"]


async def test_no_answer_of_another_edition_is_given(open_house: OpenHouse, monkeypatch: pytest.MonkeyPatch) -> None:
    async with open_house(replace(words_workload(), postscripts=Counting)) as house:
        for number in (1, 2, 2):
            monkeypatch.setattr(Counting, "number", number)
            await house.client.post("/v1/words", json={"words": ["lasting"]})
        assert await house.metric(HITS) == 1


async def test_the_document_tells_of_files_and_their_options(house: House) -> None:
    operation = (await house.client.get("/openapi.json")).json()["paths"]["/v1/words"]["post"]
    assert set(operation["requestBody"]["content"]) == {"application/json", *RULE.media_types}
    options = {each["name"]: each["schema"] for each in operation["parameters"] if each["in"] == "query"}
    assert options == {
        "repeat": {"type": "integer", "default": 1},
        "upper": {"type": "boolean", "default": False},
        "lane": {"type": "string", "default": "cheap"},
    }
    assert "400" in operation["responses"]
