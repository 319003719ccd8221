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
    """Fuzz with ``options``; the exit code of schemathesis, or 1 when the service's log tells a key."""
    if not any(option.startswith("--seed") for option in options):
        options = [f"--seed={secrets.randbelow(2**32)}", *options]
    with tempfile.TemporaryDirectory(prefix="loadstone-fuzz-") as folder:
        outcome = fuzz(Path(folder), f"--max-time={SECONDS}", f"--max-examples={EXAMPLES}", *options)
        leaks = outcome.leaks
    sys.stdout.write(f"the same again: tox run -e fuzz -- {' '.join(options)}\n")
    if leaks:
        sys.stdout.write("a key stands in the service's log\n")
    return outcome.code or int(leaks)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
