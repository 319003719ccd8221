"""The real service with keys: who may do what, whose a job is, how often; and that no line of a log tells a secret."""

from __future__ import annotations

import base64
import http.client
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from click.testing import CliRunner

from service.__main__ import main
from service.core.keys import id_in, new_key
from service.workloads import WORKLOADS
from tests.service.running import PATIENCE, RunningService

SECRET = "correct horse battery staple twice over"
PATH = f"/v1/{WORKLOADS[0].name}"
EXAMPLE = next(iter(WORKLOADS[0].examples.values()))


class Guarded:
    """A service that asks for keys, and its administrator."""

    def __init__(self, service: RunningService, folder: Path) -> None:
        self.service = service
        self.folder = folder
        self.keys: list[str] = []

    def keys_command(self, *arguments: str) -> str:
        """What ``keys`` prints with these arguments."""
        variables = {"LOADSTONE_DATA_DIR": str(self.folder), "LOADSTONE_KEY_SECRET": SECRET, "DATABASE_URL": None}
        done = CliRunner().invoke(main, ["keys", *arguments], env=variables)
        assert done.exit_code == 0, done.output
        return done.stdout.strip()

    def key(self, role: str = "write", *, tenant: str = "acme", rate: str = "1000/s") -> str:
        """A new key."""
        made = self.keys_command(
            *("create", "--tenant", tenant, "--role", role, "--name", "a test", "--rate", rate, "--quiet")
        )
        self.keys.append(made)
        return made

    def caller(self, key: str | None = None) -> httpx.Client:
        """A client that shows ``key``."""
        headers = {} if key is None else {"authorization": f"Bearer {key}"}
        return httpx.Client(base_url=self.service.url, headers=headers, timeout=PATIENCE)


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    folder = tmp_path_factory.mktemp("guarded")
    settings = {"LOADSTONE_KEYS": "on", "LOADSTONE_KEY_SECRET": SECRET, "LOADSTONE_LOG_LEVEL": "debug"}
    with RunningService(folder, **settings, LOADSTONE_ACCESS_LOG="on", LOADSTONE_WORKERS="2") as service:
        service.wait_until_ready()
        yield Guarded(service, folder / "data")


def wait_until(holds: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < deadline, f"never came true: {what}"
        time.sleep(0.05)


@pytest.mark.parametrize("headers", [{}, {"authorization": "Bearer nonsense"}, {"x-api-key": new_key().text}])
def test_who_shows_no_good_key_is_turned_away(guarded: Guarded, headers: dict[str, str]) -> None:
    with guarded.caller() as caller:
        for answer in (
            caller.post(PATH, json=EXAMPLE, headers=headers),
            caller.get("/v1/jobs/some", headers=headers),
            caller.get("/v1/cache", headers=headers),
        ):
            assert (answer.status_code, answer.json()["type"]) == (401, "/problems/unauthenticated")
            assert answer.headers["www-authenticate"].startswith("Bearer")


def test_what_tells_of_the_service_alone_needs_no_key(guarded: Guarded) -> None:
    with guarded.caller() as caller:
        for path in ("/", "/health", "/health/live", "/health/ready", "/metrics", "/docs", "/openapi.json"):
            assert caller.get(path).status_code == 200, path


def test_a_role_may_do_what_its_table_says(guarded: Guarded) -> None:
    allowed = {}
    for role in ("read", "write", "admin"):
        with guarded.caller(guarded.key(role)) as caller:
            answers = (caller.get("/v1/jobs/some"), caller.post(PATH, json=EXAMPLE), caller.get("/v1/cache"))
            allowed[role] = [answer.status_code for answer in answers]
            for answer in answers:
                assert answer.status_code != 403 or answer.json()["type"] == "/problems/forbidden"

    assert allowed == {"read": [404, 403, 403], "write": [404, 200, 403], "admin": [404, 200, 200]}


def test_another_tenants_job_is_told_like_one_that_never_was(guarded: Guarded) -> None:
    acme, rival = guarded.caller(guarded.key(tenant="acme")), guarded.caller(guarded.key("admin", tenant="rival"))
    with acme, rival:
        place = acme.post(PATH, json=EXAMPLE, headers={"prefer": "respond-async"}).headers["location"]
        wait_until(lambda: acme.get(place).json()["state"] == "succeeded", "the job is done")
        foreign = rival.get(place)
        unknown = rival.get(place[:-8] + "00000000")

    assert foreign.status_code == unknown.status_code == 404
    told = [{**answer.json(), "instance": "", "request_id": ""} for answer in (foreign, unknown)]
    assert told[0] == told[1]


def test_a_key_may_be_used_as_often_as_was_said(guarded: Guarded) -> None:
    """By all workers together: each request comes on a connection of its own, which any of them may take."""
    key = guarded.key(rate="3/h")
    answers = []
    for _ in range(5):
        with guarded.caller(key) as caller:
            answers.append(caller.post(PATH, json=EXAMPLE))

    assert [answer.status_code for answer in answers] == [200, 200, 200, 429, 429]
    assert {answer.headers["ratelimit-policy"] for answer in answers} == {'"default";q=3;w=3600'}
    left = [answer.headers["ratelimit"].split(";")[1] for answer in answers]
    assert left == ["r=2", "r=1", "r=0", "r=0", "r=0"]
    refused = answers[-1]
    assert refused.json()["type"] == "/problems/rate-limited"
    seconds = int(refused.headers["ratelimit"].split("t=")[1])
    assert seconds <= int(refused.headers["retry-after"]) <= 1200


def test_both_headers_carry_a_key_and_a_revoked_one_is_soon_refused(guarded: Guarded) -> None:
    key = guarded.key()
    with guarded.caller() as caller:

        def status(**headers: str) -> int:
            return caller.post(PATH, json=EXAMPLE, headers=headers).status_code

        assert status(authorization=f"bearer {key}") == 200
        assert status(**{"x-api-key": key}) == 200
        guarded.keys_command("revoke", key)
        wait_until(lambda: status(authorization=f"Bearer {key}") == 401, "the revoked key is refused")


def test_no_secret_is_in_any_log(guarded: Guarded) -> None:
    good, limited = guarded.key(), guarded.key(rate="1/h")
    for key in (good, limited, new_key().text):
        guarded.keys.append(key)
        with guarded.caller(key) as caller:
            basic = base64.b64encode(f"me:{key}".encode()).decode()
            for headers in (
                {"x-api-key": key},
                {"x-request-id": key},
                {"authorization": key},
                {"authorization": f"Basic {basic}"},
                {"user-agent": key, "cookie": f"key={key}", "prefer": key, "traceparent": key},
            ):
                caller.post(PATH, json=EXAMPLE, headers=headers)
            caller.post(PATH, json={"comments": [key]})
            caller.post(PATH, json={key: 1})
            caller.post(PATH, content=key, headers={"content-type": "application/json"})
            for path in (
                f"/{key}",
                f"/v1/jobs/{key}",
                f"/v1/jobs/x?key={key}",
                f"/problems/{key}",
                f"/{'x' * 240}{key}",
            ):
                caller.get(path)
            line = http.client.HTTPConnection("127.0.0.1", guarded.service.port, timeout=PATIENCE)
            line.request(key, PATH)  # as it is; other clients write a method in capitals
            line.close()
            caller.get("/health/live", headers={"x-request-id": "the-last-one"})
    log = guarded.service.log
    wait_until(lambda: log.read_text().count("the-last-one") == 3, "the log is written")

    logs = {file: file.read_text() for file in (log, *guarded.folder.glob("*.log"))}
    assert len(logs) >= 3, "of the service, of PostgreSQL, of Valkey"
    for file, text in logs.items():
        assert SECRET not in text, file
        for key in guarded.keys:
            assert key[12:18] not in text, file
            assert base64.b64encode(f"me:{key}".encode()).decode()[20:] not in text, file
    assert f"ls_{id_in(good.encode())}_***" in logs[log], "the public part helps to find whose key it was"


@pytest.mark.parametrize("command", ["serve", "worker", "migrate"])
def test_passwords_of_servers_are_told_nowhere(tmp_path: Path, command: str) -> None:
    variables = {
        "DATABASE_URL": "postgresql://me:hunter2@127.0.0.1:1/x?password=hunter2",
        "REDIS_URL": "redis://:hunter2@127.0.0.1:1/0",
        "LOADSTONE_LOG_LEVEL": "debug",
        "LOADSTONE_DATA_DIR": str(tmp_path / "data"),
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "service", command],
        env={**os.environ, **variables},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    with process:
        assert process.stdout is not None
        said = ""
        while "Connection refused" not in said and (line := process.stdout.readline()):
            said += line
        process.terminate()
        said += process.communicate(timeout=PATIENCE)[0]

    assert "Connection refused" in said
    assert "hunter2" not in said
