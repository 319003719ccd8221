"""Plans as TOML, the way somebody would write them by hand."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from loadtests._planning._plan import Plan

_NOT_IN_FILES = ("name", "source", "time_scale", "rate_scale")
_BARE = re.compile(r"[A-Za-z0-9_-]+")
_LARGEST_WHOLE = 1e15
"""Whole floats up to here are written without a point."""


def written(plan: Plan) -> str:
    """``plan`` as a file that reads back equal, if it is called after it; what is as by default is left out.

    What the file's name and a scale make of a plan is not in the file: the stages are written as they are.
    """
    table = {key: value for key, value in _said(plan).items() if key not in _NOT_IN_FILES}
    table["stages"] = [_said(stage) for stage in plan.stages]
    table["payloads"] = plan.payloads.tables
    return toml({key: value for key, value in table.items() if value != {}})


def toml(table: Mapping[str, Any]) -> str:
    """``table`` as TOML: plain values first, then lists of tables, then tables."""
    kinds: dict[str, dict[str, Any]] = {"plain": {}, "lists": {}, "tables": {}}
    for key, value in table.items():
        kinds[_kind(value)][key] = value
    lines = list(_assignments(kinds["plain"]))
    for key, tables in kinds["lists"].items():
        for each in tables:
            lines += ["", f"[[{_key(key)}]]", *_assignments(each)]
    for key, inner in kinds["tables"].items():
        lines += _opened(_key(key), inner)
    return "\n".join(lines) + "\n"


def _said(struct: msgspec.Struct) -> dict[str, Any]:
    """The fields that differ from their defaults."""
    values = {field.name: (getattr(struct, field.name), field.default) for field in msgspec.structs.fields(struct)}
    return {name: value for name, (value, default) in values.items() if value != default}


def _kind(value: object) -> str:
    if isinstance(value, Mapping):
        return "tables"
    return "lists" if isinstance(value, list | tuple) and value and isinstance(value[0], Mapping) else "plain"


def _opened(name: str, table: Mapping[str, Any]) -> Iterator[str]:
    """``[name]`` and what is in it; what holds nothing but tables is opened one by one, such as ``[payloads.x]``."""
    if table and all(isinstance(value, Mapping) for value in table.values()):
        for key, inner in table.items():
            yield from ("", f"[{name}.{_key(key)}]", *_assignments(inner))
    else:
        yield from ("", f"[{name}]", *_assignments(table))


def _assignments(table: Mapping[str, Any]) -> Iterator[str]:
    return (f"{_key(key)} = {_value(value)}" for key, value in table.items())


def _key(key: object) -> str:
    return str(key) if _BARE.fullmatch(str(key)) else _text(str(key))


def _value(value: object) -> str:
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Mapping):
        return f"{{ {', '.join(_assignments(value))} }}" if value else "{}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_value, value))}]"
    if isinstance(value, float) and value.is_integer() and abs(value) < _LARGEST_WHOLE:
        return str(int(value))
    return repr(value)


def _text(text: str) -> str:
    """As JSON writes it, which TOML reads too, but for one sign that it wants to be escaped."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
