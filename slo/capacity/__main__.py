"""``python -m slo.capacity`` writes the JSON schema of capacity tests anew, after their structs have changed."""

from __future__ import annotations

from pathlib import Path

from slo.capacity.reports import schema

Path(__file__).with_name("assets").joinpath("schema.json").write_text(schema(), encoding="utf-8")
