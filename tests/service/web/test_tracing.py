from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.web.tracing import request_ids, trace_of
from tests.service.conftest import House

TRACEPARENT = b"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


async def test_the_callers_names_come_back(house: House) -> None:
    headers = {"x-request-id": "order-4711", "traceparent": TRACEPARENT.decode()}
    for path in ("/health/live", "/nowhere"):
        answer = await house.client.get(path, headers=headers)
        assert {name: answer.headers[name] for name in headers} == headers


async def test_who_names_nothing_gets_a_name(house: House) -> None:
    first, second = [(await house.client.get("/")).headers for _ in range(2)]
    assert first["x-request-id"] != second["x-request-id"]
    assert "traceparent" not in first


@given(st.binary(max_size=200))
def test_only_sane_names_are_taken_over(name: bytes) -> None:
    trace = trace_of({b"x-request-id": name}, lambda: "ours")
    assert re.fullmatch(r"[A-Za-z0-9._-]{1,128}", trace.request_id)
    assert trace.request_id in ("ours", name.decode("latin-1"))


@pytest.mark.parametrize(
    "value",
    [
        TRACEPARENT.replace(b"4bf92f3577b34da6a3ce929d0e0e4736", b"0" * 32),
        TRACEPARENT.replace(b"00f067aa0ba902b7", b"0" * 16),
        TRACEPARENT.replace(b"00-4", b"ff-4"),
        TRACEPARENT.upper(),
        TRACEPARENT + b"-more",
        TRACEPARENT + b"\r\nset-cookie: x",
        b"",
    ],
)
def test_a_broken_trace_is_no_trace(value: bytes) -> None:
    trace = trace_of({b"traceparent": value}, lambda: "ours")
    assert (trace.trace_id, trace.traceparent) == ("", b"")


def test_a_sound_trace_is_known_by_its_id() -> None:
    assert trace_of({b"traceparent": TRACEPARENT}, lambda: "ours").trace_id == "4bf92f3577b34da6a3ce929d0e0e4736"


def test_made_names_differ_between_makers_and_within_one() -> None:
    makers = [request_ids(lambda size: b"\x01" * size), request_ids(lambda size: b"\x02" * size)]
    assert len({make() for make in makers for _ in range(3)}) == 6
