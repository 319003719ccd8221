"""``python -m tests.fuzz [OPTION ...]``: fuzz the service for some minutes; options go to ``schemathesis run``.

Another seed each time; what it finds is found again with ``--seed`` and the number that it prints.
"""

from __future__ import annotations

import secrets
import sys
import tempfile
from pathlib import Path

from tests.fuzz.running import fuzz

SECONDS = 300
EXAMPLES = 500
"""Of each operation in each phase, at most."""


def main(options: list[str]) -> int:
    """Fuzz with ``options``; the exit code of schemathesis."""
    seed = secrets.randbelow(2**32)
    with tempfile.TemporaryDirectory(prefix="loadstone-fuzz-") as folder:
        code, _ = fuzz(Path(folder), f"--max-time={SECONDS}", f"--max-examples={EXAMPLES}", f"--seed={seed}", *options)
    again = " ".join(["tox run -e fuzz --", f"--seed={seed}", *options])
    sys.stdout.write(f"the same again: {again}\n")
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
