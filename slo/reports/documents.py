"""A struct as a JSON document with a published schema."""

from __future__ import annotations

import msgspec


def document(value: msgspec.Struct) -> str:
    """``value`` as it stands, indented."""
    return msgspec.json.format(msgspec.json.encode(value), indent=1).decode() + "\n"


def schema(kind: type[msgspec.Struct], title: str) -> str:
    """The JSON Schema (2020-12) of documents of ``kind``; ``python -m slo.reports`` writes it beside the code."""
    described = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": title,
        **msgspec.json.schema(kind),
    }
    return msgspec.json.format(msgspec.json.encode(described), indent=2).decode() + "\n"
