"""Files as bodies, and their options in the query, as the OpenAPI document tells them."""

from __future__ import annotations

from typing import Any

import msgspec

from service.core.workload import UploadRule


def contents(rule: UploadRule[Any]) -> dict[str, Any]:
    """The bodies that a workload takes beside JSON, by media type; OpenAPI 3.1 has no schema for bytes."""
    return {media_type: {"schema": {}} for media_type in rule.media_types}


def parameters(rule: UploadRule[Any]) -> list[dict[str, Any]]:
    """What may be said in the query of a file."""
    schemas = msgspec.json.schema(rule.options)["$defs"][rule.options.__name__]["properties"]
    return [_parameter(name, dict(schema)) for name, schema in schemas.items()]


def _parameter(name: str, schema: dict[str, Any]) -> dict[str, Any]:
    described = {"name": name, "in": "query", "description": schema.pop("description", ""), "schema": schema}
    if examples := schema.pop("examples", ()):
        described["example"] = examples[0]
    return described
