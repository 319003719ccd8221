"""A batch through the real service: sent over HTTP, worked off by its own worker, every row with one result."""

from __future__ import annotations

import httpx
import msgspec

from tests.service.running import PATIENCE, RunningService

ROWS = 2_500
TEXTS = ("Excelente atención", "Muy lento el internet", "Me cobraron dos veces")


def test_every_row_of_a_batch_gets_one_result(running_service: RunningService) -> None:
    lines = ["id,text", *(f'c-{number},"{TEXTS[number % 3]}, {number}"' for number in range(ROWS)), "c-x,"]
    with httpx.Client(base_url=running_service.url, timeout=PATIENCE) as client:
        fields = {"workload": "comments", "name": "survey", "options": '{"quality": "fast"}'}
        sent = client.post("/v1/batches", data=fields, files={"file": ("survey.csv", "\n".join(lines).encode())})
        assert sent.status_code == 201, sent.text
        where = sent.headers["location"]
        with client.stream("GET", f"{where}/events") as events:
            told = [msgspec.json.decode(line[6:]) for line in events.iter_lines() if line.startswith("data: ")]
        done = [each["done"] for each in told]
        assert done == sorted(done)
        assert (told[-1]["state"], told[-1]["succeeded"], told[-1]["refused"]) == ("completed", ROWS, 1)
        results = [msgspec.json.decode(line) for line in client.get(f"{where}/results").text.splitlines()]
        assert [each["line"] for each in results] == list(range(2, ROWS + 2))
        assert [each["id"] for each in results] == [f"c-{number}" for number in range(ROWS)]
        assert {each["result"]["sentiment"]["label"] for each in results[::3]} == {"positive"}
        assert client.delete(where).status_code == 204
        assert client.get(where).status_code == 404
