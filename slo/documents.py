"""YAML files read strictly: bounded, no aliases, no key twice, and every value knows its line.

Source: PyYAML composes the nodes; https://yaml.org/spec/1.1/ is the version it reads.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

LARGEST_FILE_BYTES = 262_144
DEEPEST = 24
"""Levels a document may nest."""

KeyPath = tuple[str | int, ...]
"""Where a value stands: ``("spec", "objectives", 0, "target")``."""


class SpecError(Exception):
    """An objective file cannot be used; the message is one sentence that names the file, the line and the key."""

    def __init__(self, path: Path | None, reason: str, *, line: int = 0, document: int = 0, key: KeyPath = ()) -> None:
        where = "" if path is None else str(path)
        where += f":{line}" if line else ""
        where += f": document {document}" if document else ""
        where += f": {key_text(key)}" if key else ""
        super().__init__(f"{where}: {reason}" if where else reason)
        self.path = path
        self.line = line
        self.document = document
        self.key = key_text(key)
        self.reason = reason


def key_text(key: KeyPath) -> str:
    """``spec.objectives[0].target``."""
    text = ""
    for part in key:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else str(part)
    return text


class Document:
    """One document of a file: plain data, and the line of every value in it."""

    def __init__(self, path: Path, number: int, data: Any, lines: dict[KeyPath, int]) -> None:
        self.path = path
        self.number = number
        self.data = data
        self._lines = lines

    def error(self, reason: str, *key: str | int) -> SpecError:
        """A `SpecError` at ``key``, with the line of the nearest value that is there."""
        known = tuple(key)
        while known and known not in self._lines:
            known = known[:-1]
        return SpecError(self.path, reason, line=self._lines.get(known, 0), document=self.number, key=tuple(key))


def read(path: Path) -> Iterator[Document]:
    """The documents of the file at ``path``, empty ones left out; raises `SpecError`."""
    text = _text(path)
    number = 0
    try:
        for node in yaml.compose_all(text, Loader=yaml.SafeLoader):
            number += 1
            if isinstance(node, yaml.ScalarNode) and not node.value:
                continue
            reader = _Reader(path)
            yield Document(path, number, reader.data(node, ()), reader.lines)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise SpecError(path, f"this is no YAML: {error.problem}", line=mark.line + 1 if mark else 0) from error
    except yaml.YAMLError as error:
        raise SpecError(path, f"this is no YAML: {' '.join(str(error).split())}") from error
    except RecursionError as error:
        raise SpecError(path, "the file nests too deeply") from error


def _text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST_FILE_BYTES + 1)
    except OSError as error:
        raise SpecError(path, f"cannot be read: {error.strerror or error}") from error
    if len(content) > LARGEST_FILE_BYTES:
        raise SpecError(path, f"more than {LARGEST_FILE_BYTES:,} bytes are too many for an objective file")
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise SpecError(path, f"byte {error.start} is no UTF-8") from error


_PLAIN_TAGS = ("tag:yaml.org,2002:map", "tag:yaml.org,2002:seq")


class _Reader:
    """Turns the nodes of one document into plain data."""

    def __init__(self, path: Path) -> None:
        self.lines: dict[KeyPath, int] = {}
        self._path = path
        self._seen: set[int] = set()
        self._constructor = yaml.constructor.SafeConstructor()

    def data(self, node: yaml.Node, key: KeyPath) -> Any:
        """The value of ``node``, which stands at ``key``."""
        self.lines[key] = line = node.start_mark.line + 1
        if len(key) > DEEPEST:
            raise SpecError(self._path, f"more than {DEEPEST} levels are too many", line=line)
        if id(node) in self._seen:
            raise SpecError(self._path, "aliases are not allowed: write the value out", line=line)
        self._seen.add(id(node))
        if not isinstance(node, yaml.ScalarNode) and node.tag not in _PLAIN_TAGS:
            raise SpecError(self._path, f"the tag {node.tag} is not allowed", line=line, key=key)
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, key)
        if isinstance(node, yaml.SequenceNode):
            return [self.data(item, (*key, index)) for index, item in enumerate(node.value)]
        try:
            return self._constructor.construct_object(node)
        except (yaml.YAMLError, ValueError) as error:
            reason = f"{node.value!r} cannot be read: {' '.join(str(error).split())}"
            raise SpecError(self._path, reason, line=line, key=key) from error

    def _mapping(self, node: yaml.MappingNode, key: KeyPath) -> dict[str, Any]:
        data: dict[str, Any] = {}
        for name_node, value_node in node.value:
            line = name_node.start_mark.line + 1
            name = name_node.value
            if not isinstance(name_node, yaml.ScalarNode) or name_node.tag == "tag:yaml.org,2002:merge":
                raise SpecError(self._path, "a key must be plain text", line=line, key=key)
            if name in data:
                raise SpecError(self._path, f"the key {name!r} is here twice", line=line, key=key)
            data[name] = self.data(value_node, (*key, name))
            self.lines[(*key, name)] = line
        return data
