"""A service whose worker runs out of memory refuses new work, and answers what it can without."""

from __future__ import annotations

from service.core.memory_watch import Shortage
from tests.service.conftest import House

WORDS = {"words": ["a", "bb"]}


async def test_a_service_short_of_memory_refuses_what_is_not_cached_and_nothing_else(house: House) -> None:
    assert (await house.client.post("/v1/words", json=WORDS)).status_code == 200
    watch = next(iter(house.app._endpoints.values()))._pipeline._watch
    watch.stop()
    watch.shortage = Shortage.ALL
    assert (await house.client.post("/v1/words", json=WORDS)).status_code == 200
    refused = await house.client.post("/v1/words", json={"words": ["ccc"]})
    assert (refused.status_code, refused.json()["type"]) == (503, "/problems/overloaded")
    assert int(refused.headers["retry-after"]) >= 1
    assert (await house.client.get("/health/live")).status_code == 200
    assert (await house.client.get("/health/ready")).status_code == 503
    series = 'loadstone_refusals_total{{workload="words",priority="{}",reason="memory"}}'
    assert await house.metric(series.format("interactive")) == 1

    watch.shortage = Shortage.BULK
    bulk = await house.client.post("/v1/words", json={"words": ["ccc"]}, headers={"priority": "u=7"})
    assert bulk.status_code == 503
    assert await house.metric(series.format("bulk")) == 1
    assert (await house.client.post("/v1/words", json={"words": ["ccc"]})).status_code == 200


async def test_memory_and_its_limits_are_told_to_whoever_scrapes(house: House) -> None:
    limit = await house.metric('loadstone_memory_limit_bytes{account="machine"}')
    assert 0 < await house.metric('loadstone_memory_taken_bytes{account="machine"}') < limit
