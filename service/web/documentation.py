"""The OpenAPI document as one page for people: no script, nothing loaded from elsewhere, so it works offline."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import msgspec
from jinja2 import Environment, StrictUndefined
from markupsafe import Markup, escape

SECURITY = (
    (b"content-security-policy", b"default-src 'none'; style-src 'unsafe-inline'"),
    (b"referrer-policy", b"no-referrer"),
)
_CODE = re.compile(r"`([^`]+)`")
_TEMPLATE = Path(__file__).with_name("documentation.html.jinja")


def page(document: dict[str, Any]) -> bytes:
    """The page for ``document``."""
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters["as_json"] = _as_json
    environment.filters["type_name"] = type_name
    environment.filters["prose"] = prose
    return environment.from_string(_TEMPLATE.read_text(encoding="utf-8")).render(document=document).encode()


def type_name(schema: dict[str, Any]) -> str:
    """A schema in few words, such as ``list of Comment, 1 to 1,000`` or ``"fast" or "good"``."""
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    if "anyOf" in schema:
        return " or ".join(type_name(option) for option in schema["anyOf"])
    if "enum" in schema:
        return " or ".join(str(_as_json(value)) for value in schema["enum"])
    if schema.get("type") == "array":
        return f"list of {type_name(schema.get('items') or {})}{_bounds(schema, 'minItems', 'maxItems')}"
    text = str(schema.get("type", "anything"))
    return text + _bounds(schema, "minLength", "maxLength") + _bounds(schema, "minimum", "maximum")


def prose(text: str) -> Markup:
    """``text`` with what stands between backticks as code."""
    return Markup(_CODE.sub(r"<code>\1</code>", str(escape(text))))  # noqa: S704 - escaped just before


def _bounds(schema: dict[str, Any], lowest: str, highest: str) -> str:
    low, high = schema.get(lowest), schema.get(highest)
    if low is None and high is None:
        return ""
    if high is None:
        return f", {low:,} or more"
    return f", {low:,} to {high:,}" if low is not None else f", up to {high:,}"


def _as_json(value: Any) -> str:
    return msgspec.json.format(msgspec.json.encode(value), indent=2).decode()
