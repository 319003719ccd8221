"""The form of objective files: OpenSLO v1 documents, and `PerformanceBudgetDocument` for what OpenSLO cannot say.

Only form is checked here: keys, types, names, ranges. What documents say of one another is checked in `slo.spec`.
OpenSLO's own freedom (free keys of a metric source, composite SLOs, time slices, raw ratios) is narrowed to what a run
record can be judged by, so that nothing is accepted and then left out.

Source: https://github.com/OpenSLO/OpenSLO, the v1 specification.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec

OPENSLO = "openslo/v1"
LOADSTONE = "loadstone/v1"

Environment = Literal["development", "staging", "production"]
ENVIRONMENTS: tuple[Environment, ...] = ("development", "staging", "production")
"""Where a service can run; the service's own settings know the same three."""

_NAME = r"^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?\Z"
_ANNOTATION = r"^([a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?/)?[a-zA-Z0-9]([-_.a-zA-Z0-9]{0,61}[a-zA-Z0-9])?\Z"
_DURATION = r"^[1-9][0-9]*[mhdwMQY]\Z"
_DELAY = r"^(0|[1-9][0-9]*)[mhdwMQY]\Z"

PATTERNS: dict[str, str] = {
    _NAME: "a name of at most 63 small letters, digits and inner hyphens (RFC 1123)",
    _ANNOTATION: "a name of at most 63 letters, digits and inner '-', '_', '.', behind a domain and '/' if need be",
    _DURATION: "a duration such as 30d: a whole number of m, h, d, w, M, Q or Y, and no seconds",
    _DELAY: "a duration such as 5m or 0m: a whole number of m, h, d, w, M, Q or Y, and no seconds",
}
"""What the expressions below ask for, in words."""

Name = Annotated[str, msgspec.Meta(pattern=_NAME)]
Description = Annotated[str, msgspec.Meta(max_length=1050)]
AnnotationKey = Annotated[str, msgspec.Meta(pattern=_ANNOTATION)]
Duration = Annotated[str, msgspec.Meta(pattern=_DURATION)]
Delay = Annotated[str, msgspec.Meta(pattern=_DELAY)]
Share = Annotated[float, msgspec.Meta(ge=0, lt=1)]
Percent = Annotated[float, msgspec.Meta(ge=0, lt=100)]
Confidence = Annotated[float, msgspec.Meta(gt=0.5, lt=1)]
Events = Annotated[int, msgspec.Meta(ge=1, le=10**9)]
Text = Annotated[str, msgspec.Meta(min_length=1, max_length=2_000)]


class _Part(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """Anything inside a document."""


class Metadata(_Part, frozen=True, kw_only=True):
    """Who a document is."""

    name: Name
    display_name: str = ""
    labels: dict[str, str | list[str]] = {}
    annotations: dict[AnnotationKey, str] = {}


class DescriptionSpec(_Part, frozen=True, kw_only=True):
    """A spec that says no more than what something is."""

    description: Description = ""


class ServiceDocument(_Part, frozen=True, kw_only=True):
    """OpenSLO's Service."""

    api_version: Literal["openslo/v1"]
    kind: Literal["Service"]
    metadata: Metadata
    spec: DescriptionSpec


class DataSourceSpec(_Part, frozen=True, kw_only=True):
    """Where metrics are asked for; ``connection_details`` may be any YAML."""

    description: Description = ""
    type: str
    connection_details: dict[str, Any] = {}


class DataSourceDocument(_Part, frozen=True, kw_only=True):
    """OpenSLO's DataSource."""

    api_version: Literal["openslo/v1"]
    kind: Literal["DataSource"]
    metadata: Metadata
    spec: DataSourceSpec


class EventQueries(_Part, frozen=True, kw_only=True):
    """One kind of event, counted by two selectors; OpenSLO leaves these keys free."""

    query: Text
    """For Prometheus."""
    run: Text
    """For a run record."""


class MetricSource(_Part, frozen=True, kw_only=True):
    """Where events are counted."""

    spec: EventQueries
    metric_source_ref: str = ""
    type: str = ""


class Metric(_Part, frozen=True, kw_only=True):
    """One side of a ratio."""

    metric_source: MetricSource


class RatioMetric(_Part, frozen=True, kw_only=True):
    """Good among all events; OpenSLO's `bad` and `raw` are not read, as one form says it all."""

    counter: Literal[True]
    total: Metric
    good: Metric


class IndicatorSpec(_Part, frozen=True, kw_only=True):
    """How a service level is measured."""

    ratio_metric: RatioMetric
    description: Description = ""


class IndicatorDocument(_Part, frozen=True, kw_only=True):
    """OpenSLO's SLI."""

    api_version: Literal["openslo/v1"]
    kind: Literal["SLI"]
    metadata: Metadata
    spec: IndicatorSpec


class InlineIndicator(_Part, frozen=True, kw_only=True):
    """An SLI inside of its only SLO."""

    metadata: Metadata
    spec: IndicatorSpec


class TimeWindow(_Part, frozen=True, kw_only=True):
    """The rolling time over which a target holds."""

    duration: Duration
    is_rolling: Literal[True]


class Target(_Part, frozen=True, kw_only=True):
    """The share of good events that is promised; exactly one of the two."""

    display_name: str = ""
    target: Share | None = None
    target_percent: Percent | None = None

    @property
    def share(self) -> float:
        """The promised share, 0 to 1."""
        return self.target if self.target is not None else float(f"{(self.target_percent or 0.0) / 100:.12g}")


class AlertPolicyReference(_Part, frozen=True, kw_only=True):
    """A policy that has its own document."""

    alert_policy_ref: Name


class ObjectiveSpec(_Part, frozen=True, kw_only=True):
    """What is promised."""

    service: Name
    budgeting_method: Literal["Occurrences"]
    time_window: Annotated[tuple[TimeWindow, ...], msgspec.Meta(min_length=1, max_length=1)]
    objectives: Annotated[tuple[Target, ...], msgspec.Meta(min_length=1, max_length=1)]
    description: Description = ""
    indicator: InlineIndicator | None = None
    indicator_ref: Name | None = None
    alert_policies: tuple[AlertPolicyReference, ...] = ()


class ObjectiveDocument(_Part, frozen=True, kw_only=True):
    """OpenSLO's SLO."""

    api_version: Literal["openslo/v1"]
    kind: Literal["SLO"]
    metadata: Metadata
    spec: ObjectiveSpec


class BurnRate(_Part, frozen=True, kw_only=True):
    """When the error budget burns too fast."""

    kind: Literal["burnrate"]
    threshold: Annotated[float, msgspec.Meta(gt=0)]
    lookback_window: Duration
    alert_after: Delay = "0m"


class AlertConditionSpec(_Part, frozen=True, kw_only=True):
    """When to alert, and how urgent it is."""

    severity: Text
    condition: BurnRate
    description: Description = ""


class AlertConditionDocument(_Part, frozen=True, kw_only=True):
    """OpenSLO's AlertCondition."""

    api_version: Literal["openslo/v1"]
    kind: Literal["AlertCondition"]
    metadata: Metadata
    spec: AlertConditionSpec


class ConditionReference(_Part, frozen=True, kw_only=True):
    """A condition that has its own document."""

    condition_ref: Name


class TargetReference(_Part, frozen=True, kw_only=True):
    """A notification target that has its own document."""

    target_ref: str


class AlertPolicySpec(_Part, frozen=True, kw_only=True):
    """Which condition alerts whom; OpenSLO allows one condition for each policy."""

    conditions: Annotated[tuple[ConditionReference, ...], msgspec.Meta(min_length=1, max_length=1)]
    notification_targets: tuple[TargetReference, ...]
    description: Description = ""
    alert_when_no_data: bool = False
    alert_when_resolved: bool = False
    alert_when_breaching: bool = False


class AlertPolicyDocument(_Part, frozen=True, kw_only=True):
    """OpenSLO's AlertPolicy."""

    api_version: Literal["openslo/v1"]
    kind: Literal["AlertPolicy"]
    metadata: Metadata
    spec: AlertPolicySpec


class AlertTargetSpec(_Part, frozen=True, kw_only=True):
    """Where alerts go."""

    target: Text
    description: Description = ""


class AlertTargetDocument(_Part, frozen=True, kw_only=True):
    """OpenSLO's AlertNotificationTarget."""

    api_version: Literal["openslo/v1"]
    kind: Literal["AlertNotificationTarget"]
    metadata: Metadata
    spec: AlertTargetSpec


class Resource(_Part, frozen=True, kw_only=True):
    """The server's series behind one of OpenTelemetry's resource names."""

    series: Text
    unit: Literal["s", "By"]
    display_name: str = ""
    """What people call it, such as ``CPU time``; OpenTelemetry's name where empty."""


class Relative(_Part, frozen=True, kw_only=True):
    """Limits on the change against a base, such as ``<= +5%``."""

    warning: str | None = None
    critical: str | None = None
    metric: str = ""
    """The figure to compare; by default what the objective itself measures."""


class Defaults(_Part, frozen=True, kw_only=True):
    """What holds for every objective that says nothing else."""

    min_events: Events = 1000
    confidence: Confidence = 0.95
    on_no_data: Literal["fail", "refuse"] = "fail"
    on_inconclusive: Literal["warn", "fail"] = "warn"


class Override(_Part, frozen=True, kw_only=True):
    """What one environment changes of an objective."""

    threshold: str | None = None
    warning: str | None = None
    critical: str | None = None
    min_events: Events | None = None
    enforce: bool | None = None


class BudgetObjective(_Part, frozen=True, kw_only=True):
    """One objective; exactly one of ``slo_ref``, ``resource`` and ``indicator`` says what is measured.

    An indicator is a figure of the record, such as ``p95``, or ``duty.NAME``: what a duty of the server adds,
    or ``change.METRIC``: what only base and head together tell.
    """

    name: Name
    description: Description = ""
    slo_ref: Name | None = None
    resource: str | None = None
    indicator: str | None = None
    per: Literal["request"] | None = None
    aggregate: Literal["max"] | None = None
    threshold: str | None = None
    warning: str | None = None
    critical: str | None = None
    relative: Relative | None = None
    environments: dict[Environment, Override] = {}
    key: bool = False
    enforce: bool = True
    min_events: Events | None = None
    confidence: Confidence | None = None
    on_no_data: Literal["fail", "refuse"] | None = None
    on_inconclusive: Literal["warn", "fail"] | None = None


class BudgetSpec(_Part, frozen=True, kw_only=True):
    """A set of objectives that a plan can name."""

    service: Name
    objectives: Annotated[tuple[BudgetObjective, ...], msgspec.Meta(min_length=1)]
    plan: str = ""
    """The load plan that measures it best."""
    workload: str = ""
    """Whose requests the indicators speak of; all where empty."""
    requests: str = ""
    """The server's counter of requests, for figures per request."""
    resources: dict[str, Resource] = {}
    defaults: Defaults = Defaults()


class PerformanceBudgetDocument(_Part, frozen=True, kw_only=True):
    """Levels, environments, resources and changes against a base."""

    api_version: Literal["loadstone/v1"]
    kind: Literal["PerformanceBudget"]
    metadata: Metadata
    spec: BudgetSpec


AnyDocument = (
    ServiceDocument
    | DataSourceDocument
    | IndicatorDocument
    | ObjectiveDocument
    | AlertConditionDocument
    | AlertPolicyDocument
    | AlertTargetDocument
    | PerformanceBudgetDocument
)

KINDS: dict[tuple[str, str], type[AnyDocument]] = {
    (OPENSLO, "Service"): ServiceDocument,
    (OPENSLO, "DataSource"): DataSourceDocument,
    (OPENSLO, "SLI"): IndicatorDocument,
    (OPENSLO, "SLO"): ObjectiveDocument,
    (OPENSLO, "AlertCondition"): AlertConditionDocument,
    (OPENSLO, "AlertPolicy"): AlertPolicyDocument,
    (OPENSLO, "AlertNotificationTarget"): AlertTargetDocument,
    (LOADSTONE, "PerformanceBudget"): PerformanceBudgetDocument,
}
"""Every kind of document, by ``apiVersion`` and ``kind``."""
