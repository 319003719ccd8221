"""A test from wish to result: what is sent, what is learnt, and what ends it early."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import pytest

from slo import conductor, record, spec
from slo.capacity import survey
from slo.capacity.conduct import Wish, capacities
from slo.capacity.plan import Course
from slo.capacity.search import Range
from slo.capacity.steps import Observed
from slo.live import Progress
from tests.slo.capacity.queueing import SETTLE_S, STEP_S, Server, step

Sent = list[tuple[float, int]]

QUICK, SLOW = Server(1000.0), Server(30.0)
"""The second one answers where less than 100 a second are sent."""


@pytest.fixture(name="sent")
def simulated_conductor(monkeypatch: pytest.MonkeyPatch) -> Sent:
    """No process is started: the queue answers the plan that is in the arguments. Rates and seeds as they were sent."""
    sent: Sent = []

    def load(arguments: Sequence[str], path: Path, on_progress: Callable[[Progress], None]) -> None:
        options = dict(zip(arguments[::2], arguments[1::2], strict=True))
        plan = tomllib.loads(Path(options["--plan"]).read_text(encoding="utf-8"))
        rate, seed = plan["stages"][1]["rate"], int(options["--seed"])
        sent.append((rate, seed))
        on_progress(Progress())
        record.write(path, step(rate, SLOW if rate < 100 else QUICK, seed))

    monkeypatch.setattr(conductor, "load", load)
    return sent


def wish(folder: Path, *, steps: int = 6, low: float = 200.0, repeat: int = 1) -> Wish:
    return Wish(
        name="light",
        base={"mix": {"comments": 1.0}, "objectives": ("comments",), "payloads": {}},
        specifications=spec.load(),
        environment="development",
        limits=Range(low, 100_000.0, steps),
        course=Course(SETTLE_S, STEP_S),
        seed=40,
        folder=folder,
        repeat=repeat,
    )


def test_every_step_has_rates_from_the_search_and_a_seed_of_its_own(sent: Sent, tmp_path: Path) -> None:
    told: list[Observed] = []
    found = list(capacities(wish(tmp_path, repeat=2), "http://127.0.0.1:9", told.append))

    assert [run.ended_by for run in found] == ["objectives", "objectives"]
    assert [rate for rate, _ in sent[:4]] == [200, 400, 800, 1600]
    assert len({seed for _, seed in sent}) == len(sent) == len(told) == 12
    assert sent[0][1] == 41
    assert (tmp_path / "test-2" / found[1].steps[5].record).is_file()


def test_a_service_that_ends_ends_the_test(sent: Sent, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lost = SimpleNamespace(url="http://127.0.0.1:9", cores={0}, loss="the service ended during the load")

    @contextmanager
    def service(_: Path) -> Iterator[SimpleNamespace]:
        yield lost

    monkeypatch.setattr(conductor, "service", service)

    with pytest.raises(survey.ServiceLostError, match="ended during the load"):
        list(capacities(wish(tmp_path), None, lambda _: None))
    assert len(sent) == 1


def test_a_machine_that_disturbs_every_step_is_unfit(
    sent: Sent, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def spoilt(_: Sequence[str], path: Path, __: Callable[[Progress], None]) -> None:
        run = step(200.0, Server(1000.0))
        record.write(path, record.Run(header=run.header, cells=run.cells, pulses=run.pulses))

    monkeypatch.setattr(conductor, "load", spoilt)

    with pytest.raises(survey.NotLoadedError, match="3 steps in a row were disturbed: the run was aborted"):
        list(capacities(wish(tmp_path), "http://127.0.0.1:9", lambda _: None))


def test_where_few_requests_come_a_step_that_must_decide_lasts_longer(sent: Sent, tmp_path: Path) -> None:
    list(capacities(wish(tmp_path, low=20.0, steps=3), "http://127.0.0.1:9", lambda _: None))
    lasted = [
        tomllib.loads(path.read_text(encoding="utf-8"))["stages"][1]["seconds"]
        for path in sorted(tmp_path.glob("step-*/*.toml"))
    ]

    assert lasted[:2] == [STEP_S, STEP_S], "the climb is quick"
    assert lasted[2] == pytest.approx(1000 * 1.15 / sent[2][0]), "and then 1,000 events decide"
