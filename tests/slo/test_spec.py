from __future__ import annotations

from collections.abc import Callable

import msgspec
import pytest
import yaml

from slo import documents, schema, spec
from slo.model import Comparison, InconclusivePolicy, Limit, NoDataPolicy, RunFigure, SeriesRatio, SeriesUse, Unit
from slo.spec import ENVIRONMENTS, SpecError, Specifications

Load = Callable[..., Specifications]


def test_the_last_word_wins_from_slo_over_objective_to_environment(load: Load) -> None:
    specifications = load()
    fast = {name: specifications.budget("sale", name).objectives[0] for name in ENVIRONMENTS}

    def threshold(environment: str) -> float | None:
        source = fast[environment].source  # type: ignore[index]  # the fixture speaks of known names
        assert isinstance(source, SeriesRatio)
        return source.threshold

    assert [threshold(name) for name in ENVIRONMENTS] == [0.5, 0.25, 0.5]
    assert [fast[name].critical for name in ENVIRONMENTS] == [
        Limit(Comparison.AT_LEAST, 0.9),
        Limit(Comparison.AT_LEAST, 0.95),
        Limit(Comparison.AT_LEAST, 0.95),
    ]
    assert [fast[name].warning for name in ENVIRONMENTS] == [
        Limit(Comparison.AT_LEAST, 0.95),
        Limit(Comparison.AT_LEAST, 0.98),
        Limit(Comparison.AT_LEAST, 0.97),
    ]
    assert [fast[name].enforced for name in ENVIRONMENTS] == [False, True, True]
    assert [fast[name].min_events for name in ENVIRONMENTS] == [100, 2000, 2000]


def test_a_threshold_reaches_both_the_live_query_and_the_record(load: Load) -> None:
    source = load().budget("sale", "staging").objectives[0].source
    assert isinstance(source, SeriesRatio)
    assert source.query_good == 'seconds_bucket{le="0.25"}'
    assert source.good == 'ok{workload="sale",le="0.25"}'


def test_limits_on_bad_events_turn_the_target_of_the_slo_around(load: Load) -> None:
    errors = load().budget("sale", "production").objectives[1]
    assert isinstance(errors.source, SeriesRatio)
    assert errors.source.inverted
    assert errors.critical == Limit(Comparison.AT_MOST, 0.005)
    assert (errors.key, errors.on_no_data, errors.on_inconclusive) == (
        True,
        NoDataPolicy.FAIL,
        InconclusivePolicy.FAIL,
    )


def test_figures_and_resources_name_their_source_and_unit(load: Load) -> None:
    _, _, median, cpu, memory = load().budget("sale", "production").objectives
    assert median.source == RunFigure(name="p50", unit=Unit.SECONDS)
    assert (median.workload, median.confidence, median.on_no_data) == ("sale", 0.99, NoDataPolicy.REFUSE)
    assert median.relative is not None
    assert (median.relative.metric, median.relative.critical) == ("p50", Limit(Comparison.AT_MOST, 0.05))
    assert cpu.source == SeriesUse(
        resource="process.cpu.time",
        title="CPU time",
        selector="cpu_total",
        requests="seconds_count",
        unit=Unit.SECONDS_PER_REQUEST,
    )
    assert isinstance(memory.source, SeriesUse)
    assert memory.source.title == "process.memory.usage"
    assert (memory.source.requests, memory.unit, memory.critical) == (
        "",
        Unit.BYTES,
        Limit(Comparison.AT_MOST, 512 * 2**20),
    )


def test_the_shipped_files_load_and_every_threshold_is_an_edge() -> None:
    specifications = spec.load()
    for environment in ENVIRONMENTS:
        for objective in specifications.budget("comments", environment).objectives:
            if isinstance(objective.source, SeriesRatio) and objective.source.threshold is not None:
                assert objective.source.threshold in spec.LATENCY_EDGES


def test_the_shipped_objectives_are_plain_openslo_without_our_budgets() -> None:
    objectives, _ = spec.DEFAULT_FOLDERS
    kinds = {document.data["apiVersion"] for path in objectives.glob("*.yaml") for document in documents.read(path)}
    assert kinds == {"openslo/v1"}
    alone = spec.load([objectives])
    names = [path.stem for path in objectives.glob("*.yaml")]
    promises = ("latency-p95", "latency-p99", "availability")
    assert set(alone.levels) >= {f"{name}-{each}" for name in names for each in promises}
    assert all(level.startswith(tuple(f"{name}-" for name in names)) for level in alone.levels)
    assert alone.budgets == {}


def test_every_shipped_document_survives_being_written_again() -> None:
    for document in spec.load().documents:
        again = yaml.safe_load(yaml.safe_dump(msgspec.to_builtins(document)))
        assert msgspec.convert(again, schema.KINDS[document.api_version, document.kind]) == document


def test_unknown_budgets_and_environments_are_refused_with_what_is_known(load: Load) -> None:
    with pytest.raises(SpecError, match="no PerformanceBudget named 'sales'; there is sale"):
        load().budget("sales", "staging")
    with pytest.raises(SpecError, match="no environment 'prod', only development, staging, production"):
        load().budget("sale", "prod")


def test_empty_documents_and_files_are_left_out(load: Load) -> None:
    specifications = load(in_objectives=("apiVersion", "---\n---\napiVersion"))
    assert set(specifications.levels) == {"sale-fast", "sale-answered"}
