"""Answers tell where their time went, and traces are taken on, of the requests for which somebody wants to know."""

from __future__ import annotations

import pytest

from service.core.identity import Role
from service.core.timeline import TracedRequest
from service.web.insight import Insight
from service.web.server_timing import CHOICES
from tests.service.conftest import SECRET, House, OpenHouse
from tests.service.web.test_server_timing import read

SAMPLED = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
WORDS = {"words": ["a", "bb"]}


class Sink:
    """Takes traced requests."""

    def __init__(self) -> None:
        self.requests: list[TracedRequest] = []

    def wants(self, traceparent: bytes) -> bool:
        return traceparent.endswith(b"1")

    def record(self, request: TracedRequest) -> None:
        self.requests.append(request)


@pytest.mark.parametrize(
    ("word", "headers", "told"),
    [
        ("off", {"x-server-timing": "1"}, False),
        ("asked", {}, False),
        ("asked", {"x-server-timing": "1"}, True),
        ("on", {}, True),
    ],
)
async def test_answers_tell_where_their_time_went(
    open_house: OpenHouse, word: str, headers: dict[str, str], told: bool
) -> None:
    async with open_house(LOADSTONE_SERVER_TIMING=word) as house:
        for _ in range(3):  # by the framework, by the short cut, from memory
            answer = await house.client.post("/v1/words", json=WORDS, headers=headers)
            assert answer.status_code == 200
            assert ("server-timing" in answer.headers) == told
            if told:
                found = read(answer.headers["server-timing"].encode())
                assert set(found) == {"queue", "cache", "fetch", "batch", "compute", "db", "total"}
                assert found["total"] > 0
        refused = await house.client.post("/v1/words", json={"words": []}, headers=headers)
        assert ("server-timing" in refused.headers) == told


@pytest.fixture
def sink(house: House) -> Sink:
    """Takes the traces of the house, which tells no times."""
    sink = Sink()
    house.app._insight = Insight(CHOICES["off"], sink)
    return sink


async def test_the_requests_that_a_caller_samples_are_traced_and_told_nothing(house: House, sink: Sink) -> None:
    answers = [
        await house.client.post("/v1/words", json=WORDS, headers={"traceparent": traceparent})
        for traceparent in (SAMPLED, SAMPLED[:-1] + "0", "nonsense1", SAMPLED)
    ]
    missing = await house.client.get("/nowhere", headers={"traceparent": SAMPLED})
    assert all("server-timing" not in answer.headers for answer in answers)
    assert [(one.method, one.route, one.status) for one in sink.requests] == [
        ("POST", "/v1/words", 200),
        ("POST", "/v1/words", 200),
        ("GET", "_OTHER", missing.status_code),
    ]
    first = sink.requests[0]
    assert first.traceparent == SAMPLED.encode()
    assert first.tenant == "public"
    assert first.request_id == answers[0].headers["x-request-id"]
    assert first.timeline is not None
    assert 0 < first.ended - first.started < 60


async def test_a_trace_names_the_tenant_even_of_who_is_refused(open_house: OpenHouse) -> None:
    sink = Sink()
    async with open_house(LOADSTONE_KEYS="on", LOADSTONE_KEY_SECRET=SECRET.reveal().decode()) as house:
        house.app._insight = Insight(CHOICES["off"], sink)
        key = house.keys.add(tenant="acme", role=Role.READ).decode()
        said = {"traceparent": SAMPLED, "x-api-key": key}
        for _ in range(2):  # asked for, known
            assert (await house.client.post("/v1/words", json=WORDS, headers=said)).status_code == 403
    assert [one.tenant for one in sink.requests] == ["acme", "acme"]
