"""Schemathesis against the real service, which asks for keys; all of its checks over the whole document."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import msgspec

from tests.service.running import RunningService

CONFIGURATION = Path(__file__).with_name("schemathesis.toml")
TENANTS = ("first", "second")
SETTINGS = {
    "LOADSTONE_ACCESS_LOG": "off",
    "LOADSTONE_KEYS": "on",
    "LOADSTONE_KEY_SECRET": "the secret under which keys for fuzzing are kept",
    "LOADSTONE_RATE_LIMIT": "100000/s",
}


def fuzz(folder: Path, *options: str, output: int | None = None) -> subprocess.CompletedProcess[str]:
    """Start a service in ``folder``, let schemathesis run with ``options`` against it, stop it.

    ``output`` is where schemathesis writes, as for `subprocess.run`.
    """
    with RunningService(folder, **SETTINGS) as service:
        service.wait_until_ready()
        keys = folder / "keys.json"
        keys.write_bytes(msgspec.json.encode({"auth": [_user(folder, tenant) for tenant in TENANTS]}))
        schemathesis = [str(Path(sys.executable).with_name("schemathesis")), "--config-file", str(CONFIGURATION)]
        return subprocess.run(
            [*schemathesis, "run", f"{service.url}/openapi.json", *options],
            env={**os.environ, "FUZZ_KEYS": str(keys)},
            stdout=output,
            stderr=subprocess.STDOUT,
            text=True,
        )


def _user(folder: Path, tenant: str) -> dict[str, object]:
    """A user of this name, whose key may do everything."""
    arguments: Sequence[str] = ("--tenant", tenant, "--name", "fuzz", "--role", "admin", "--quiet")
    made = subprocess.run(
        [sys.executable, "-m", "service", "keys", "create", *arguments, "--data-dir", str(folder / "data")],
        env={**os.environ, **SETTINGS},
        capture_output=True,
        text=True,
        check=True,
    )
    return {"name": tenant, "fixedHeaders": [{"name": "Authorization", "value": f"Bearer {made.stdout.strip()}"}]}
