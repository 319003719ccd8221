"""The service does what its OpenAPI document says, whatever it is sent: a bounded run, the same each time."""

from __future__ import annotations

import subprocess
from pathlib import Path

from tests.fuzz.running import fuzz


def test_the_service_keeps_to_its_document(tmp_path: Path) -> None:
    run = fuzz(tmp_path, "--seed", "1", "--max-examples", "40", "--no-color", output=subprocess.PIPE)

    assert run.returncode == 0, run.stdout
    assert "0 failed" not in run.stdout
