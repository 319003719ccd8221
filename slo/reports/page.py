"""An HTML page that needs nothing else: no network, no second file.

The page's own policy forbids every request and every script but those inside it, so even a text that
escaped the templates' escaping could neither load nor run anything.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Sequence
from importlib.resources import files

import jinja2
import msgspec
from markupsafe import Markup

from slo.model import Overall, State

OVERALL_CLASSES = {
    Overall.MET: "met",
    Overall.MISSED: "missed",
    Overall.INCONCLUSIVE: "inconclusive",
    Overall.UNJUDGED: "unjudged",
}
"""Names of looks in the style sheet."""
STATE_CLASSES = {
    State.PASSED: "met",
    State.WARNING: "warning",
    State.INCONCLUSIVE: "inconclusive",
    State.CRITICAL: "missed",
    State.NO_DATA: "unjudged",
    State.NEEDS_BASE: "unjudged",
}
"""The same for objectives."""

_ASSETS = files("slo.reports") / "assets"
_ENVIRONMENT = jinja2.Environment(
    autoescape=True,
    undefined=jinja2.StrictUndefined,
    trim_blocks=True,
    loader=jinja2.FunctionLoader(lambda name: _asset(name)),
)
_LIBRARY = ("uPlot.iife.min.js", "charts.js")
_STYLES = ("uPlot.min.css", "page.css")
_NUMBER_AND_UNIT = re.compile(r"(?<=[0-9]) (?=(?:%|µs|ms|s|points|[KMG]iB|B)(?![a-z]))")


def render(template: str, *, script: str, data: msgspec.Struct, styles: Sequence[str] = (), **content: object) -> str:
    """The page of ``template`` with ``content``, whose ``script`` draws ``data`` by the parts of ``charts.js``."""
    scripts = [_script(name) for name in (*_LIBRARY, script)]
    page = _ENVIRONMENT.get_template(template).render(
        policy=_policy(scripts),
        styles=Markup("".join(_asset(name) for name in (*_STYLES, *styles))),  # noqa: S704 - files of this package
        scripts=scripts,
        data=_data(data),
        **content,
    )
    return page.rstrip() + "\n"


def together(text: str) -> str:
    """``text`` in which no line breaks between a number and its unit."""
    return _NUMBER_AND_UNIT.sub("\u00a0", text)


def moment(text: str) -> str:
    """``2026-01-31T12:30:00Z`` as people write it."""
    return text.replace("T", " ").removesuffix("Z") + " UTC" if text.endswith("Z") else text


def _asset(name: str) -> str:
    return (_ASSETS / name).read_text(encoding="utf-8")


def _script(name: str) -> Markup:
    text = _asset(name)
    if "</script" in text.lower():
        raise ValueError(f"{name} cannot stand inside a page")
    return Markup(text)  # noqa: S704 - a file of this package


def _policy(scripts: Sequence[str]) -> str:
    """No request at all, and no script but ``scripts``."""
    hashes = (base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() for script in scripts)
    allowed = " ".join(f"'sha256-{digest}'" for digest in hashes)
    return f"default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src {allowed}"


def _data(data: msgspec.Struct) -> Markup:
    """JSON in which nothing can end the script element around it."""
    text = msgspec.json.encode(data).decode()
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return Markup(text)  # noqa: S704 - every character that HTML knows was replaced above
