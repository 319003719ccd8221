"""A process that owns embedded servers on the folder it is given, prints their URLs and waits to be ended."""

from __future__ import annotations

import signal
import sys
from pathlib import Path

from service.adapters.embedded import EmbeddedServers

with EmbeddedServers(Path(sys.argv[1])) as servers:
    sys.stdout.write(f"{servers.start_postgres()}\n{servers.start_valkey()}\n")
    sys.stdout.flush()
    signal.pause()
