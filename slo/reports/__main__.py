"""``python -m slo.reports`` writes the JSON schemas of the reports anew, after their structs have changed."""

from __future__ import annotations

from pathlib import Path

from slo.reports.duel import json as duel
from slo.reports.run import json as run

_ROOM = Path(__file__).parent

(_ROOM / "schema.json").write_text(run.schema(), encoding="utf-8")
(_ROOM / "duel" / "schema.json").write_text(duel.schema(), encoding="utf-8")
