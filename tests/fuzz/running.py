"""Schemathesis against the real service, which asks for keys: all of its checks over the whole document."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import msgspec

from tests.service.running import RunningService

CONFIGURATION = Path(__file__).with_name("schemathesis.toml")
TENANTS = ("first", "second")
"""Users that schemathesis is; neither may see what is the other's."""
SETTINGS = {
    "LOADSTONE_ACCESS_LOG": "off",
    "LOADSTONE_KEYS": "on",
    "LOADSTONE_KEY_SECRET": "the secret under which keys for fuzzing are kept",
    "LOADSTONE_RATE_LIMIT": "100000/s",
}


def fuzz(folder: Path, *options: str) -> tuple[int, Path]:
    """Start a service in ``folder``, let ``schemathesis run`` have its way with it, with ``options``, and stop it.

    Its exit code and the file of its report, as JSON.
    """
    with RunningService(folder, **SETTINGS) as service:
        service.wait_until_ready()
        # From a file: the address that it reads its document from, schemathesis does not test.
        document, report, keys = (folder / name for name in ("openapi.json", "report.json", "keys.json"))
        document.write_bytes(httpx.get(f"{service.url}/openapi.json").content)
        keys.write_bytes(msgspec.json.encode({"auth": [_user(folder, tenant) for tenant in TENANTS]}))
        program = Path(sys.executable).with_name("schemathesis")
        fixed = (f"--url={service.url}", "--checks=all", f"--report-json-path={report}")
        ended = subprocess.run(
            [str(program), "--config-file", str(CONFIGURATION), "run", str(document), *fixed, *options],
            env={**os.environ, "FUZZ_KEYS": str(keys)},
            cwd=folder,
        )
        return ended.returncode, report


def _user(folder: Path, tenant: str) -> dict[str, Any]:
    """A user of this name, whose key may do everything."""
    arguments = ("--tenant", tenant, "--name", "fuzz", "--role", "admin", "--quiet", "--data-dir", str(folder / "data"))
    made = subprocess.run(
        [sys.executable, "-m", "service", "keys", "create", *arguments],
        env={**os.environ, **SETTINGS},
        capture_output=True,
        text=True,
        check=True,
    )
    return {"name": tenant, "fixedHeaders": [{"name": "Authorization", "value": f"Bearer {made.stdout.strip()}"}]}
