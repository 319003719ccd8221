"""What a function is called in profiles: the same in every process and every tree it lies in."""

from __future__ import annotations

import ast
import sys
from functools import cache
from pathlib import Path
from types import CodeType

_HERE = Path(__file__).resolve().parents[1]


def frame_name(code: CodeType) -> str:
    """``Class.function (package/file.py)``, without line numbers, so that profiles of two versions compare."""
    return f"{code.co_qualname} ({file_name(code.co_filename)})"


@cache
def file_name(path: str) -> str:
    """``path`` as seen from the folder that its module is found in: the project, the packages or Python's own library.

    An environment may lie inside of the project, so it is the deepest of them.

    What lies nowhere in them, such as ``<string>``, keeps its last part.
    """
    file = Path(path)
    for root in _roots():
        if file.is_relative_to(root):
            return str(file.relative_to(root))
    return file.name


@cache
def _roots() -> tuple[Path, ...]:
    """Folders that modules come from, the deepest first."""
    folders = {_HERE, *(Path(entry).resolve() for entry in sys.path if entry and Path(entry).is_dir())}
    return tuple(sorted(folders, key=lambda folder: -len(folder.parts)))


@cache
def qualified(name: str, path: str, line: int) -> str:
    """What `frame_name` calls the function ``name`` that a profiler saw at this line of the file ``path``."""
    around = [function for begin, end, function in _functions(path) if begin <= line <= end and function.endswith(name)]
    return f"{around[-1] if around else name} ({file_name(path)})"


@cache
def _functions(path: str) -> tuple[tuple[int, int, str], ...]:
    """(first line, last line, qualified name) of every function of a file, inner ones after outer ones."""
    try:
        tree = ast.parse(Path(path).read_bytes())
    except (OSError, SyntaxError, ValueError):
        return ()
    found: list[tuple[int, int, str]] = []
    waiting: list[tuple[ast.AST, str]] = [(tree, "")]
    for node, prefix in waiting:
        for child in ast.iter_child_nodes(node):
            inside = prefix
            name = _name_of(child)
            if name and isinstance(child, ast.stmt | ast.expr):
                found.append((child.lineno, child.end_lineno or child.lineno, prefix + name))
                inside = f"{prefix}{name}." if isinstance(child, ast.ClassDef) else f"{prefix}{name}.<locals>."
            waiting.append((child, inside))
    return tuple(found)


def _name_of(node: ast.AST) -> str:
    match node:
        case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
            return node.name
        case ast.Lambda():
            return "<lambda>"
        case ast.ListComp():
            return "<listcomp>"
        case ast.DictComp():
            return "<dictcomp>"
        case ast.SetComp():
            return "<setcomp>"
        case ast.GeneratorExp():
            return "<genexpr>"
    return ""
