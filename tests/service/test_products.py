"""Catalogues in the real service: filled by batches, the same in all of its processes and after a new start."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from loadtests._payloads._goods import good
from loadtests._payloads._pictures import picture
from tests.service.running import PATIENCE, RunningService

PRODUCTS = 36
TRIES = 500
LOOK = {"data": base64.b64encode(picture("tiny", 3).content).decode()}


def lines() -> bytes:
    goods = [good(number) for number in range(PRODUCTS)]
    rows = [
        {
            "id": each.id,
            "title": each.title,
            "description": each.description,
            "category": each.category,
            "price": each.price,
            "attributes": "; ".join(f"{name}={value}" for name, value in each.attributes.items()),
        }
        for each in goods
    ]
    return b"".join(msgspec.json.encode(row) + b"\n" for row in [*rows, {"id": "bad", "title": ""}])


def found(client: httpx.Client, **question: Any) -> httpx.Response:
    answer = client.post("/v1/products/search", json={"use_cache": False, "limit": 5, **question})
    assert answer.status_code == 200, answer.text
    return answer


def told_by_all(service: RunningService, **question: Any) -> bytes:
    """The one answer of both processes, each asked by connections of its own, once the catalogue was learned of."""
    answers: dict[str, bytes] = {}
    for _ in range(TRIES):
        with httpx.Client(base_url=service.url, timeout=PATIENCE) as client:
            listed = client.get("/v1/products/items", params={"limit": 1_000}).json()["products"]
            answer = found(client, **question)
        if answer.json()["revision"] > max(each["revision"] for each in listed):
            answers[answer.headers["x-request-id"].partition("-")[0]] = answer.content
        if len(answers) == 2:
            break
    assert len(answers) == 2
    assert len(set(answers.values())) == 1
    return answer.content


def test_a_catalogue_is_the_same_for_all_processes_and_after_a_new_start(tmp_path: Path) -> None:
    with RunningService(tmp_path, LOADSTONE_WORKERS="2") as service:
        service.wait_until_ready()
        with httpx.Client(base_url=service.url, timeout=PATIENCE) as client:
            files = {"file": ("catalogue.ndjson", lines(), "application/x-ndjson")}
            sent = client.post("/v1/batches", data={"workload": "products", "name": "spring"}, files=files)
            assert sent.status_code == 201, sent.text
            with client.stream("GET", f"{sent.headers['location']}/events") as events:
                told = [msgspec.json.decode(line[6:]) for line in events.iter_lines() if line.startswith("data: ")]
            assert (told[-1]["state"], told[-1]["succeeded"], told[-1]["refused"]) == ("completed", PRODUCTS, 1)
            pictured = {"id": "pictured", "title": "Cuadro", **LOOK}
            assert client.post("/v1/products", json={"products": [pictured]}).status_code == 200
        wanted = good(17)
        before = told_by_all(service, text=wanted.words, facets=True)
        answer = msgspec.json.decode(before)
        assert answer["products"][0]["id"] == wanted.id
        assert answer["fitting"] == PRODUCTS + 1
        assert msgspec.json.decode(told_by_all(service, **LOOK))["products"][0]["id"] == "pictured"
        assert service.stop() == 0
    with RunningService(tmp_path, LOADSTONE_WORKERS="2") as service:
        service.wait_until_ready()
        assert told_by_all(service, text=wanted.words, facets=True) == before


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ({"data": base64.b64encode(b"not a picture").decode()}, "picture"),
        ({"data": base64.b64encode(picture("tiny", 3).content[:200]).decode()}, "."),
    ],
)
def test_a_bad_picture_is_a_clear_problem_and_no_worker_ends(
    running_service: RunningService, body: dict[str, str], reason: str
) -> None:
    with httpx.Client(base_url=running_service.url, timeout=PATIENCE) as client:
        for path, question in (
            ("/v1/products/search", body),
            ("/v1/products", {"products": [{"id": "x", "title": "X", **body}]}),
        ):
            answer = client.post(path, json=question)
            assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")
            assert reason in answer.json()["errors"][0]["detail"] or reason == "."
        assert client.get("/health/ready").status_code == 200
