"""The Locust plugin of a duel on somebody's own Locust file, named before that file.

    locust -f loadtests/_foreign/_plugin.py,THEIR_FILE --headless --host HEAD_URL --base BASE_URL
        --duel-stages STAGES.json --run-record PATH -u 16 -r 16

Every request of theirs goes to the head or the base, and a run record tells what became of it. Exit code: 0 when all
stages were run, 2 when they could not be, 3 when the run was stopped before their end.
"""

from __future__ import annotations

import sys
from pathlib import Path

# Locust puts the working directory first, where the other project may have a folder of the same name.
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from locust import events

from loadtests._foreign import _desk, _loading

sys.path.pop(0)

_loading.watch()
_desk.attach(events)
