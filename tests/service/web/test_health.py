from __future__ import annotations

from tests.service.conftest import House, OpenHouse


async def test_a_healthy_service_says_what_it_is(house: House) -> None:
    answer = await house.client.get("/health")
    health = answer.json()
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/health+json")
    assert (health["status"], health["environment"]) == ("pass", "development")
    assert health["uptime_seconds"] >= 0
    assert {name: checks[0]["status"] for name, checks in health["checks"].items()} == {
        "postgres:connectivity": "pass",
        "redis:connectivity": "pass",
    }


async def test_without_its_database_the_service_lives_but_is_not_ready(house: House) -> None:
    house.database.away = True
    assert (await house.client.get("/health/live")).status_code == 200
    for path in ("/health/ready", "/health"):
        answer = await house.client.get(path)
        assert (answer.status_code, answer.json()["status"]) == (503, "fail")
        assert answer.json()["checks"]["postgres:connectivity"][0]["output"] == "refused"


async def test_without_its_cache_the_service_is_ready_and_says_what_is_missing(house: House) -> None:
    house.cache.away = True
    answer = await house.client.get("/health/ready")
    assert (answer.status_code, answer.json()["status"]) == (200, "warn")


async def test_a_database_that_does_not_answer_is_not_waited_for(open_house: OpenHouse) -> None:
    async with open_house(LOADSTONE_PROBE_SECONDS="0.01") as house:
        house.database.silent = True
        answer = await house.client.get("/health/ready")
        assert answer.status_code == 503
        assert "no answer within 0.01 s" in answer.text


async def test_a_service_that_is_about_to_stop_is_not_ready_but_still_answers(house: House) -> None:
    house.instance.drain()
    assert (await house.client.get("/health/ready")).status_code == 503
    assert (await house.client.get("/health/live")).status_code == 200
    assert (await house.client.post("/v1/words", json={"words": ["a"]})).status_code == 200
