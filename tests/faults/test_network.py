"""The network between the service and its servers: slow, narrow, cut, reset, half closed, swallowing, refusing.

Whatever happens there, analyses go on; jobs are accepted and answered, or say when to come back.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from service.adapters.redis import TIMEOUT_SECONDS
from tests.faults.comments import fresh
from tests.faults.conftest import State
from tests.faults.jobs import AWAY, JobBook
from tests.faults.stage import NO_MEMORY, Stage, wait_until
from tests.support.fault_proxy import Ending, Fault, FaultProxy
from tests.support.load import Traffic

Begin = Callable[[FaultProxy], None]
HALF = Fault(cut_after=0, ending=Ending.HALF_CLOSE)
STALLED = Fault(stalled=True)


def refuse(proxy: FaultProxy) -> None:
    proxy.refuse()
    proxy.sever(Ending.RESET)


FAULTS: dict[str, Begin] = {
    "slow": lambda proxy: proxy.inflict(to_client=Fault(latency=TIMEOUT_SECONDS, jitter=TIMEOUT_SECONDS)),
    "narrow": lambda proxy: proxy.inflict(to_client=Fault(bytes_per_second=2_000)),
    "closed in the middle": lambda proxy: proxy.inflict(to_client=Fault(cut_after=7)),
    "reset in the middle": lambda proxy: proxy.inflict(Fault(cut_after=60, ending=Ending.RESET)),
    "half closed by the server": lambda proxy: proxy.inflict(to_client=HALF),
    "half closed by the service": lambda proxy: proxy.inflict(HALF),
    "swallowing answers": lambda proxy: proxy.inflict(to_client=STALLED),
    "swallowing everything": lambda proxy: proxy.inflict(STALLED, STALLED),
    "refusing": refuse,
}
each_fault = pytest.mark.parametrize("begin", FAULTS.values(), ids=FAULTS)


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """A service that asks Valkey for everything, and a worker for its jobs."""
    with (
        Stage(tmp_path_factory.mktemp("network"), NO_MEMORY, proxied=True) as opened,
        opened.with_worker(),
    ):
        yield opened


@each_fault
def test_between_the_service_and_valkey(stage: Stage, begin: Begin, state: State) -> None:
    with Traffic(stage.service.port, fresh(), rate=8) as traffic:
        traffic.wait_until(lambda tally: tally.ended >= 8)
        during = traffic.phase("during")
        begin(stage.to_valkey)
        traffic.wait_until(lambda tally: tally.ended >= 16)
        stage.to_valkey.heal()
        traffic.phase("after")
        traffic.wait_until(lambda tally: tally.ended >= 5)

    state("analyses", traffic)
    assert traffic.whole.accepted == traffic.whole.sent, "nothing was lost, refused or failed"
    assert during.latency(0.5) < traffic.phases["before"].latency(0.5) + TIMEOUT_SECONDS / 2, "not everybody waits"
    stage.wait_until_valkey_is_used()


@each_fault
def test_between_the_service_and_postgres(stage: Stage, begin: Begin, state: State) -> None:
    book, port = JobBook(), stage.service.port
    as_job = fresh(quality="fast", prefer="respond-async")
    with Traffic(port, fresh(), rate=5) as analyses, Traffic(port, as_job, 10, book.note) as jobs:
        jobs.wait_until(lambda tally: tally.ended >= 5)
        analyses.phase("during")
        jobs.phase("during")
        begin(stage.to_postgres)
        jobs.wait_until(lambda tally: tally.ended >= 10)
        stage.to_postgres.heal()
        wait_until(stage.service.is_ready, "the service has found its database again")
        analyses.phase("after")
        after = jobs.phase("after")
        jobs.wait_until(lambda tally: tally.ended >= 5)

    state("analyses", analyses)
    state("jobs", jobs)
    assert analyses.whole.accepted == analyses.whole.sent, "no analysis was lost, refused or failed"
    assert jobs.whole.accepted + jobs.whole.refused == jobs.whole.sent, "no job was lost or failed without a word"
    assert book.problems <= {AWAY}
    assert after.accepted == after.sent
    assert jobs.whole.accepted == len(book.places)
    book.wait_until_answered(stage.service.url)
