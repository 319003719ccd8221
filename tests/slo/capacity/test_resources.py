"""How full resources are, which is full first, and what a request costs."""

from __future__ import annotations

import msgspec
import pytest

from slo.capacity.costs import cost, scaling
from slo.capacity.model import Capacity, Step, StepState, Use
from slo.capacity.resources import Place, Sight, bounds, first_to_saturate, uses
from tests.slo.capacity.queueing import Server, step

USED = 'db_client_connection_count{db_client_connection_state="used"}'


def sight(used: float, resident: float, busy: float) -> Sight:
    return Sight({USED: used, "db_client_connection_max": 10.0, "process_memory_usage_bytes": resident}, busy)


def shares(found: tuple[Use, ...]) -> dict[str, float]:
    return {use.resource: use.share for use in found}


def test_uses_come_from_counters_gauges_and_cores() -> None:
    run = step(500.0, Server(1000.0, cpu_per_request=0.001, idle=0.0))
    found = shares(
        uses(run, [sight(2, 2**28, 0.5), sight(6, 2**29, 0.7)], Place(2.0, 2.0**30), rate=500.0, generator=0.3)
    )

    assert found == pytest.approx(
        {"workers": 0.25, "cores": 0.6, "database-pool": 0.4, "memory": 0.5, "generator": 0.3}
    )


def test_a_service_that_tells_nothing_still_has_a_generator() -> None:
    run = msgspec.structs.replace(step(500.0, Server()), snapshots=())

    assert shares(uses(run, (), Place(), rate=500.0, generator=0.3)) == {"generator": 0.3}


def with_uses(whole: Capacity, table: dict[float, dict[str, float]]) -> list[Step]:
    model = next(step for step in whole.steps if step.state is StepState.CARRIED)
    return [
        msgspec.structs.replace(
            model,
            offered_per_s=rate,
            answered_per_s=rate,
            uses=tuple(Use(resource=name, share=share, amount="") for name, share in found.items()),
        )
        for rate, found in table.items()
    ]


def test_the_first_full_resource_is_the_one_at_the_lowest_rate(whole: Capacity) -> None:
    table = {
        100.0: {"workers": 0.2, "database-pool": 0.5, "generator": 0.1},
        200.0: {"workers": 0.4, "database-pool": 0.95, "generator": 0.2},
        400.0: {"workers": 0.95, "database-pool": 1.0, "generator": 0.4},
    }
    found = bounds(with_uses(whole, table))

    assert [bound.resource for bound in found] == ["database-pool", "workers", "generator"]
    assert [bound.full_at_per_s for bound in found] == [200.0, 400.0, None]
    assert found[2].projected_per_s == pytest.approx(1000.0)
    assert first_to_saturate(found).startswith("First to saturate: database connections, from 200/s on")


def test_a_step_that_the_generator_bent_tells_of_the_generator_alone(whole: Capacity) -> None:
    carried, bent = with_uses(
        whole, {100.0: {"workers": 0.2, "generator": 0.5}, 200.0: {"workers": 1.0, "generator": 1.0}}
    )
    found = bounds([carried, msgspec.structs.replace(bent, state=StepState.GENERATOR)])

    assert {bound.resource: bound.full_at_per_s for bound in found} == {"generator": 200.0, "workers": None}


def test_where_nothing_is_full_the_next_one_is_projected(whole: Capacity) -> None:
    found = bounds(with_uses(whole, {100.0: {"workers": 0.2}, 200.0: {"workers": 0.35}, 300.0: {"workers": 0.5}}))

    assert "Nothing that is measured was saturated" in first_to_saturate(found)
    assert "would be full at 633/s" in first_to_saturate(found)
    assert first_to_saturate(()) == "The service tells nothing of its resources."


def test_the_line_gives_what_one_more_request_takes_and_what_is_there_anyway(whole: Capacity) -> None:
    """The simulated server takes 0.6 ms for each request and 20 ms of every second."""
    assert whole.cost is not None
    assert whole.cost.cpu_ms_per_request.value == pytest.approx(0.6, rel=0.02)
    assert whole.cost.idle_cores == pytest.approx(0.02, rel=0.3)


def test_money_is_the_price_of_the_time_that_a_million_requests_take(whole: Capacity) -> None:
    found = cost(whole.steps, target=500.0, most=1000.0, price_per_hour=0.36, confidence=0.95)

    assert found is not None
    assert found.money_per_million == pytest.approx(0.36 * 2000 / 3600)
    assert found.money_per_million_at_capacity == pytest.approx(0.36 * 1000 / 3600)
    assert found.cpu_s_per_million.value == pytest.approx(600 + 0.02 / 500 * 1e6, rel=0.02)


def test_without_cpu_time_there_is_no_cost(whole: Capacity) -> None:
    silent = [msgspec.structs.replace(step, cpu_ms_per_request=None) for step in whole.steps]

    assert cost(silent, 500.0, 1000.0, None, 0.95) is None


@pytest.mark.parametrize(
    ("knee", "safe", "target", "rests_on"),
    [
        (500.0, 900.0, 500.0, "the knee"),
        (950.0, 900.0, 900.0, "the sustainable rate"),
        (None, 700.0, 700.0, "the sustainable rate"),
    ],
)
def test_the_target_is_the_knee_unless_the_objectives_break_before(
    knee: float | None, safe: float, target: float, rests_on: str, whole: Capacity
) -> None:
    found = scaling(whole.steps, knee, safe, workers=4)

    assert (found.target_per_s, found.rests_on) == (target, rests_on)
    assert found.target_per_s_per_worker == target / 4
    assert found.target_utilisation == pytest.approx(target * 0.0006 + 0.02, rel=0.1)
