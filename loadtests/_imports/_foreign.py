"""A file of Artillery or k6 as a plan, promises and remarks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from loadtests._imports import _artillery, _k6
from loadtests._imports._javascript import Script
from loadtests._imports._merging import plan_table
from loadtests._imports._source import ForeignFileError, data, text
from loadtests._imports._streams import Import, Reading
from loadtests._imports._table import Remarks
from loadtests._planning import _plan
from loadtests._planning._plan import PlanError

TYPED = frozenset({".ts", ".mts"})
SCRIPTS = TYPED | {".js", ".mjs", ".cjs", ".es6"}
_LONGEST_NAME = 60


def read(path: Path) -> Import:
    """What the file at ``path`` asks for; raises `ForeignFileError`. Its table is empty where it sends nothing."""
    content = text(path)
    found = _script(path, content) if path.suffix.lower() in SCRIPTS else _document(path, content)
    table = _table(path, found) if found.streams else ({}, ())
    if not table[0] and not found.promises:
        first = next((f": {remark.where}: {remark.why}" for remark in found.remarks), "")
        raise ForeignFileError(f"{path}: it says neither what load to send nor what to expect{first}")
    return Import(found.tool, table[0], found.promises, (*found.remarks, *table[1]))


def _document(path: Path, content: str) -> Reading:
    found = data(path, content)
    if _artillery.is_artillery(found):
        return _artillery.read(found)
    if _k6.is_k6(found):
        return _k6.read(found, None)
    raise ForeignFileError(
        f"{path}: neither a test of Artillery (config, scenarios) nor options of k6 (stages, scenarios …)"
    )


def _script(path: Path, content: str) -> Reading:
    """A script of k6, or a test of Artillery that is written as one."""
    script = Script(content)
    config = script.exported("config")
    if isinstance(config, dict):
        return _artillery.read({"config": config, "scenarios": script.exported("scenarios")})
    options = script.exported("options")
    if options is None and path.suffix.lower() in TYPED:
        raise ForeignFileError(f"{path}: its types are in the way: import the JavaScript that a compiler makes of it")
    if options is None:
        raise ForeignFileError(f"{path}: it exports neither `options` (k6) nor `config` (Artillery)")
    if not isinstance(options, dict):
        raise ForeignFileError(f"{path}: `options` is no object that can be read without running it: {options}")
    return _k6.read(options, script)


def _table(path: Path, found: Reading) -> tuple[dict[str, Any], tuple[Any, ...]]:
    """The table of a plan that can be run, and the remarks on making it."""
    remarks = Remarks()
    table: dict[str, Any] = {"description": f"Imported from {path.name[:_LONGEST_NAME]} ({found.tool})"}
    try:
        table |= plan_table(found.streams, remarks)
        if found.timeout_seconds is not None:
            table["timeout_seconds"] = found.timeout_seconds
        _plan.parse(table, name=path.stem, shown=str(path))
    except PlanError as error:
        raise ForeignFileError(f"{error} once it is a plan") from error
    except ForeignFileError as error:
        raise ForeignFileError(f"{path}: {error}") from error
    return table, remarks.all()
