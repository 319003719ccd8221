"""The manifests against Kubernetes' own schemas, the image, the settings, the routes and the database's tables."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import asyncpg
import kubernetes_validate
import msgspec
import pytest
import yaml

from service.adapters.embedded import EmbeddedServers
from service.adapters.jobs import time_ordered_id
from service.adapters.postgres import migrate
from service.settings import Settings
from service.view import View
from service.web.routes import all_routes
from service.workloads import WORKLOADS
from tests.deploy.keda import ScaledObject, TriggerAuthentication

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "deploy" / "kubernetes"
VERSIONS = ("1.32", "1.37")
"""Of Kubernetes: the oldest and the newest whose schemas are at hand."""
FILES = [path for path in FOLDER.glob("*.yaml") if path.name != "kustomization.yaml"]
DOCUMENTS: list[dict[str, Any]] = [
    document for path in [*FILES, ROOT / "deploy/scaling/hpa.yaml"] for document in yaml.safe_load_all(path.read_text())
]
OWN = [document for document in DOCUMENTS if not document["apiVersion"].startswith("keda.sh/")]
DEPLOYMENTS = {one["metadata"]["name"]: one for one in DOCUMENTS if one["kind"] == "Deployment"}
SECRETS = {
    "DATABASE_URL": "postgresql://loadstone@postgres/loadstone",
    "REDIS_URL": "redis://valkey:6379",
    "LOADSTONE_KEY_SECRET": "x" * 64,
}
"""What the Secret holds that docs/kubernetes.md makes."""


def named(kind: str, name: str) -> dict[str, Any]:
    (found,) = (one for one in DOCUMENTS if (one["kind"], one["metadata"]["name"]) == (kind, name))
    return found


def container_of(name: str) -> dict[str, Any]:
    (container,) = DEPLOYMENTS[name]["spec"]["template"]["spec"]["containers"]
    return dict(container)


def settings_of(name: str) -> Settings:
    """What the container would run with; refuses variables that are no settings."""
    container = container_of(name)
    assert [next(iter(source.values()))["name"] for source in container["envFrom"]] == ["loadstone", "loadstone"]
    own = {variable["name"]: variable["value"] for variable in container["env"]}
    shared = named("ConfigMap", "loadstone")["data"]
    assert not own.keys() & shared.keys()
    return Settings.from_environment({**shared, **own, **SECRETS})


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("document", OWN, ids=lambda one: f"{one['kind']}-{one['metadata']['name']}")
def test_kubernetes_knows_every_field(document: dict[str, Any], version: str) -> None:
    kubernetes_validate.validate(document, version, strict=True)


def test_a_field_that_kubernetes_does_not_know_is_found() -> None:
    broken = msgspec.json.decode(msgspec.json.encode(named("Service", "loadstone")))
    broken["spec"]["prots"] = broken["spec"].pop("ports")
    with pytest.raises(kubernetes_validate.ValidationError, match="prots"):
        kubernetes_validate.validate(broken, VERSIONS[-1], strict=True)


def test_keda_knows_every_field_and_finds_the_workers() -> None:
    scaled = msgspec.convert(named("ScaledObject", "loadstone-worker"), ScaledObject)
    trusted = msgspec.convert(named("TriggerAuthentication", "loadstone-worker"), TriggerAuthentication)
    assert scaled.spec.scale_target_ref.name in DEPLOYMENTS
    assert [trigger.authentication_ref.name for trigger in scaled.spec.triggers] == [trusted.metadata.name]
    assert {reference.key for reference in trusted.spec.secret_target_ref} <= SECRETS.keys()
    autoscaler = named("HorizontalPodAutoscaler", "loadstone")
    behavior = scaled.spec.advanced.horizontal_pod_autoscaler_config.behavior
    own = {**autoscaler, "spec": {**autoscaler["spec"], "behavior": behavior}}
    kubernetes_validate.validate(own, VERSIONS[-1], strict=True)


def test_every_file_is_applied() -> None:
    kustomization = yaml.safe_load((FOLDER / "kustomization.yaml").read_text())
    assert {name for name in kustomization["resources"] if name.endswith(".yaml")} == {path.name for path in FILES}
    assert yaml.safe_load((ROOT / "deploy/scaling/kustomization.yaml").read_text())["resources"] == ["hpa.yaml"]
    assert [image["name"] for image in kustomization["images"]] == [container_of("loadstone")["image"]]


def test_pods_run_what_the_image_holds_and_may_do_nothing_that_they_need_not() -> None:
    dockerfile = (ROOT / "deploy" / "Dockerfile").read_text()
    assert 'ENTRYPOINT ["loadstone"]' in dockerfile
    assert {name: container_of(name)["args"] for name in DEPLOYMENTS} == {
        "loadstone": ["serve"],
        "loadstone-worker": ["worker"],
    }
    for name, deployment in DEPLOYMENTS.items():
        pod, container = deployment["spec"]["template"]["spec"], container_of(name)
        assert "command" not in container
        assert pod["enableServiceLinks"] is False, "a service called loadstone would set LOADSTONE_PORT"
        assert pod["automountServiceAccountToken"] is False
        user = pod["securityContext"]
        assert f"USER {user['runAsUser']}:{user['runAsGroup']}\n" in dockerfile
        assert user["runAsNonRoot"] is True
        assert user["seccompProfile"] == {"type": "RuntimeDefault"}
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }


def test_ports_and_probes_exist_where_they_are_looked_for() -> None:
    service, worker = settings_of("loadstone"), settings_of("loadstone-worker")
    paths = {"loadstone": set(all_routes(WORKLOADS)), "loadstone-worker": set(View.PATHS)}
    for name, port in {"loadstone": service.port, "loadstone-worker": worker.worker_port}.items():
        container, template = container_of(name), DEPLOYMENTS[name]["spec"]["template"]
        assert container["ports"] == [{"name": "http", "containerPort": port}]
        probes = [container[f"{kind}Probe"]["httpGet"] for kind in ("startup", "liveness", "readiness")]
        assert {probe["path"] for probe in probes} <= paths[name]
        assert {probe["port"] for probe in probes} == {"http"}
        annotations = template["metadata"]["annotations"]
        assert annotations["prometheus.io/port"] == str(port)
        assert annotations["prometheus.io/path"] in paths[name]
        for kind in ("PodDisruptionBudget", "NetworkPolicy"):
            spec = named(kind, name)["spec"]
            selector = spec.get("podSelector") or spec["selector"]
            assert selector["matchLabels"] == template["metadata"]["labels"]
    assert named("Service", "loadstone")["spec"]["ports"] == [
        {"name": "http", "port": service.port, "targetPort": "http"}
    ]


def test_pods_have_the_time_and_the_memory_that_their_settings_ask_for() -> None:
    grace = {
        name: one["spec"]["template"]["spec"]["terminationGracePeriodSeconds"] for name, one in DEPLOYMENTS.items()
    }
    service, worker = settings_of("loadstone"), settings_of("loadstone-worker")
    assert grace["loadstone"] > service.drain_seconds + service.shutdown_seconds
    assert grace["loadstone-worker"] > worker.shutdown_seconds
    limit = container_of("loadstone-worker")["resources"]["limits"]["memory"]
    assert worker.worker_memory_bytes < int(limit.removesuffix("Mi")) << 20, "it makes room before the kernel does"


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with EmbeddedServers(tmp_path_factory.mktemp("servers")) as servers:
        url = servers.start_postgres()
        asyncio.run(migrate(url))
        yield url


FILL = """
WITH made AS (
    INSERT INTO batches (id, tenant, name, workload, state, auto_start, priority, options, items, chunks)
    SELECT id, 'acme', 'b', 'images', state, true, 0, '{}', 0, 0
    FROM unnest($1::uuid[], '{running,paused}'::text[]) AS made (id, state) RETURNING id
)
INSERT INTO batch_chunks (batch_id, number, tenant, items, rows, state, succeeded)
SELECT id, number, 'acme', 1, 'rows', CASE WHEN number < 20000 THEN 'done' ELSE 'pending' END, (number < 20000)::int
FROM made, generate_series(1, 20300) AS number
"""


async def asked_by_the_scaler(url: str) -> tuple[int, list[dict[str, Any]], list[str]]:
    """What it would learn, by which parts of a plan, and by which indexes."""
    (trigger,) = msgspec.convert(named("ScaledObject", "loadstone-worker"), ScaledObject).spec.triggers
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(FILL, [time_ordered_id(), time_ordered_id()])
        await connection.execute("ANALYZE batches, batch_chunks; CREATE ROLE scaler IN ROLE loadstone_worker")
        await connection.execute("SET ROLE scaler")
        count = await connection.fetchval(trigger.metadata.query)
        plan = await connection.fetchval(f"EXPLAIN (FORMAT JSON) {trigger.metadata.query}")
        nodes = list(parts(json.loads(plan)[0]["Plan"]))
        names = [node["Index Name"] for node in nodes if "Index Name" in node]
        found = await connection.fetch("SELECT indexdef FROM pg_indexes WHERE indexname = ANY($1)", names)
        return int(count), nodes, [row["indexdef"] for row in found]
    finally:
        await connection.close()


def parts(plan: Any) -> Iterator[dict[str, Any]]:
    yield plan
    for inner in plan.get("Plans", ()):
        yield from parts(inner)


def test_the_scaler_counts_what_waits_by_the_indexes_that_were_made_for_it(database: str) -> None:
    count, nodes, indexes = asyncio.run(asked_by_the_scaler(database))
    assert count == 301, "those of the batch that runs; a batch that is paused needs no workers"
    assert any("state = 'pending'" in index for index in indexes), indexes
    assert any("state = 'running'" in index for index in indexes), indexes
    whole = [node for node in nodes if node["Node Type"] == "Seq Scan" and "chunks" in node["Relation Name"]]
    assert all(node["Plan Rows"] <= 1 for node in whole), "but for the partitions of other months, which are empty"
