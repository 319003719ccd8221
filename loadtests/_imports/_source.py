"""A foreign file as text or plain data: bounded in size, depth and what its aliases unfold to."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import yaml

LARGEST_BYTES = 2**20
DEEPEST = 60
"""Levels that a document may nest."""
MOST_VALUES = 200_000
"""Values of a document, each alias unfolded."""


class ForeignFileError(Exception):
    """A file of another tool cannot be turned into a plan; the message is a sentence that names the file."""


def text(path: Path) -> str:
    """The file as text."""
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST_BYTES + 1)
    except OSError as error:
        raise ForeignFileError(f"{path}: {error.strerror or error}") from error
    if len(content) > LARGEST_BYTES:
        raise ForeignFileError(f"{path}: more than {LARGEST_BYTES:,} bytes are too many for a load test")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ForeignFileError(f"{path}: byte {error.start} is no UTF-8") from error


def data(path: Path, content: str) -> Any:
    """What ``content`` means as JSON or YAML."""
    try:
        found = msgspec.json.decode(content) if content.lstrip()[:1] in ("{", "[") else _yaml(path, content)
    except msgspec.DecodeError:
        found = _yaml(path, content)
    except RecursionError as error:
        raise ForeignFileError(f"{path}: the file nests too deeply") from error
    _check_size(path, found)
    return found


def _yaml(path: Path, content: str) -> Any:
    try:
        return yaml.safe_load(content)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f":{mark.line + 1}" if mark else ""
        raise ForeignFileError(f"{path}{where}: neither JSON nor YAML: {error.problem}") from error
    except (yaml.YAMLError, ValueError) as error:
        raise ForeignFileError(f"{path}: neither JSON nor YAML: {' '.join(str(error).split())}") from error
    except RecursionError as error:
        raise ForeignFileError(f"{path}: the file nests too deeply") from error


def _check_size(path: Path, found: Any) -> None:
    """Refuse what is small as a file and large, or endless, once its aliases are followed."""
    values = 0
    level = [found]
    for _ in range(DEEPEST):
        below: list[Any] = []
        for value in level:
            if isinstance(value, dict):
                below += value.values()
            elif isinstance(value, list):
                below += value
            if values + len(below) > MOST_VALUES:
                raise ForeignFileError(f"{path}: more than {MOST_VALUES:,} values, aliases unfolded, are too many")
        values += len(below)
        if not below:
            return
        level = below
    raise ForeignFileError(f"{path}: more than {DEEPEST} levels are too many")
