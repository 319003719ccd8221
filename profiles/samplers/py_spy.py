"""CPU profiles of a running Python process by py-spy, from outside, without stopping it for good.

Sample a *worker* of the service: on Granian's supervisor py-spy succeeds and returns nonsense.
"""

from __future__ import annotations

import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path

from profiles.stacks import Profile

GRACE_SECONDS = 30.0
"""What py-spy may need on top of the sampling itself."""


class SamplingError(Exception):
    """The process could not be sampled; the message says why and what to do."""


def capture(pid: int, seconds: int, samples_per_second: int = 250, native: bool = False) -> Profile:
    """Samples of process ``pid`` over ``seconds``; one sample is ``1 / samples_per_second`` of CPU time.

    ``native`` adds frames of C and Rust code. Function names come without line numbers, so that
    profiles of two versions compare.
    """
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder) / "stacks.txt"
        command = [
            _executable(), "record", "--pid", str(pid), "--duration", str(seconds), "--rate", str(samples_per_second),
            "--format", "raw", "--nolineno", "--output", str(output), *(["--native"] if native else []),
        ]  # fmt: skip
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=seconds + GRACE_SECONDS, check=False)
        except FileNotFoundError as error:
            raise SamplingError("py-spy is not installed beside this Python: pip install py-spy") from error
        except subprocess.TimeoutExpired as error:
            raise SamplingError(f"py-spy did not end in time on process {pid}") from error
        if done.returncode or not output.exists():
            raise SamplingError(_reason(pid, done.stderr))
        return Profile.load(output, "samples")


def _executable() -> str:
    beside = Path(sysconfig.get_path("scripts")) / "py-spy"
    return str(beside if beside.exists() else Path(sys.executable).with_name("py-spy"))


def _reason(pid: int, said: str) -> str:
    if "Permission" in said or "Operation not permitted" in said:
        return (
            f"no right to look into process {pid}: run as root or as its parent, or grant SYS_PTRACE; "
            "`loadstone profile deterministic` works without"
        )
    last = [line for line in said.splitlines() if line.strip()]
    return f"py-spy cannot sample process {pid}: {last[-1].strip() if last else 'it gave no reason'}"
