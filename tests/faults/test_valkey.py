"""Valkey may die, lose everything, be full, hang or start anew: no request notices but by its cost."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
from redis import Redis

from tests.faults.comments import fresh
from tests.faults.conftest import State
from tests.faults.stage import NO_MEMORY, WAITED, Stage
from tests.support.load import Traffic

RATE = 8
"""Requests a second, far from what one core can do, also when it has other work."""


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """A service that asks Valkey for everything."""
    with Stage(tmp_path_factory.mktemp("valkey"), NO_MEMORY) as opened:
        yield opened


def client(stage: Stage) -> Redis:
    return Redis.from_url(stage.ground.redis_url)


def flush(stage: Stage) -> None:
    with client(stage) as valkey:
        valkey.flushall()


def fill(stage: Stage) -> None:
    """From now on Valkey refuses whatever takes memory, and keeps what it has."""
    with client(stage) as valkey:
        valkey.config_set("maxmemory-policy", "noeviction")
        valkey.config_set("maxmemory", 1)


def make_room(stage: Stage) -> None:
    with client(stage) as valkey:
        valkey.config_set("maxmemory", 0)


def nothing(stage: Stage) -> None:
    """What is needed after a fault that is over at once."""


def restart(stage: Stage) -> None:
    stage.ground.valkey.stop()
    stage.ground.valkey.start()


@dataclass(frozen=True)
class Fault:
    """How a fault begins and how it ends."""

    begin: Callable[[Stage], None]
    end: Callable[[Stage], None]


FAULTS = {
    "killed": Fault(lambda stage: stage.ground.valkey.kill(), lambda stage: stage.ground.valkey.start()),
    "flushed": Fault(flush, nothing),
    "full": Fault(fill, make_room),
    "hanging": Fault(lambda stage: stage.ground.valkey.hang(), lambda stage: stage.ground.valkey.go_on()),
    "restarted": Fault(restart, nothing),
}


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_analyses_go_on_and_the_cache_comes_back(stage: Stage, fault: Fault, state: State) -> None:
    with Traffic(stage.service.port, fresh(), RATE) as traffic:
        traffic.wait_until(lambda tally: tally.ended >= 8)
        during = traffic.phase("during")
        fault.begin(stage)
        traffic.wait_until(lambda tally: tally.ended >= 20)
        fault.end(stage)
        after = traffic.phase("after")
        traffic.wait_until(lambda tally: tally.ended >= 8)

    state("analyses", traffic)
    before = traffic.phases["before"]
    assert traffic.whole.accepted == traffic.whole.sent, "nothing was lost, refused or failed"
    assert during.latency(0.5) < before.latency(0.5) + WAITED, "not every request waits for what does not answer"
    assert after.latency(0.5) < before.latency(0.5) + WAITED
    stage.wait_until_valkey_is_used()
