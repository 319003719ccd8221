"""The functions that a source tree defines: where each stands, and whether two trees have the same one.

Two functions are the same when their syntax is, without docstrings, and so is what their own module assigns to the
names that they use; comments and line breaks are nothing.
"""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Function:
    """One function: its lines, the first of its decorators included, and a digest of what it says."""

    line: int
    end_line: int
    digest: str


class Source:
    """The source tree in ``folder``; what lies outside of it is not ours."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder.resolve()
        self._files: dict[str, Mapping[str, Function]] = {}

    def has(self, frame: str) -> bool:
        """Whether ``frame`` (``Class.function (package/file.py)``) lies in a file of the tree."""
        file = file_of(frame)
        return bool(file) and (self._folder / file).is_file()

    def find(self, frame: str) -> Function | None:
        """The function of ``frame``, if it is there."""
        file = file_of(frame)
        if file not in self._files:
            path = self._folder / file
            self._files[file] = functions(path.read_bytes()) if path.is_file() else {}
        return self._files[file].get(name_of(frame))

    def qualified(self, frame: str) -> str:
        """``frame`` with its class, where a profiler told the bare name of a function and only one has it."""
        if self.find(frame) is not None:
            return frame
        name, file = name_of(frame), file_of(frame)
        meant = [each for each in self._files.get(file, {}) if each.rpartition(".")[2] == name]
        return f"{meant[0]} ({file})" if len(meant) == 1 else frame


class Edits:
    """What was changed between two trees."""

    def __init__(self, base: Source, head: Source) -> None:
        self._base = base
        self._head = head
        self._known: dict[str, bool] = {}

    def has(self, frame: str) -> bool:
        """Whether the function of ``frame`` is new in the head, or says something else there."""
        if frame not in self._known:
            before, after = self._base.find(frame), self._head.find(frame)
            self._known[frame] = after is not None and (before is None or before.digest != after.digest)
        return self._known[frame]


@cache
def file_of(frame: str) -> str:
    """The file of a frame's name; empty where it has none."""
    return frame.rpartition(" (")[2].removesuffix(")") if frame.endswith(")") and " (" in frame else ""


@cache
def name_of(frame: str) -> str:
    """The function of a frame's name, without its file."""
    return frame.rpartition(" (")[0] if file_of(frame) else frame


def functions(text: str | bytes) -> Mapping[str, Function]:
    """The functions that a module's ``text`` defines by qualified name; none where it is no Python."""
    try:
        module = ast.parse(text)
    except (SyntaxError, ValueError):
        return {}
    globals_ = dict(_assigned(module))
    return {
        name: Function(
            min([node.lineno, *(each.lineno for each in node.decorator_list)]),
            node.end_lineno or node.lineno,
            _digest(node, globals_),
        )
        for name, node in _defined(module)
    }


def _defined(module: ast.Module) -> Iterator[tuple[str, ast.FunctionDef | ast.AsyncFunctionDef]]:
    waiting: list[tuple[ast.AST, str]] = [(module, "")]
    for node, prefix in waiting:
        for child in ast.iter_child_nodes(node):
            inside = prefix
            if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
                yield prefix + child.name, child
                inside = f"{prefix}{child.name}.<locals>."
            elif isinstance(child, ast.ClassDef):
                inside = f"{prefix}{child.name}."
            waiting.append((child, inside))


def _assigned(module: ast.Module) -> Iterator[tuple[str, str]]:
    """What the module assigns to its own names, as text."""
    for statement in module.body:
        match statement:
            case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)):
                yield name, ast.dump(statement)


def _digest(node: ast.FunctionDef | ast.AsyncFunctionDef, globals_: Mapping[str, str]) -> str:
    used = sorted({inner.id for inner in ast.walk(node) if isinstance(inner, ast.Name) and inner.id in globals_})
    said = ast.dump(node)
    for inner in ast.walk(node):
        if isinstance(inner, _DOCUMENTED) and ast.get_docstring(inner, clean=False) is not None:
            said = said.replace(ast.dump(inner.body[0]), "", 1)
    return hashlib.blake2b("\n".join([said, *(globals_[name] for name in used)]).encode(), digest_size=16).hexdigest()


_DOCUMENTED = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
