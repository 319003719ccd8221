"""The report as JSON: a `Report` as it stands, described by ``schema.json`` beside this file."""

from __future__ import annotations

import msgspec

from slo.reports.run.summary import Report

_encoder = msgspec.json.Encoder()


def render(report: Report) -> str:
    """The document, indented."""
    return msgspec.json.format(_encoder.encode(report), indent=1).decode() + "\n"


def schema() -> str:
    """The JSON Schema (2020-12) of the document; ``python -m slo.reports`` writes it to ``schema.json``."""
    described = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Loadstone report",
        **msgspec.json.schema(Report),
    }
    return msgspec.json.format(msgspec.json.encode(described), indent=2).decode() + "\n"
