"""Schemathesis against the real service, which asks for keys: all of its checks over the whole document."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import msgspec

from tests.service.running import RunningService

CONFIGURATION = Path(__file__).with_name("schemathesis.toml")
TENANTS = ("first", "second")
"""Users that schemathesis is; neither may see what is the other's."""
SETTINGS = {
    "LOADSTONE_KEYS": "on",
    "LOADSTONE_KEY_SECRET": "the secret under which keys for fuzzing are kept",
    "LOADSTONE_RATE_LIMIT": "100000/s",
}


class Outcome(NamedTuple):
    """What a run left behind."""

    code: int
    """The exit code of schemathesis."""
    report: Path
    """What it found, as JSON."""
    log: Path
    """What the service wrote meanwhile."""
    tokens: Sequence[str]
    """The keys that were used."""

    @property
    def leaks(self) -> bool:
        """Whether a key stands in the log."""
        log = self.log.read_text(encoding="utf-8")
        return any(token in log for token in self.tokens)


def fuzz(folder: Path, *options: str) -> Outcome:
    """Start a service in ``folder``, let ``schemathesis run`` have its way with it, with ``options``, and stop it."""
    with RunningService(folder, **SETTINGS) as service:
        service.wait_until_ready()
        # From a file: the address that it reads its document from, schemathesis does not test.
        document, report, keys = (folder / name for name in ("openapi.json", "report.json", "keys.json"))
        document.write_bytes(httpx.get(f"{service.url}/openapi.json").content)
        tokens = [_new_key(folder, tenant) for tenant in TENANTS]
        keys.write_bytes(msgspec.json.encode({"auth": list(map(_user, TENANTS, tokens))}))
        program = Path(sys.executable).with_name("schemathesis")
        fixed = (f"--url={service.url}", f"--report-json-path={report}")
        ended = subprocess.run(
            [str(program), "--config-file", str(CONFIGURATION), "run", str(document), *fixed, *options],
            env={**os.environ, "FUZZ_KEYS": str(keys)},
            cwd=folder,
        )
    return Outcome(ended.returncode, report, service.log, tokens)


def _user(name: str, token: str) -> dict[str, Any]:
    return {"name": name, "fixedHeaders": [{"name": "Authorization", "value": f"Bearer {token}"}]}


def _new_key(folder: Path, tenant: str) -> str:
    """A key that may do everything."""
    arguments = ("--tenant", tenant, "--name", "fuzz", "--role", "admin", "--quiet", "--data-dir", str(folder / "data"))
    made = subprocess.run(
        [sys.executable, "-m", "service", "keys", "create", *arguments],
        env={**os.environ, **SETTINGS},
        capture_output=True,
        text=True,
        check=True,
    )
    return made.stdout.strip()
