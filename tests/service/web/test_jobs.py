from __future__ import annotations

import msgspec
import pytest

from service.core.ports import JobState
from service.web.endpoint import prefers_later
from tests.service.conftest import House
from tests.service.web.test_requests import check_problem

LATER = {"prefer": "respond-async"}


async def test_who_prefers_to_come_back_gets_a_job_and_later_its_answer(house: House) -> None:
    accepted = await house.client.post("/v1/words", json={"words": ["a"]}, headers=LATER)
    assert accepted.status_code == 202
    assert accepted.headers["preference-applied"] == "respond-async"
    place = accepted.headers["location"]
    identifier = accepted.json()["id"]
    assert place == f"/v1/jobs/{identifier}"
    assert msgspec.json.decode(house.jobs.requests[identifier]) == {"words": ["a"]}

    waiting = await house.client.get(place)
    assert waiting.json()["state"] == "queued"
    assert int(waiting.headers["retry-after"]) >= 1

    answer = msgspec.Raw(b'{"lengths":[]}')
    job = house.jobs.jobs[identifier]
    house.jobs.jobs[identifier] = msgspec.structs.replace(job, state=JobState.SUCCEEDED, answer=answer)
    done = await house.client.get(place)
    assert (done.json()["state"], done.json()["answer"]) == ("succeeded", {"lengths": []})
    assert "retry-after" not in done.headers
    assert await house.metric('loadstone_jobs_submitted_total{workload="words"}') == 1


@pytest.mark.parametrize("body", [{"words": [7]}, {"words": []}])
async def test_what_would_be_refused_later_is_refused_at_once(house: House, body: dict[str, object]) -> None:
    check_problem(await house.client.post("/v1/words", json=body, headers=LATER), "invalid-request")
    assert not house.jobs.jobs


async def test_a_database_that_is_away_is_said_without_its_secrets(house: House) -> None:
    house.jobs.away = True
    for answer in (
        await house.client.post("/v1/words", json={"words": ["a"]}, headers=LATER),
        await house.client.get("/v1/jobs/some"),
    ):
        check_problem(answer, "dependency-away")
        assert int(answer.headers["retry-after"]) >= 1
        assert "secret" not in answer.text
    assert (await house.client.post("/v1/words", json={"words": ["a"]})).status_code == 200, "answers need no database"


@pytest.mark.parametrize(
    ("value", "later"),
    [
        (b"respond-async", True),
        (b"wait=10, Respond-Async", True),
        (b"respond-async ; urgency=low, wait=10", True),
        (b"respond-asynchronously", False),
        (b"wait=10; respond-async", False),
        (b"", False),
    ],
)
def test_the_preference_is_read_as_a_list(value: bytes, later: bool) -> None:
    assert prefers_later({b"host": b"x", b"prefer": value}) is later
