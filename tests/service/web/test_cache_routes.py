from __future__ import annotations

from typing import Any

import pytest

from service.core.identity import Role
from tests.service.cache_rig import until
from tests.service.conftest import SECRET, House, OpenHouse
from tests.service.sample_workload import Meter, words_workload

DEAR = {"words": ["stone", "lode"], "lane": "dear"}


async def ask(house: House, words: dict[str, Any]) -> None:
    assert (await house.client.post("/v1/words", json=words)).status_code == 200


async def statistics(house: House) -> dict[str, Any]:
    answer = await house.client.get("/v1/cache")
    assert answer.headers["cache-control"] == "no-store"
    content: dict[str, Any] = answer.json()
    return content


async def test_statistics_tell_of_every_tier(house: House) -> None:
    fresh = await statistics(house)
    assert fresh["memory"]["hit_ratio"] is None
    await ask(house, DEAR)
    await ask(house, {"words": ["lode", "star"], "lane": "dear"})
    await until(lambda: len(house.tier.entries) == 3)
    told = await statistics(house)
    assert told["workers"] == 1
    memory, redis = told["memory"], told["shared"][0]
    assert (memory["hits"], memory["misses"], memory["entries"]) == (1, 3, 3)
    assert memory["hit_ratio"] == 0.25
    assert memory["resident_bytes"] > 0
    assert (redis["name"], redis["misses"], redis["written"]) == ("redis", 3, 3)


async def test_what_is_invalidated_is_made_anew(open_house: OpenHouse) -> None:
    meter = Meter()
    async with open_house(words_workload(meter)) as house:
        await ask(house, DEAR)
        await until(lambda: len(house.tier.entries) == 2)
        answer = await house.client.post("/v1/cache/invalidations", json={"workload": "words"})
        assert answer.status_code == 200
        assert answer.json() == {"entries": {"memory": 2, "redis": 2}, "unreached": []}
        await ask(house, DEAR)
        assert sorted(meter.measured) == ["lode", "lode", "stone", "stone"]


async def test_what_an_invalidation_does_not_reach_is_told(house: House) -> None:
    house.tier.away = True
    answer = await house.client.post("/v1/cache/invalidations", json={"pattern": "words:*"})
    assert answer.json()["unreached"] == [{"where": "redis", "reason": "away"}]


async def test_memory_is_warmed_as_far_as_something_is_known(house: House) -> None:
    answer = await house.client.post("/v1/cache/warmings", json={"workload": "words", "most_frequent": 5})
    assert (answer.status_code, answer.json()) == (200, {"entries": 0, "unreached": []})


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("invalidations", {}, 422),
        ("invalidations", {"workload": "words", "pattern": "*"}, 422),
        ("invalidations", {"workload": None}, 422),
        ("invalidations", {"keys": []}, 422),
        ("invalidations", {"pattern": "words:[0-9]"}, 422),
        ("invalidations", {"workload": "wrods"}, 404),
        ("warmings", {"most_frequent": 0}, 422),
        ("warmings", {"workload": "wrods"}, 404),
        ("warmings", {"tenant": "acme"}, 422),
    ],
)
async def test_what_makes_no_sense_is_refused(house: House, path: str, body: dict[str, Any], status: int) -> None:
    answer = await house.client.post(f"/v1/cache/{path}", json=body)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"


async def test_only_an_administrator_is_let_in(open_house: OpenHouse) -> None:
    keyed = {"LOADSTONE_KEYS": "on", "LOADSTONE_KEY_SECRET": SECRET.reveal().decode()}
    async with open_house(**keyed) as house:
        for role, expected in ((None, 401), (Role.READ, 403), (Role.WRITE, 403), (Role.ADMIN, 200)):
            shown = {} if role is None else {"authorization": f"Bearer {house.keys.add(role=role).decode()}"}
            for method, path, body in (
                ("GET", "/v1/cache", None),
                ("POST", "/v1/cache/invalidations", {"workload": "words"}),
                ("POST", "/v1/cache/warmings", {}),
            ):
                answer = await house.client.request(method, path, json=body, headers=shown)
                assert answer.status_code == expected, (role, path)
