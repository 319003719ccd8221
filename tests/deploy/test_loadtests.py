"""What lies in ``deploy``, against the programs that it starts: otherwise a cluster would be first to notice a slip."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from loadtests._planning import _plan

ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy"
DOCUMENTS: list[dict[str, Any]] = list(yaml.safe_load_all((DEPLOY / "loadtests.yaml").read_text()))
DOCKERFILE = (DEPLOY / "Dockerfile").read_text()

LOCUSTS_OWN = """
import json
from locust import argument_parser
from loadtests._running._settings import add_options
parser = argument_parser.get_parser()
add_options(parser)
known = [action for action in parser._actions]
options = {option: action.nargs != 0 for action in known for option in action.option_strings}
print(json.dumps([options, [action.env_var for action in known if getattr(action, "env_var", None)]]))
"""


def named(kind: str) -> dict[str, dict[str, Any]]:
    return {document["metadata"]["name"]: document for document in DOCUMENTS if document["kind"] == kind}


def templates() -> dict[str, dict[str, Any]]:
    """Jobs to what their pods are made of."""
    return {name: job["spec"]["template"] for name, job in named("Job").items()}


def containers(template: dict[str, Any]) -> list[dict[str, Any]]:
    return [*template["spec"].get("initContainers", ()), *template["spec"]["containers"]]


def everything(value: Any) -> Iterator[dict[str, Any]]:
    """Every mapping anywhere in ``value``."""
    if isinstance(value, dict):
        yield value
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from everything(inner)


def chosen(selector: dict[str, str]) -> list[str]:
    """Jobs whose pods bear all labels of ``selector``."""
    return [name for name, pod in templates().items() if selector.items() <= pod["metadata"]["labels"].items()]


def argument(job: str, name: str) -> str:
    (value,) = (
        text.partition("=")[2]
        for container in containers(templates()[job])
        for text in container["args"]
        if text.startswith(f"{name}=")
    )
    return str(value)


@pytest.fixture(scope="module")
def locust_knows() -> tuple[dict[str, bool], set[str]]:
    """Locust's options and ours, to whether they take a value, and the variables that are read for them."""
    done = subprocess.run([sys.executable, "-c", LOCUSTS_OWN], cwd=ROOT, capture_output=True, text=True, check=True)
    options, variables = json.loads(done.stdout.splitlines()[-1])
    return options, {*variables, "HOST"}


def loadstones_options(command: str) -> list[str]:
    """The options that ``loadstone COMMAND`` teaches."""
    asked = [sys.executable, "-m", "loadstone", command, "--help"]
    done = subprocess.run(asked, cwd=ROOT, capture_output=True, text=True, check=True)
    return re.findall(r"--[a-z-]+", done.stdout)


def test_every_name_that_is_referred_to_exists() -> None:
    jobs = named("Job")
    assert set(jobs) == {"loadstone-load", "loadstone-load-generators"}
    for template in templates().values():
        volumes = {volume["name"]: volume for volume in template["spec"]["volumes"]}
        for part in everything(template["spec"]):
            if "configMapRef" in part:
                assert part["configMapRef"]["name"] in named("ConfigMap")
            if "secretKeyRef" in part:
                assert part["secretKeyRef"]["optional"] is True, "nobody needs a key where none is asked for"
            if "claimName" in part:
                assert part["claimName"] in named("PersistentVolumeClaim")
            for mount in part.get("volumeMounts", ()):
                assert mount["name"] in volumes
        for container in containers(template):
            given = {variable["name"] for variable in container.get("env", ())}
            assert set(re.findall(r"\$\((\w+)\)", " ".join(container["args"]))) <= given
            assert container["image"] == "loadstone"


def test_selectors_find_who_is_meant_and_generators_find_the_recorder() -> None:
    service = named("Service")["loadstone-load-recorder"]["spec"]
    assert chosen(service["selector"]) == ["loadstone-load"]
    assert service["clusterIP"] == "None"
    assert service["publishNotReadyAddresses"] is True, "while it runs the load, the recorder's pod is not ready"
    (port,) = containers(templates()["loadstone-load"])[0]["ports"]
    assert service["ports"][0]["targetPort"] == port["name"]
    assert service["ports"][0]["port"] == port["containerPort"] == 5557, "Locust's own"
    assert argument("loadstone-load-generators", "--master-host") in named("Service")

    policy = named("NetworkPolicy")["loadstone-load"]["spec"]
    assert chosen(policy["podSelector"]["matchLabels"]) == list(templates())
    (rule,) = policy["ingress"]
    assert chosen(rule["from"][0]["podSelector"]["matchLabels"]) == ["loadstone-load-generators"]
    assert rule["ports"][0]["port"] == port["name"]

    generators = named("Job")["loadstone-load-generators"]["spec"]
    assert int(argument("loadstone-load", "--expect-workers")) == generators["parallelism"] == generators["completions"]
    (spread,) = generators["template"]["spec"]["topologySpreadConstraints"]
    assert chosen(spread["labelSelector"]["matchLabels"]) == ["loadstone-load-generators"]


def test_options_and_variables_are_ones_that_the_programs_know(locust_knows: tuple[dict[str, bool], set[str]]) -> None:
    options, variables = locust_knows
    settings = named("ConfigMap")["loadstone-load"]["data"]
    assert set(settings) <= variables
    assert settings["LOADSTONE_PLAN"] in _plan.names()
    for template in templates().values():
        for container in containers(template):
            if container.get("command") == ["locust"]:
                given = [text.partition("=")[::2] for text in container["args"]]
                assert {name for name, _ in given} <= set(options)
                assert all(options[name] == bool(value) for name, value in given)
                own = {variable["name"] for variable in container.get("env", ())}
                assert own <= variables | set(re.findall(r"\$\((\w+)\)", " ".join(container["args"])))
            else:
                name, *rest = container["args"]
                assert {text for text in rest if text.startswith("-")} <= set(loadstones_options(name))


def test_pods_may_do_nothing_that_they_need_not() -> None:
    for template in templates().values():
        pod = template["spec"]
        assert pod["restartPolicy"] == "Never"
        assert pod["enableServiceLinks"] is False, "a service called loadstone would set LOADSTONE_PORT"
        assert pod["automountServiceAccountToken"] is False
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert f"USER {pod['securityContext']['runAsUser']}:{pod['securityContext']['runAsGroup']}\n" in DOCKERFILE
        for container in containers(template):
            assert container["securityContext"] == {
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "capabilities": {"drop": ["ALL"]},
            }
            assert set(container["resources"]["requests"]) == {"cpu", "memory"}
            assert set(container["resources"]["limits"]) == {"memory"}, "a generator that is throttled sends late"


def test_the_image_holds_what_a_wheel_holds_and_where_the_manifests_look_for_it() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    needed = {*project["tool"]["hatch"]["build"]["targets"]["wheel"]["only-include"], "pyproject.toml"}
    needed |= {project["project"]["readme"], *project["project"]["license-files"], "requirements.lock"}
    copied = {
        name
        for line in re.findall(r"^COPY (?!--from)(.+) \S+$", DOCKERFILE, flags=re.MULTILINE)
        for name in line.split()
    }
    let_through = set(re.findall(r"^!(.+)$", (DEPLOY / "Dockerfile.dockerignore").read_text(), flags=re.MULTILINE))
    assert copied == let_through == needed
    assert set(re.findall(r"^FROM (\S+)", DOCKERFILE, flags=re.MULTILINE)) == {"python:3.11-slim"}
    assert "--require-hashes --requirement requirements.lock" in DOCKERFILE
    assert 'ENTRYPOINT ["loadstone"]' in DOCKERFILE
    for job in templates():
        assert f" {argument(job, '--locustfile')}\n" in DOCKERFILE
