"""Batches over HTTP: watched, steered, and given out again."""

from __future__ import annotations

import asyncio
import csv
import io
from collections.abc import AsyncIterator, Sequence
from typing import Any

import msgspec
import pytest

from service.core.batches import Batch, BatchState, RowResult, RowState
from service.core.errors import DependencyError
from service.core.identity import Role
from service.web.batch_routes.streams import HEARTBEAT_EVENTS, as_events, harmless
from tests.service.conftest import SECRET, House, OpenHouse
from tests.service.web.batch_routes.sending import CSV, ROWS, sent


async def filled(house: House) -> str:
    """A batch with a result of each kind."""
    identifier: str = (await sent(house)).json()["id"]
    house.batches.made[identifier] = [
        RowResult(line=2, state=RowState.SUCCEEDED, subject="one", id="=1+1", result=b'{"length":3}'),
        RowResult(line=3, state=RowState.FAILED, subject="@two", error="http-404", reason="there is none"),
        RowResult(line=5, state=RowState.SUCCEEDED, subject="four", result=b'{"length":4}'),
    ]
    return identifier


async def test_results_that_break_off_do_not_look_whole(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(*_: Any, **__: Any) -> AsyncIterator[Sequence[RowResult]]:
        yield house.batches.made[identifier]
        raise DependencyError("postgres", "gone")

    identifier = await filled(house)
    monkeypatch.setattr(house.batches, "results", broken)
    messages = []

    async def send(message: Any) -> None:
        messages.append(message)

    async def receive() -> Any:
        return await asyncio.Event().wait()

    scope = {"type": "http", "method": "GET", "path": f"/v1/batches/{identifier}/results", "query_string": b""}
    with pytest.raises(Exception, match="after response started"):
        await house.app({**scope, "headers": [(b"host", b"a")], "http_version": "1.1"}, receive, send)
    assert messages[-1]["more_body"]


async def test_results_come_as_objects_a_line(house: House) -> None:
    identifier = await filled(house)
    answer = await house.client.get(f"/v1/batches/{identifier}/results")
    assert answer.headers["content-type"] == "application/x-ndjson"
    first, second, third = map(msgspec.json.decode, answer.content.splitlines())
    assert (first["result"], first["id"]) == ({"length": 3}, "=1+1")
    assert (second["error"], second["reason"], second["state"]) == ("http-404", "there is none", "failed")
    assert "error" not in third


@pytest.mark.parametrize(
    ("query", "lines"),
    [
        ("state=failed", [3]),
        ("error=dns", []),
        ("after=2", [3, 5]),
        ("after=2&limit=1", [3]),
        ("state=succeeded", [2, 5]),
    ],
)
async def test_results_can_be_chosen(house: House, query: str, lines: list[int]) -> None:
    identifier = await filled(house)
    answer = await house.client.get(f"/v1/batches/{identifier}/results?{query}")
    assert [msgspec.json.decode(line)["line"] for line in answer.content.splitlines()] == lines


@pytest.mark.parametrize("ask", [{"params": {"format": "csv"}}, {"headers": {"accept": "text/csv"}}])
async def test_a_table_holds_no_formula(house: House, ask: dict[str, Any]) -> None:
    identifier = await filled(house)
    answer = await house.client.get(f"/v1/batches/{identifier}/results", **ask)
    assert answer.headers["content-disposition"] == f'attachment; filename="{identifier}.csv"'
    first, second, _ = csv.DictReader(io.StringIO(answer.text))
    assert (first["id"], first["result"]) == ("'=1+1", '{"length":3}')
    assert second["subject"] == "'@two"


@pytest.mark.parametrize("cell", ["=a", "+a", "-a", "@a", "\ta", "\ra", "\na"])
def test_what_begins_a_formula_is_made_harmless(cell: str) -> None:
    assert harmless(cell) == f"'{cell}"
    assert harmless(f"a{cell}") == f"a{cell}"


@pytest.mark.parametrize(
    "query",
    ["format=xml", "state=odd", "after=-1", "limit=0", "limit=x", "error=%00", "what=1", "state=failed&state=failed"],
)
async def test_a_query_that_is_not_understood_is_refused(house: House, query: str) -> None:
    identifier = await filled(house)
    answer = await house.client.get(f"/v1/batches/{identifier}/results?{query}")
    assert (answer.status_code, answer.json()["errors"][0]["pointer"][0]) == (422, "?")


async def test_events_tell_every_change_until_the_end(house: House) -> None:
    identifier = await filled(house)
    events = []

    async def hear() -> None:
        async with house.client.stream("GET", f"/v1/batches/{identifier}/events") as answer:
            assert answer.headers["content-type"] == "text/event-stream"
            events.extend([line async for line in answer.aiter_lines() if line.startswith("data: ")])

    house.batches.set(identifier, succeeded=4, state=BatchState.COMPLETED, finished_at=2.0)
    await asyncio.wait_for(hear(), 30)
    (told,) = [msgspec.json.decode(event[6:]) for event in events]
    assert (told["state"], told["progress"]) == ("completed", 1.0)


async def test_a_quiet_batch_is_told_to_be_alive_and_a_deleted_one_to_be_gone(house: House) -> None:
    batch = house.batches.batches[await filled(house)]
    looks = iter([*[batch] * (HEARTBEAT_EVENTS + 1), msgspec.structs.replace(batch, succeeded=1), None])

    async def find() -> Batch | None:
        return next(looks)

    told = [event.split(b"\n")[0] async for event in as_events(find, lambda: False, seconds=0.0)]
    assert told == [b"event: progress", b": still here", b"event: progress", b"event: gone"]


async def test_events_end_when_the_service_stops(house: House) -> None:
    house.instance.drain()
    identifier = await filled(house)
    assert (await house.client.get(f"/v1/batches/{identifier}/events")).content == b""


async def test_pages_lead_to_older_batches(house: House) -> None:
    for _ in range(3):
        await sent(house)
    first = (await house.client.get("/v1/batches?limit=2")).json()
    assert [batch["id"] for batch in first["batches"]] == ["batch-2", "batch-1"]
    second = (await house.client.get(first["next"])).json()
    assert ([batch["id"] for batch in second["batches"]], second["next"]) == (["batch-0"], None)


async def test_a_batch_is_steered_and_what_cannot_be_is_a_conflict(house: House) -> None:
    identifier = (await sent(house)).json()["id"]
    where = f"/v1/batches/{identifier}"
    assert (await house.client.post(f"{where}/pause")).json()["state"] == "paused"
    assert (await house.client.post(f"{where}/pause")).json()["state"] == "paused"
    refused = await house.client.post(f"{where}/retry")
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/not-in-state")
    assert refused.json()["detail"] == "A batch that is paused cannot retry."
    assert (await house.client.post(f"{where}/resume")).json()["state"] == "running"
    assert (await house.client.delete(where)).status_code == 409
    assert (await house.client.post(f"{where}/cancel")).json()["state"] == "cancelled"
    assert (await house.client.delete(where)).status_code == 204
    assert (await house.client.get(where)).status_code == 404


@pytest.mark.parametrize("rest", ["", "/events", "/results", "/errors"])
async def test_what_is_not_there_is_not_found(house: House, rest: str) -> None:
    assert (await house.client.get(f"/v1/batches/nothing{rest}")).status_code == 404


@pytest.mark.parametrize("verb", ["start", "explode"])
async def test_nothing_is_done_to_what_is_not_there(house: House, verb: str) -> None:
    assert (await house.client.post(f"/v1/batches/nothing/{verb}")).status_code == 404


async def test_keys_open_what_their_role_and_tenant_may_see(open_house: OpenHouse) -> None:
    async with open_house(LOADSTONE_KEYS="on", LOADSTONE_KEY_SECRET=SECRET.reveal().decode()) as house:
        write, read, other = house.keys.add(), house.keys.add(role=Role.READ), house.keys.add(tenant="bolt")

        async def status(method: str, path: str, key: bytes) -> int:
            headers = {"authorization": f"Bearer {key.decode()}", **CSV}
            content = ROWS if path.endswith("words") else None
            return (await house.client.request(method, path, headers=headers, content=content)).status_code

        assert await status("POST", "/v1/batches?workload=words", read) == 403
        assert await status("POST", "/v1/batches?workload=words", write) == 201
        for rest in ("", "/results", "/errors"):
            seen = [await status("GET", f"/v1/batches/batch-0{rest}", key) for key in (write, read, other)]
            assert seen == [200, 200, 404]
        for method, rest in (("POST", "/pause"), ("DELETE", "")):
            refused = [await status(method, f"/v1/batches/batch-0{rest}", key) for key in (read, other)]
            assert refused == [403, 404]
        assert (await house.client.get("/v1/batches")).status_code == 401
