"""Plants slowdowns: what is done more is written into a copy of the service's source, among edits that cost nothing."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random

from profiles.recording import Recording, Unit
from tests.benchmarks.culprits.kinds import KINDS, LOST_CACHES, QUERIED_REQUEST, WAITED_REQUEST, Kind, LostCache

SIZES = (0.01, 0.02, 0.05, 0.1, 0.2)
"""What a plant adds to a request's cost, in parts of it."""
MOST_CALLS = 50
"""A function that is called more often in a request is left out: one turn more of a loop would be too much."""
DECOYS = 5
"""Functions that are edited as well, without doing more: whoever was edited is not therefore guilty."""
_DECOY = "_decoy: int"
_Definition = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True, slots=True)
class Target:
    """A function of the service that every request, or nearly, goes through."""

    path: str
    name: str
    calls: float
    """For each request."""
    is_async: bool

    @property
    def frame(self) -> str:
        """What it is called in a profile."""
        return f"{self.name} ({self.path})"


@dataclass(frozen=True, slots=True)
class Plant:
    """One slowdown: a file, a statement to put at the beginning of a function or else a text to put for another."""

    kind: str
    unit: Unit
    path: str
    right: tuple[str, ...]
    """Who is to be named."""
    function: str = ""
    statement: str = ""
    replaced: tuple[str, str] = ("", "")

    def applied(self, source: str) -> str:
        """The file with it."""
        if self.function:
            return _begun(source, self.function, self.statement)
        if self.replaced[0] not in source:
            raise ValueError(f"{self.path} has no {self.replaced[0]!r}")
        return source.replace(*self.replaced)


def targets(calls: Recording, tree: Path) -> list[Target]:
    """The functions of the service in a recording of calls, once or more in a request."""
    found = []
    for cost in calls.profile().frames():
        name, _, path = cost.frame.removesuffix(")").rpartition(" (")
        often = cost.own / calls.answered
        is_served = path.startswith("service/") and path not in ("service/replay.py", "service/stand_ins.py")
        if is_served and "<" not in name and 0.5 <= often <= MOST_CALLS:
            node = _definition(ast.parse((tree / path).read_text(encoding="utf-8")), name)
            found.append(Target(path, name, often, isinstance(node, ast.AsyncFunctionDef)))
    return sorted(found, key=lambda target: target.frame)


def chosen(candidates: Sequence[Target], costs: dict[Unit, float], count: int, seed: int) -> Iterator[Plant]:
    """So many plants: every kind and every size as often as the others, functions at random from all rooms.

    ``costs`` are what a request costs in each unit.
    """
    random = Random(seed)
    kinds: tuple[Kind | LostCache, ...] = (*KINDS, LOST_CACHES[0])
    for number in range(count):
        kind, turn = kinds[number % len(kinds)], number // len(kinds)
        if isinstance(kind, LostCache):
            lost = LOST_CACHES[turn % len(LOST_CACHES)]
            right = tuple(f"{name} ({lost.path})" for name in lost.right)
            yield Plant("lost cache", lost.unit, lost.path, right, replaced=(lost.before, lost.after))
            continue
        possible = [
            target
            for target in candidates
            if (target.frame in kind.only if kind.only else target.is_async or not kind.is_async)
        ]
        target = random.choice(possible)
        statement = _statement(kind, target, SIZES[(turn + number) % len(SIZES)], costs)
        yield Plant(kind.name, kind.unit, target.path, (target.frame,), target.name, statement)


@contextmanager
def planted(tree: Path, plant: Plant | None, candidates: Sequence[Target], random: Random) -> Iterator[None]:
    """``plant``, if any, is in ``tree``, and decoys are, for as long as the block lasts."""
    innocent = [target for target in candidates if plant is None or target.frame not in plant.right]
    after: dict[str, str] = {}

    def source(path: str) -> str:
        return after[path] if path in after else (tree / path).read_text(encoding="utf-8")

    if plant is not None:
        after[plant.path] = plant.applied(source(plant.path))
    for decoy in random.sample(innocent, DECOYS):
        after[decoy.path] = _begun(source(decoy.path), decoy.name, _DECOY)
    before = {path: (tree / path).read_text(encoding="utf-8") for path in after}
    try:
        for path, text in after.items():
            (tree / path).write_text(text, encoding="utf-8")
        yield
    finally:
        for path, text in before.items():
            (tree / path).write_text(text, encoding="utf-8")


def _statement(kind: Kind, target: Target, size: float, costs: dict[Unit, float]) -> str:
    amounts = {"waited": size * WAITED_REQUEST, "queries": size * QUERIED_REQUEST}
    amount = amounts.get(kind.unit, 0.0) or size * costs[kind.unit]
    code = kind.code(amount / target.calls)
    return code.format(this=kind.only[target.frame]) if kind.only else code


def _begun(source: str, name: str, statement: str) -> str:
    """``source`` with ``statement`` at the beginning of the function ``name``."""
    lines = source.splitlines(keepends=True)
    first = _first_statement(_definition(ast.parse(source), name))
    lines.insert(first.lineno - 1, " " * first.col_offset + statement + "\n")
    return "".join(lines)


def _definition(tree: ast.Module, name: str) -> _Definition:
    """The function ``name`` (``Class.function``)."""
    node: ast.Module | ast.ClassDef | _Definition = tree
    for part in name.replace(".<locals>", "").split("."):
        node = next(
            child
            for child in ast.walk(node)
            if isinstance(child, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) and child.name == part
        )
    if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        raise TypeError(f"{name} is no function")
    return node


def _first_statement(node: _Definition) -> ast.stmt:
    """The first statement that is no docstring."""
    return node.body[1] if ast.get_docstring(node) is not None and len(node.body) > 1 else node.body[0]
