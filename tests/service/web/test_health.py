from __future__ import annotations

import pytest

from service.core.memory_accounts import MemoryAccount
from service.core.memory_watch import MemoryWatch
from service.core.metrics import Metrics, layout_of
from service.web.health import Doctor
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
        "memory:utilization": "pass",
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


@pytest.mark.parametrize(
    ("percent", "service", "memory"),
    [(50, "pass", "pass"), (85, "warn", "warn"), (92, "warn", "warn"), (99, "fail", "fail")],
)
async def test_a_worker_short_of_memory_says_so(percent: int, service: str, memory: str) -> None:
    watch = MemoryWatch(
        [MemoryAccount("group", 1000, lambda: percent * 10)], Metrics(layout_of((), (), ())), lambda share: None
    )
    watch.look()
    doctor = Doctor(
        required=[],
        helpful=[],
        is_draining=lambda: False,
        patience=1.0,
        version="1",
        environment="staging",
        workers=1,
        started_at=0.0,
        memory=watch,
    )
    health = await doctor.examine()
    (check,) = health.checks["memory:utilization"]
    assert (health.status, check.status) == (service, memory)
    assert (check.observed_value, check.observed_unit, check.component_type) == (percent, "percent", "system")
    assert bool(check.output) == (memory != "pass")
