"""A capacity test as one HTML page that needs nothing else and runs no script; its look is that of the run's report."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.resources import files

import jinja2
from markupsafe import Markup

from slo.capacity import wording
from slo.capacity.charts import charts
from slo.capacity.model import Agreement, Bound, Capacity, Step, StepState
from slo.reports.page import moment

_ASSETS = files("slo.capacity") / "assets"
_SHARED = files("slo.reports") / "assets"
_ENVIRONMENT = jinja2.Environment(
    autoescape=True,
    undefined=jinja2.StrictUndefined,
    trim_blocks=True,
    loader=jinja2.FunctionLoader(lambda name: (_ASSETS / name).read_text(encoding="utf-8")),
)
POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
_LOOKS = {StepState.CARRIED: "met", StepState.BROKEN: "missed"}


def render(runs: Sequence[Capacity], agreement: Agreement | None) -> str:
    """The page on ``runs``; the drawings and tables are those of the last one."""
    found = runs[-1]
    page = _ENVIRONMENT.get_template("page.html.j2").render(
        policy=POLICY,
        styles=Markup(_style("page.css", shared=True) + _style("page.css")),  # noqa: S704 - files of this project
        found=found,
        started=moment(found.started_at),
        look=_look(found),
        figures=wording.key_figures(found),
        charts=charts(found),
        steps=[_row(step) for step in found.steps],
        resources=[_resource(bound) for bound in found.resources],
        agreement=agreement,
        agreements=[] if agreement is None else wording.agreements(agreement),
    )
    return page.rstrip() + "\n"


def _style(name: str, *, shared: bool = False) -> str:
    return ((_SHARED if shared else _ASSETS) / name).read_text(encoding="utf-8")


def _look(found: Capacity) -> str:
    if found.sustainable_per_s.value is None:
        return "missed"
    return "met" if found.ended_by == "objectives" else "inconclusive"


def _row(step: Step) -> dict[str, object]:
    return {
        "look": _LOOKS.get(step.state, "unjudged"),
        "sign": wording.SIGNS[step.state],
        "word": step.state.value,
        "reason": "" if step.state is StepState.CARRIED else step.reason,
        "cells": wording.cells(step),
    }


def _resource(bound: Bound) -> dict[str, object]:
    title, *cells = wording.bound(bound)
    return {"title": title, "limit": bound.limit, "cells": cells}
