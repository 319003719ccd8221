"""``python -m slo.reports`` writes the JSON schema of the report anew, after its structs have changed."""

from __future__ import annotations

from pathlib import Path

from slo.reports.run.json import schema

Path(__file__).with_name("schema.json").write_text(schema(), encoding="utf-8")
