"""The network between the service and its servers: slow, narrow, cut, reset, half closed, swallowing.

Whatever happens there, analyses go on; jobs are accepted and answered, or say when to come back.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from service.core.far_tier import READ_PATIENCE
from tests.faults.comments import fresh
from tests.faults.conftest import State
from tests.faults.ground import wait_until
from tests.faults.jobs import AWAY, JobBook
from tests.faults.stage import NO_MEMORY, WAITED, Stage
from tests.support.fault_proxy import NONE, Ending, Fault
from tests.support.load import Traffic

FAULTS: dict[str, tuple[Fault, Fault]] = {
    "slow": (NONE, Fault(latency=READ_PATIENCE, jitter=READ_PATIENCE)),
    "narrow": (NONE, Fault(bytes_per_second=2_000)),
    "closed in the middle": (NONE, Fault(cut_after=7)),
    "reset in the middle": (Fault(cut_after=60, ending=Ending.RESET), NONE),
    "half closed": (NONE, Fault(cut_after=0, ending=Ending.HALF_CLOSE)),
    "swallowing": (Fault(stalled=True), Fault(stalled=True)),
}
"""What happens to the bytes on their way to the server, and on their way back."""
each_fault = pytest.mark.parametrize("faults", FAULTS.values(), ids=FAULTS)


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """A service that asks Valkey for everything, and a worker for its jobs."""
    with (
        Stage(tmp_path_factory.mktemp("network"), NO_MEMORY, proxied=True) as opened,
        opened.with_worker(),
    ):
        yield opened


@each_fault
def test_between_the_service_and_valkey(stage: Stage, faults: tuple[Fault, Fault], state: State) -> None:
    with Traffic(stage.service.port, fresh(), rate=8) as traffic:
        traffic.wait_until(lambda tally: tally.ended >= 6)
        during = traffic.phase("during")
        stage.ground.to_valkey.inflict(*faults)
        traffic.wait_until(lambda tally: tally.ended >= 12)
        stage.ground.to_valkey.heal()
        traffic.phase("after")
        traffic.wait_until(lambda tally: tally.ended >= 5)

    state("analyses", traffic)
    assert traffic.whole.accepted == traffic.whole.sent, "nothing was lost, refused or failed"
    assert during.latency(0.5) < traffic.phases["before"].latency(0.5) + WAITED, "not everybody waits"
    stage.wait_until_valkey_is_used()


@each_fault
def test_between_the_service_and_postgres(stage: Stage, faults: tuple[Fault, Fault], state: State) -> None:
    book, port = JobBook(), stage.service.port
    as_job = fresh(quality="fast", prefer="respond-async")
    with Traffic(port, fresh(), rate=5) as analyses, Traffic(port, as_job, 10, book.note) as jobs:
        jobs.wait_until(lambda tally: tally.ended >= 5)
        during = analyses.phase("during")
        jobs.phase("during")
        stage.ground.to_postgres.inflict(*faults)
        jobs.wait_until(lambda tally: tally.ended >= 10)
        analyses.wait_until(lambda tally: tally.ended >= 5)
        stage.ground.to_postgres.heal()
        wait_until(stage.service.is_ready, "the service has found its database again")
        analyses.phase("after")
        after = jobs.phase("after")
        jobs.wait_until(lambda tally: tally.ended >= 5)

    state("analyses", analyses)
    state("jobs", jobs)
    assert analyses.whole.accepted == analyses.whole.sent, "no analysis was lost, refused or failed"
    assert during.latency(0.5) < analyses.phases["before"].latency(0.5) + WAITED, "not everybody waits"
    assert jobs.whole.accepted + jobs.whole.refused == jobs.whole.sent, "no job was lost or failed without a word"
    assert book.problems <= {AWAY}
    assert after.accepted == after.sent
    assert jobs.whole.accepted == len(book.places)
    book.wait_until_answered(stage.service.url)
