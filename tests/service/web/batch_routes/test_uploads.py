"""Batches on their way in: in every form, at every pace, whole or broken off."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest

from service.core.batches import BatchState, Refusal, Row
from service.core.errors import DependencyError
from service.intake.reader import PIECE
from service.web.batch_routes import upload
from service.web.batch_routes.desk import MOST_UPLOADS
from service.web.batch_routes.upload import GROUP_ROWS
from tests.service.conftest import House, OpenHouse
from tests.service.waiting import comes_true
from tests.service.web.batch_routes.sending import CSV, ROWS, sent


async def test_rows_are_kept_in_chunks_and_bad_lines_refused(house: House) -> None:
    answer = await sent(house, name="mine", priority="3", options='{"lane": "dear"}', auto_start="false")
    assert (answer.status_code, answer.headers["location"]) == (201, "/v1/batches/batch-0")
    told = answer.json()
    assert (told["state"], told["items"], told["refused"], told["chunks"]) == ("ready", 4, 1, 2)
    assert (told["name"], told["priority"], told["options"]) == ("mine", 3, {"lane": "dear"})
    assert [[row.line for row in chunk] for chunk in house.batches.rows["batch-0"]] == [[2, 3, 5], [6]]
    errors = (await house.client.get("/v1/batches/batch-0/errors")).json()
    assert errors == {"failed": {}, "refused": 1, "refused_lines": [{"line": 4, "reason": "word: it is empty"}]}


@pytest.mark.parametrize("name", ["rows.csv", "rows.bin"])
async def test_a_form_is_a_batch_too(house: House, name: str) -> None:
    media_type = "text/csv" if name == "rows.bin" else "application/octet-stream"
    fields = {"workload": "words", "auto_start": "true"}
    answer = await house.client.post("/v1/batches", data=fields, files={"file": (name, ROWS, media_type)})
    assert (answer.status_code, answer.json()["state"], answer.json()["items"]) == (201, "running", 4)


async def test_objects_a_line_are_a_batch_too(house: House) -> None:
    content = b'{"word": "one"}\n{"word": 1}\n'
    answer = await house.client.post(
        "/v1/batches", params={"workload": "words"}, content=content, headers={"content-type": "application/x-ndjson"}
    )
    assert (answer.json()["items"], answer.json()["refused"]) == (1, 1)


@pytest.mark.parametrize(
    ("query", "content", "kind", "detail"),
    [
        ({"workload": "tea"}, ROWS, "invalid-request", "there are no batches of 'tea'; there are of words"),
        ({"priority": "11"}, ROWS, "invalid-request", "Expected `int` <= 10"),
        ({"auto_start": "maybe"}, ROWS, "invalid-request", "it is true or false"),
        ({"options": '{"lane": 1}'}, ROWS, "invalid-request", "Expected `str`"),
        ({"options": "{"}, ROWS, "invalid-request", "truncated"),
        ({"colour": "red"}, ROWS, "invalid-request", "a batch has workload, name"),
        ({"name": "a\0b"}, ROWS, "invalid-request", "a NUL"),
        ({"name": ""}, ROWS, "invalid-request", "length >= 1"),
        ({}, b"", "unreadable-upload", "There are no rows in the file."),
        ({}, b"word\n\n,\n", "unreadable-upload", "There are no rows in the file."),
        ({}, b"word\n\xff\n", "unreadable-upload", "Not one line"),
        ({}, b"id\n1\n", "unreadable-upload", "The first line must name the columns"),
        ({}, b"PK\x03\x04 and so on", "unreadable-upload", "a ZIP archive"),
    ],
)
async def test_what_is_no_batch_is_refused_and_leaves_none(
    house: House, query: dict[str, str], content: bytes, kind: str, detail: str
) -> None:
    answer = await sent(house, content, **query)
    assert answer.json()["type"] == f"/problems/{kind}"
    assert detail in answer.json()["detail"]
    assert house.batches.batches == {}


@pytest.mark.parametrize("headers", [{"content-type": "image/png"}, {**CSV, "content-encoding": "gzip"}, {}])
async def test_other_media_types_are_refused(house: House, headers: dict[str, str]) -> None:
    answer = await house.client.post("/v1/batches?workload=words", content=ROWS, headers=headers)
    assert answer.status_code == 415


@pytest.mark.parametrize(
    ("charset", "status"), [("latin-1", 422), ('"UTF-16"', 422), ("UTF-8", 201), ("us-ascii", 201)]
)
async def test_what_says_that_it_is_no_utf8_is_refused_in_either_form(house: House, charset: str, status: int) -> None:
    media_type = f"text/csv; charset={charset}"
    fields = {"workload": "words"}
    plain = await house.client.post("/v1/batches", params=fields, content=ROWS, headers={"content-type": media_type})
    form = await house.client.post("/v1/batches", data=fields, files={"file": ("rows.csv", ROWS, media_type)})
    assert [plain.status_code, form.status_code] == [status, status]
    if status == 422:
        assert all("only UTF-8 is read" in answer.json()["detail"] for answer in (plain, form))
        assert house.batches.batches == {}


async def test_a_batch_without_a_workload_is_refused(house: House) -> None:
    answer = await house.client.post("/v1/batches", content=ROWS, headers=CSV)
    assert answer.json()["errors"][0]["pointer"] == "workload"


async def test_an_upload_that_breaks_off_keeps_its_rows(open_house: OpenHouse) -> None:
    async def broken() -> AsyncIterator[bytes]:
        yield ROWS + b"six,6\nsev"
        await asyncio.Event().wait()

    async with open_house(LOADSTONE_BODY_SECONDS="0.2") as house:
        answer = await sent(house, broken())
        assert answer.json()["type"] == "/problems/body-timeout"
        (batch,) = house.batches.batches.values()
        assert answer.json()["detail"].endswith(f"Its 5 rows so far are kept: start or delete /v1/batches/{batch.id}.")
        assert (batch.state, batch.items) == (BatchState.INTERRUPTED, 5)
        assert (await house.client.post(f"/v1/batches/{batch.id}/start")).json()["state"] == "running"


async def test_an_upload_that_drips_is_ended(open_house: OpenHouse) -> None:
    async def dripping() -> AsyncIterator[bytes]:
        yield ROWS
        while True:
            yield b"\n"
            await asyncio.sleep(0.01)

    async with open_house(LOADSTONE_BODY_SECONDS="0.2") as house:
        answer = await sent(house, dripping())
        assert answer.json()["detail"].startswith("Fewer than 4,096 bytes came within 0.2 seconds.")


async def test_a_form_that_is_cut_keeps_its_rows(house: House) -> None:
    fields = b'--cut\r\nContent-Disposition: form-data; name="workload"\r\n\r\nwords\r\n'
    file = b'--cut\r\nContent-Disposition: form-data; name="file"; filename="rows.csv"\r\n\r\n' + ROWS
    headers = {"content-type": "multipart/form-data; boundary=cut"}
    answer = await house.client.post("/v1/batches", content=fields + file, headers=headers)
    assert answer.json()["type"] == "/problems/unreadable-upload"
    assert "Its 4 rows so far are kept" in answer.json()["detail"]
    (batch,) = house.batches.batches.values()
    assert (batch.state, batch.items) == (BatchState.INTERRUPTED, 4)


async def test_one_group_is_written_while_the_next_is_read(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    is_open = asyncio.Event()
    groups: list[int] = []
    given: list[bytes] = []
    add = house.batches.add

    async def add_slowly(batch: str, tenant: str, chunks: Sequence[Sequence[Row]], refusals: Sequence[Refusal]) -> None:
        groups.append(sum(map(len, chunks)))
        await is_open.wait()
        await add(batch, tenant, chunks, refusals)

    async def many() -> AsyncIterator[bytes]:
        for piece in [b"word\n", *[b"a\n" * 1_000] * 40]:
            given.append(piece)
            yield piece

    monkeypatch.setattr(house.batches, "add", add_slowly)
    sending = asyncio.create_task(sent(house, many()))
    # One group is being written, one is full: no further byte is taken.
    most = 1 + 2 * (GROUP_ROWS // 1_000 + 1)
    await comes_true(lambda: len(given) >= 2 * GROUP_ROWS // 1_000)
    for _ in range(100):
        await asyncio.sleep(0)
    assert (len(groups), sending.done()) == (1, False)
    assert len(given) <= most
    is_open.set()
    assert (await sending).json()["items"] == 40_000


async def test_a_slow_upload_shows_that_it_lives(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upload, "GROUP_SECONDS", 0.0)
    is_seen = asyncio.Event()

    async def slow() -> AsyncIterator[bytes]:
        yield ROWS
        await is_seen.wait()
        yield b"six,6\n"

    sending = asyncio.create_task(sent(house, slow()))
    await comes_true(lambda: any(batch.items == 4 for batch in house.batches.batches.values()))
    assert house.batches.batches["batch-0"].state is BatchState.UPLOADING
    is_seen.set()
    assert (await sending).json()["items"] == 5


async def test_uploads_have_a_bounded_number_of_places(house: House) -> None:
    is_over = asyncio.Event()

    async def waiting() -> AsyncIterator[bytes]:
        yield ROWS
        await is_over.wait()

    others = [asyncio.create_task(sent(house, waiting())) for _ in range(MOST_UPLOADS)]
    await comes_true(lambda: len(house.batches.batches) == MOST_UPLOADS)
    assert (await sent(house)).json()["type"] == "/problems/overloaded"
    is_over.set()
    assert {answer.status_code for answer in await asyncio.gather(*others)} == {201}
    assert (await sent(house)).status_code == 201


async def test_a_store_that_is_away_is_a_problem(house: House) -> None:
    house.batches.away = True
    assert (await sent(house)).status_code == 503


async def test_behind_a_group_that_is_lost_no_other_is_kept(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    add, calls = house.batches.add, 0

    async def add_but_once(batch: str, tenant: str, chunks: Any, refusals: Any) -> None:
        nonlocal calls
        calls += 1
        if calls == 2:
            raise DependencyError("postgres", "gone for a moment")
        await add(batch, tenant, chunks, refusals)

    monkeypatch.setattr(house.batches, "add", add_but_once)
    answer = await sent(house, b"word\n" + b"a\n" * 8 * GROUP_ROWS)
    assert answer.json()["type"] == "/problems/dependency-away"
    (batch,) = house.batches.batches.values()
    lines = [row.line for chunk in house.batches.rows[batch.id] for row in chunk]
    assert (batch.state, lines) == (BatchState.INTERRUPTED, list(range(2, len(lines) + 2)))
    assert GROUP_ROWS <= len(lines) < 2 * GROUP_ROWS + PIECE


async def test_a_cancelled_request_leaves_what_it_brought(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    is_begun, is_open, add = asyncio.Event(), asyncio.Event(), house.batches.add

    async def add_slowly(batch: str, tenant: str, chunks: Any, refusals: Any) -> None:
        is_begun.set()
        await is_open.wait()
        await add(batch, tenant, chunks, refusals)

    monkeypatch.setattr(house.batches, "add", add_slowly)
    sending = asyncio.create_task(sent(house, b"word\n" + b"a\n" * 4 * GROUP_ROWS))
    await is_begun.wait()
    sending.cancel()
    is_open.set()
    with pytest.raises(asyncio.CancelledError):
        await sending
    (batch,) = house.batches.batches.values()
    assert batch.state is BatchState.INTERRUPTED
    assert batch.items >= GROUP_ROWS
