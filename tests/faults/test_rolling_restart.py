"""Workers are replaced under load (SIGHUP): every request that was accepted is answered."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.faults.comments import PATH, fresh
from tests.faults.conftest import State
from tests.faults.ground import wait_until
from tests.faults.stage import Stage
from tests.support.load import Traffic
from tests.support.tally import Tally

RATE = 150
UNHEARD = 0.01
"""Of all requests, so many may meet a worker that leaves at that very moment; they are sent once more."""


def all_kinds(connection: str) -> Iterator[bytes]:
    """Cheap requests, and now and then one that takes a while, so that every worker leaves in the middle of some."""
    cheap, dear = fresh(quality="fast", connection=connection), fresh(quality="good", connection=connection)
    while True:
        yield from (next(cheap) for _ in range(19))
        yield next(dear)


@pytest.mark.parametrize(("count", "connection"), [(1, "close"), (2, "keep-alive")])
def test_no_accepted_request_fails(tmp_path: Path, state: State, count: int, connection: str) -> None:
    with Stage(tmp_path, {"LOADSTONE_WORKERS": str(count)}) as stage:
        before = stage.workers()
        with Traffic(stage.service.port, all_kinds(connection), RATE, insistent=True) as traffic:
            traffic.wait_until(lambda tally: tally.ended >= 50)
            traffic.phase("during")
            stage.service.process.send_signal(signal.SIGHUP)
            wait_until(lambda: not before & stage.workers(), "all workers are replaced")
            traffic.phase("after")
            traffic.wait_until(lambda tally: tally.ended >= 50)

        state("requests", traffic)
        assert_none_failed(traffic.whole)
        begun = stage.counted("http_server_request_duration_seconds_count", f'http_route="{PATH}"')
        assert begun == traffic.whole.sent, "what the service had begun it also answered"
        assert len(stage.workers()) == count


def assert_none_failed(tally: Tally) -> None:
    assert tally.accepted + tally.refused == tally.sent, "who was not answered was told when to come back"
    assert (tally.lost, tally.unreached) == (0, 0)
    assert tally.unheard <= UNHEARD * tally.sent


def is_waited_for(traffic: Traffic) -> bool:
    whole = traffic.whole
    return whole.sent > whole.ended + RATE / 2 or whole.unreached > 0


def test_callers_wait_for_a_worker_that_starts_slowly(tmp_path: Path, state: State) -> None:
    with Stage(tmp_path, {"LOADSTONE_WORKERS": "1"}) as stage:
        [leaving] = stage.workers()
        with Traffic(stage.service.port, fresh(quality="fast", connection="close"), RATE, insistent=True) as traffic:
            stage.service.process.send_signal(signal.SIGHUP)
            wait_until(lambda: len(stage.workers()) == 2, "the next worker is there")
            [coming] = stage.workers() - {leaving}
            coming.suspend()
            psutil.wait_procs([leaving], 60)
            traffic.phase("nobody answers")
            wait_until(lambda: is_waited_for(traffic), "callers wait, or are sent away")
            coming.resume()
            traffic.phase("after")
            traffic.wait_until(lambda tally: tally.ended >= 50)

        state("requests", traffic)
        assert_none_failed(traffic.whole)
