"""Plants a slowdown of known size into a copy of the service: every analysis request burns so much CPU time more.

The clock is that of the thread's own CPU time, so that what a neighbour takes away is not counted as burnt.

PlantError   the copy lacks the place to plant in; says which
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from pathlib import Path

from slo.calibration.model import Planted
from slo.calibration.pool import NoGatesError
from slo.duel.model import Samples

MODULE = Path("service/web/endpoint.py")
CLASS, METHOD = "Endpoint", "answer"
"""Where every analysis request passes, whichever workload it is of and wherever its answer comes from."""

KINDS = {"cpu": "cpu-per-request", "p50": "p50"}
"""What can be planted, as the command line names it, and the metric in which it is to be found."""


class PlantError(Exception):
    """The tree has no place for the slowdown."""


def plant(tree: Path, seconds: Mapping[str, float]) -> None:
    """Write the slowdown into ``tree``: CPU time for each request by workload, that of ``""`` for all others."""
    path = tree / MODULE
    try:
        source = path.read_text(encoding="utf-8")
        parsed = ast.parse(source)
    except (OSError, SyntaxError, UnicodeDecodeError) as error:
        raise PlantError(f"there is no {MODULE} to plant a slowdown in: {error}") from error
    path.write_text(_planted(source, parsed, seconds), encoding="utf-8")


def _planted(source: str, parsed: ast.Module, seconds: Mapping[str, float]) -> str:
    where = _first_statement(parsed)
    others = seconds.get("", 0.0)
    indent = " " * where.col_offset
    spin = (
        f"{indent}_planted = _planted_clock() + {dict(seconds)!r}.get(self.workload.name, {others!r})\n"
        f"{indent}while _planted_clock() < _planted:\n"
        f"{indent}    pass\n"
    )
    lines = source.splitlines(keepends=True)
    lines.insert(where.lineno - 1, spin)
    lines.insert(_after_imports(parsed), "from time import thread_time as _planted_clock\n")
    return "".join(lines)


def _first_statement(parsed: ast.Module) -> ast.stmt:
    """The first statement of the method that is no docstring."""
    for owner in parsed.body:
        if isinstance(owner, ast.ClassDef) and owner.name == CLASS:
            for method in owner.body:
                if isinstance(method, ast.AsyncFunctionDef) and method.name == METHOD:
                    return method.body[ast.get_docstring(method, clean=False) is not None :][0]
    raise PlantError(f"{MODULE} has no coroutine {CLASS}.{METHOD} to plant a slowdown in")


def _after_imports(parsed: ast.Module) -> int:
    """The number of the line that the first imports end with."""
    ends = [node.end_lineno or 0 for node in parsed.body if isinstance(node, ast.Import | ast.ImportFrom)]
    if not ends:
        raise PlantError(f"{MODULE} imports nothing, so it is another module than the one to plant a slowdown in")
    return ends[0]


def dose(planted: Planted, equal: list[Samples]) -> dict[str, float]:
    """Seconds of CPU time for each request by workload that make ``planted``, from gates between equal builds.

    Of ``cpu-per-request`` a share of the CPU time of a request; of ``p50`` a share of the workload's own median.
    """
    levels: dict[str, list[float]] = {}
    for gate in equal:
        for series in gate.series:
            if series.metric == planted.metric and series.base > 0:
                levels.setdefault(series.workload, []).append(series.base)
    if not levels:
        raise NoGatesError(f"no gate between equal builds tells {planted.metric}, so {planted.name} has no size yet")
    return {workload: planted.size * sorted(found)[len(found) // 2] for workload, found in levels.items()}
