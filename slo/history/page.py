"""A history as one HTML page that needs nothing else and runs no script; its look is that of the run's report."""

from __future__ import annotations

from importlib.resources import files

import jinja2
from markupsafe import Markup

from slo.history.charts import BOTTOM, HEIGHT, LEFT, RIGHT, TOP, WIDTH, chart
from slo.history.findings import History

_ASSETS = files("slo.history") / "assets"
_SHARED = files("slo.reports") / "assets"
_ENVIRONMENT = jinja2.Environment(
    autoescape=True,
    undefined=jinja2.StrictUndefined,
    trim_blocks=True,
    loader=jinja2.FunctionLoader(lambda name: (_ASSETS / name).read_text(encoding="utf-8")),
)
POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"


def render(history: History, source: str) -> str:
    """The page on ``history``, which was read from ``source``."""
    styles = "".join((place / "page.css").read_text(encoding="utf-8") for place in (_SHARED, _ASSETS))
    page = _ENVIRONMENT.get_template("page.html.j2").render(
        policy=POLICY,
        styles=Markup(styles),  # noqa: S704 - files of this project
        history=history,
        source=source,
        charts=[chart(told) for told in history.told],
        place={"left": LEFT, "right": RIGHT, "top": TOP, "bottom": BOTTOM, "width": WIDTH, "height": HEIGHT},
    )
    return page.rstrip() + "\n"
