"""Plants slowdowns: what is done more is written into a function of a copy of the service's source."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random

from profiles.recording import Recording

SIZES = (0.01, 0.02, 0.05, 0.1, 0.2)
"""What a plant adds to a request's cost, in parts of it."""
MOST_CALLS = 50
"""A function that is called more often in a request is left out: one turn more of a loop would be too much."""


@dataclass(frozen=True, slots=True)
class Target:
    """A function of the service that every request, or nearly, goes through."""

    path: str
    name: str
    calls: float
    """For each request."""

    @property
    def frame(self) -> str:
        """What it is called in a profile."""
        return f"{self.name} ({self.path})"


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of slowdown: what is written, for so much of ``unit`` in each call."""

    name: str
    unit: str
    code: Callable[[float], str]


KINDS = (
    # A turn of an empty loop is three bytecodes, and the loop itself some ten.
    Kind("loop", "bytecodes", lambda amount: f"for _planted in range({max(1, round((amount - 10) / 3))}): pass"),
    # A turn of a comprehension is five.
    Kind("needless copy", "bytecodes", lambda amount: f"[_planted for _planted in range({max(1, round(amount / 5))})]"),
    Kind(
        "new function",
        "bytecodes",
        lambda amount: f"(lambda: [_planted for _planted in range({max(1, round(amount / 5))})])()",
    ),
    Kind("buffer", "bytes", lambda amount: f"bytearray({max(600, round(amount))})"),
    Kind("numbers", "bytes", lambda amount: f"list(range(1000, {1000 + max(20, round(amount / 40))}))"),
)


def targets(calls: Recording) -> list[Target]:
    """The functions of the service in a recording of calls, once or more in a request."""
    found = []
    for cost in calls.profile().frames():
        name, _, path = cost.frame.removesuffix(")").rpartition(" (")
        often = cost.own / calls.answered
        if (
            path.startswith("service/")
            and path != "service/replay.py"
            and "<" not in name
            and 0.5 <= often <= MOST_CALLS
        ):
            found.append(Target(path, name, often))
    return sorted(found, key=lambda target: target.frame)


def chosen(candidates: list[Target], count: int, seed: int) -> Iterator[tuple[Target, Kind, float]]:
    """So many plants: every kind and every size equally often, functions at random from all rooms."""
    random = Random(seed)
    pool = candidates * (count // len(candidates) + 1)
    random.shuffle(pool)
    for number, target in enumerate(pool[:count]):
        yield target, KINDS[number % len(KINDS)], SIZES[number // len(KINDS) % len(SIZES)]


@contextmanager
def planted(tree: Path, target: Target, code: str) -> Iterator[None]:
    """``code`` is at the beginning of ``target`` in ``tree`` for as long as the block lasts."""
    path = tree / target.path
    source = path.read_text(encoding="utf-8")
    lines = source.splitlines(keepends=True)
    statement = _first_statement(ast.parse(source), target.name)
    lines.insert(statement.lineno - 1, " " * statement.col_offset + code + "\n")
    path.write_text("".join(lines), encoding="utf-8")
    try:
        yield
    finally:
        path.write_text(source, encoding="utf-8")


def _first_statement(tree: ast.Module, name: str) -> ast.stmt:
    """The first statement of the function ``name`` (``Class.function``) that is no docstring."""
    node: ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef = tree
    for part in name.replace(".<locals>", "").split("."):
        node = next(
            child
            for child in ast.walk(node)
            if isinstance(child, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) and child.name == part
        )
    body = node.body
    is_docstring = isinstance(body[0], ast.Expr) and isinstance(body[0].value, ast.Constant)
    return body[1] if is_docstring and len(body) > 1 else body[0]
