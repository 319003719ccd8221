"""What KEDA 2 takes (https://keda.sh/docs/latest/reference/scaledobject-spec), as far as the manifests here use it.

Its resources are no part of Kubernetes, so no validator of Kubernetes knows them. Unknown fields are refused.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec

Replicas = Annotated[int, msgspec.Meta(ge=0)]
Seconds = Annotated[int, msgspec.Meta(gt=0)]


class _Resource(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    pass


class Metadata(_Resource, frozen=True):
    name: str
    labels: dict[str, str] = {}


class Target(_Resource, frozen=True):
    api_version: Literal["apps/v1"]
    kind: Literal["Deployment"]
    name: str


class Authentication(_Resource, frozen=True):
    name: str


class PostgresQuery(_Resource, frozen=True):
    query: str
    target_query_value: str
    activation_target_query_value: str = "0"


class Trigger(_Resource, frozen=True):
    type: Literal["postgresql"]
    metadata: PostgresQuery
    authentication_ref: Authentication
    metric_type: Literal["AverageValue", "Value", "Utilization"]


class AutoscalerConfiguration(_Resource, frozen=True):
    behavior: dict[str, Any]
    """As in Kubernetes' HorizontalPodAutoscaler."""


class Advanced(_Resource, frozen=True):
    horizontal_pod_autoscaler_config: AutoscalerConfiguration


class Fallback(_Resource, frozen=True):
    failure_threshold: Annotated[int, msgspec.Meta(gt=0)]
    replicas: Replicas


class ScaledObjectSpecification(_Resource, frozen=True):
    scale_target_ref: Target
    min_replica_count: Replicas
    max_replica_count: Replicas
    polling_interval: Seconds
    cooldown_period: Seconds
    fallback: Fallback
    advanced: Advanced
    triggers: Annotated[list[Trigger], msgspec.Meta(min_length=1)]


class ScaledObject(_Resource, frozen=True, tag="ScaledObject", tag_field="kind"):
    api_version: Literal["keda.sh/v1alpha1"]
    metadata: Metadata
    spec: ScaledObjectSpecification


class SecretReference(_Resource, frozen=True):
    parameter: Literal["connection", "password"]
    """What the scaler for PostgreSQL takes from elsewhere."""
    name: str
    key: str


class AuthenticationSpecification(_Resource, frozen=True):
    secret_target_ref: list[SecretReference]


class TriggerAuthentication(_Resource, frozen=True, tag="TriggerAuthentication", tag_field="kind"):
    api_version: Literal["keda.sh/v1alpha1"]
    metadata: Metadata
    spec: AuthenticationSpecification
