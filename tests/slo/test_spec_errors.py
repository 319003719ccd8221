from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from slo import documents, spec
from slo.spec import SpecError, Specifications

Load = Callable[..., Specifications]


IN_BUDGET: dict[str, tuple[str, str, str, str]] = {
    # what is wrong: (text, its replacement, the key, what is said)
    "unknown key": ("service: shop", "service: shop\n  servce: x", "spec", "the key 'servce' is unknown"),
    "batch sizes": ("key: true", "batchSizes: {}", "spec.objectives[1]", "the key 'batchSizes' is unknown"),
    "missing key": ("  service: shop\n", "", "spec", "the key 'service' is missing"),
    "wrong type": ("minEvents: 2000", "minEvents: many", "spec.defaults.minEvents", "should be int and is str"),
    "unknown environment": (
        "staging: {",
        "acceptance: {",
        "spec.objectives[0].environments.acceptance",
        "'acceptance' is not among the known words",
    ),
    "unknown key of an environment": (
        "enforce: false",
        "enforced: false",
        "spec.objectives[0].environments.development",
        "'enforced' is unknown",
    ),
    "no bucket edge": (
        "threshold: 250ms",
        "threshold: 300ms",
        "spec.objectives[0].environments.staging.threshold",
        "300 ms is no bucket edge of the service; the edges are 1 ms, 2 ms",
    ),
    "threshold in bare numbers": (
        "threshold: 500ms",
        "threshold: '500'",
        "spec.objectives[0].threshold",
        "no quantity such as 500ms",
    ),
    "threshold without a latency": (
        "key: true",
        "threshold: 1s",
        "spec.objectives[1].threshold",
        "it has no threshold",
    ),
    "threshold of a figure": (
        "indicator: p50",
        "indicator: p50, threshold: 1s",
        "spec.objectives[2].threshold",
        "only an objective with a sloRef",
    ),
    "malformed limit": ('"<= 50ms"', '"50ms"', "spec.objectives[2].critical", "no limit such as"),
    "malformed size": ('"<= 512MiB"', '"<= 512 megs"', "spec.objectives[4].critical", "no quantity such as 384MiB"),
    "malformed change": ('"<= +3%"', '"<= 3%"', "spec.objectives[3].relative.critical", "no change such as"),
    "a ratio beyond one": ('">= 97%"', '">= 197%"', "spec.objectives[0].warning", "between 0 and 1"),
    "levels in the wrong order": ('"<= 384MiB"', '"<= 600MiB"', "spec.objectives[4].warning", "must be stricter"),
    "levels that are equal": ('"<= 384MiB"', '"<= 512MiB"', "spec.objectives[4].warning", "must be stricter"),
    "levels in the wrong order in one environment": (
        'warning: ">= 98%"',
        'warning: ">= 94%"',
        "spec.objectives[0].environments.staging.warning",
        "must be stricter",
    ),
    "levels in different directions": (
        '"<= 384MiB"',
        '">= 600MiB"',
        "spec.objectives[4].warning",
        "different directions",
    ),
    "changes in the wrong order": ('"<= +1%"', '"<= +9%"', "spec.objectives[2].relative.warning", "must be stricter"),
    "a change without limits": ('critical: "<= +3%"', "metric: p50", "spec.objectives[3].relative", "nothing to keep"),
    "a change of nothing known": (
        "metric: p50",
        "metric: p51",
        "spec.objectives[2].relative.metric",
        "no indicator 'p51', only p50, p95",
    ),
    "undecidable target": (
        "minEvents: 2000, confidence",
        "minEvents: 900, confidence",
        "spec.objectives[1].minEvents",
        "it takes 1058 events, all good",
    ),
    "undecidable quantile": (
        "indicator: p50, critical",
        "indicator: p99, minEvents: 300, critical",
        "spec.objectives[2].critical",
        "it takes 528 events",
    ),
    "perfection": ('"<= 0.4%"', '"<= 0.4%", critical: "<= 0%"', "spec.objectives[1].warning", "must be stricter"),
    "perfection proved": (
        'warning: "<= 0.4%"',
        'critical: "<= 0%"',
        "spec.objectives[1].critical",
        "no number of events proves",
    ),
    "everything allowed": (
        'warning: "<= 0.4%"',
        'critical: "<= 100%"',
        "spec.objectives[1].critical",
        "allows every event",
    ),
    "nothing to keep": (', relative: {critical: "<= +3%"}', "", "spec.objectives[3]", "nothing to keep"),
    "unknown slo": ("sloRef: sale-fast", "sloRef: sale-slow", "spec.objectives[0].sloRef", "no SLO named 'sale-slow'"),
    "unknown indicator": ("indicator: p50", "indicator: p42", "spec.objectives[2].indicator", "no indicator 'p42'"),
    "two things measured": (
        "indicator: p50",
        "indicator: p50, sloRef: sale-fast",
        "spec.objectives[2]",
        "exactly one of sloRef, resource, indicator",
    ),
    "per without a resource": (
        "indicator: p50",
        "indicator: p50, per: request",
        "spec.objectives[2].per",
        "belong to a resource",
    ),
    "unknown resource": (
        "resource: process.cpu.time",
        "resource: disk.io",
        "spec.objectives[3].resource",
        "does not say which series",
    ),
    "a resource per nothing": (", per: request", "", "spec.objectives[3].resource", "per: request or"),
    "per request without requests": (
        "  requests: seconds_count\n",
        "",
        "spec.objectives[3].per",
        "needs spec.requests",
    ),
    "a malformed series": (
        "series: cpu_total",
        "series: rate(cpu)",
        "spec.resources.process.cpu.time.series",
        "more than a metric name",
    ),
    "key without a critical limit": (
        "per: request, relative",
        "per: request, key: true, relative",
        "spec.objectives[3].key",
        "needs a critical limit",
    ),
    "key that is not enforced": (
        "key: true",
        "key: true, enforce: false",
        "spec.objectives[1].enforce",
        "always enforced",
    ),
    "an objective twice": ("name: median", "name: fast", "spec.objectives[2].name", "'fast' is here twice"),
    "unknown service": ("service: shop", "service: shoe", "spec.service", "no Service named 'shoe'"),
    "a name with capitals": ("metadata: {name: sale}", "metadata: {name: Sale}", "metadata.name", "RFC 1123"),
    "an unknown kind": (
        "kind: PerformanceBudget",
        "kind: Budget",
        "kind",
        "no kind 'Budget' of apiVersion 'loadstone/v1'",
    ),
    "another version": ("loadstone/v1", "loadstone/v9", "kind", "'loadstone/v9'"),
    "no events needed": ("minEvents: 2000", "minEvents: 0", "spec.defaults.minEvents", "should be int >= 1"),
    "a key twice": ("  plan: sale\n", "  plan: sale\n  plan: sale\n", "spec", "the key 'plan' is here twice"),
    "an alias": ("metadata: {name: sale}", "metadata: &m {name: sale}\nother: *m", "", "aliases are not allowed"),
    "a merge key": ("metadata: {name: sale}", "metadata: {<<: {name: sale}}", "metadata", "a key must be plain text"),
    "no YAML": ("objectives:", "objectives: [", "", "this is no YAML"),
    "a tag that runs code": (
        "plan: sale",
        "plan: !!python/object/apply:os.getcwd []",
        "spec.plan",
        "python/object/apply:os.getcwd is not allowed",
    ),
    "a tag that names code": (
        "plan: sale",
        "plan: !!python/name:os.system x",
        "spec.plan",
        "could not determine a constructor",
    ),
    "a list": ("apiVersion:", "- apiVersion:", "", ""),
}


@pytest.mark.parametrize("wrong", IN_BUDGET)
def test_an_error_in_a_budget_names_file_line_and_key(wrong: str, load: Load, tmp_path: Path) -> None:
    old, new, key, said = IN_BUDGET[wrong]
    with pytest.raises(SpecError) as caught:
        load(in_budgets=(old, new))
    error = caught.value
    assert error.path == tmp_path / "budgets.yaml"
    assert error.line > 0
    assert error.key == key
    assert said in error.reason
    assert f"budgets.yaml:{error.line}: " in str(error)
    assert "\n" not in str(error)


IN_OBJECTIVES: dict[str, tuple[str, str, str, str]] = {
    "unknown service": ("service: shop", "service: shoe", "spec.service", "no Service named 'shoe'"),
    "unknown indicator": ("indicatorRef: fast", "indicatorRef: fats", "spec.indicatorRef", "no SLI named 'fats'"),
    "no indicator": ("  indicatorRef: fast\n", "", "spec", "exactly one of indicator and indicatorRef"),
    "no target": ("[{target: 0.95}]", "[{}]", "spec.objectives[0]", "exactly one of target and targetPercent"),
    "two targets": ("{target: 0.95}", "{target: 0.95, targetPercent: 95}", "spec.objectives[0]", "exactly one of"),
    "a target of one": ("target: 0.95", "target: 1", "spec.objectives[0].target", "should be float < 1.0"),
    "two objectives": ("[{target: 0.95}]", "[{target: 0.9}, {target: 0.95}]", "spec.objectives", "of length <= 1"),
    "time slices": ("Occurrences", "Timeslices", "spec.budgetingMethod", "'Timeslices' is not among"),
    "a window in seconds": ("duration: 30d", "duration: 90s", "spec.timeWindow[0].duration", "no seconds"),
    "op on a ratio": ("{target: 0.95}", "{target: 0.95, op: gt}", "spec.objectives[0]", "the key 'op' is unknown"),
    "an alert that never fires": (
        "threshold: 14.4",
        "threshold: 20",
        "spec.condition.threshold",
        "this alert can never fire: at a target of 0.95 the budget burns at most 20 times",
    ),
    "unknown alert policy": (
        "alertPolicyRef: page",
        "alertPolicyRef: pager",
        "spec.alertPolicies[0].alertPolicyRef",
        "no AlertPolicy named 'pager'",
    ),
    "unknown alert condition": (
        "conditionRef: burns",
        "conditionRef: burnt",
        "spec.conditions[0].conditionRef",
        "no AlertCondition named 'burnt'",
    ),
    "unknown data source": (
        "metricSourceRef: prometheus",
        "metricSourceRef: graphite",
        "spec.ratioMetric.good.metricSource.metricSourceRef",
        "no DataSource named 'graphite'",
    ),
    "no data source": (
        "        metricSourceRef: prometheus\n",
        "",
        "spec.ratioMetric.good.metricSource",
        "either metricSourceRef or type",
    ),
    "a malformed query": (
        "query: seconds_count,",
        "query: 'sum(seconds_count)',",
        "spec.ratioMetric.total.metricSource.spec.query",
        "more than a metric name",
    ),
    "no bucket edge": (
        'le="0.2"',
        'le="0.3"',
        "spec.ratioMetric.good.metricSource.spec.query",
        "300 ms is no bucket edge",
    ),
    "no number": ('le="0.2"', 'le="fast"', "spec.ratioMetric.good.metricSource.spec.query", "no number of seconds"),
    "a pattern of edges": ('le="0.2"', 'le=~"0.2"', "spec.ratioMetric.good.metricSource.spec.query", "one condition"),
    "thresholds that differ": (
        'le="0.2"',
        'le="0.5"',
        "spec.ratioMetric.good.metricSource.spec",
        "different latency thresholds",
    ),
    "threshold live only": (',le="0.2"', "", "spec.ratioMetric.good.metricSource.spec", "in query and not in run"),
    "threshold on the record only": (
        '{le="0.2"}',
        "",
        "spec.ratioMetric.good.metricSource.spec",
        "in run and not in query",
    ),
    "events that no record counts": (
        "run: requests}",
        "run: request}",
        "spec.indicator.spec.ratioMetric.total.metricSource.spec.run",
        "a run record counts requests, ok, items, and no 'request'",
    ),
    "labels that no record has": (
        'requests{workload="sale"}',
        'requests{work="sale"}',
        "spec.ratioMetric.total.metricSource.spec.run",
        "requests has no label 'work', only outcome, route, workload",
    ),
    "an annotation that is no text": (
        "metadata: {name: fast}",
        "metadata: {name: fast, annotations: {a: 1}}",
        "metadata.annotations.a",
        "should be str and is int",
    ),
    "an annotation with a strange name": (
        "metadata: {name: fast}",
        "metadata: {name: fast, annotations: {'a b': x}}",
        "metadata.annotations.a b",
        "digits and inner",
    ),
    "a name twice": (
        "metadata: {name: sale-answered}",
        "metadata: {name: sale-fast}",
        "metadata.name",
        "already has the SLO named 'sale-fast'",
    ),
    "a description without end": ("Sales are fast.", "Sales. " * 200, "spec.description", "of length <= 1050"),
    "not a mapping": (
        "apiVersion: openslo/v1\nkind: Service\nmetadata: {name: shop}\nspec: {description: Sells.}",
        "just text",
        "",
        "begin with apiVersion and kind",
    ),
}


@pytest.mark.parametrize("wrong", IN_OBJECTIVES)
def test_an_error_in_an_objective_names_file_line_document_and_key(wrong: str, load: Load, tmp_path: Path) -> None:
    old, new, key, said = IN_OBJECTIVES[wrong]
    with pytest.raises(SpecError) as caught:
        load(in_objectives=(old, new))
    error = caught.value
    assert error.path == tmp_path / "objectives.yaml"
    assert error.key == key
    assert said in error.reason
    assert error.document > 0
    if key:
        line = (tmp_path / "objectives.yaml").read_text(encoding="utf-8").splitlines()[error.line - 1]
        assert any(part in line for part in key.replace("[0]", "").split("."))
    assert "\n" not in str(error)


def test_the_line_is_that_of_the_key(load: Load, tmp_path: Path) -> None:
    with pytest.raises(SpecError) as caught:
        load(in_budgets=("threshold: 250ms", "threshold: 300ms"))
    lines = (tmp_path / "budgets.yaml").read_text(encoding="utf-8").splitlines()
    assert lines[caught.value.line - 1].strip().startswith("staging:")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        pytest.param(b"\xff\xfe", "byte 0 is no UTF-8", id="another encoding"),
        pytest.param(b"a: " + b"x" * documents.LARGEST_FILE_BYTES, "too many for an objective file", id="too large"),
        pytest.param(b"[" * 5_000, "nests too deeply", id="nested without end"),
        pytest.param(b"a: " + b"[" * 30 + b"]" * 30, "levels are too many", id="nested deeply"),
        pytest.param(b"a: 2026-13-45", "cannot be read", id="an impossible date"),
        pytest.param(b"? [a]\n: b", "a key must be plain text", id="a list for a key"),
        pytest.param(b"a: \x00", "this is no YAML", id="control characters"),
    ],
)
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, content: bytes, said: str) -> None:
    path = tmp_path / "wrong.yaml"
    path.write_bytes(content)
    with pytest.raises(SpecError, match=said) as caught:
        spec.load([path])
    assert caught.value.path == path
    assert "\n" not in str(caught.value)


def test_a_place_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match="no such file or folder"):
        spec.load([tmp_path / "nowhere"])
