"""JUnit XML: suites of cases that passed, failed, could not be judged (an error) or decide nothing (skipped)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal
from xml.etree import ElementTree

import msgspec

from slo.reports import wording

Outcome = Literal["", "failure", "error", "skipped"]
"""Of a case; a passed one has none."""

_ATTRIBUTES = {"failure": "failures", "error": "errors", "skipped": "skipped"}


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that was asked."""

    group: str
    """Its class name."""
    name: str
    outcome: Outcome
    kind: str
    """What exactly came out, in one word."""
    message: str
    lines: tuple[str, ...] = ()
    """The figures behind it."""


class Suite(msgspec.Struct, frozen=True, kw_only=True):
    """Cases that belong together."""

    name: str
    cases: tuple[Case, ...]


def document(name: str, suites: Sequence[Suite], *, started_at: str, seconds: float) -> str:
    """The document; every suite was ``started_at`` (UTC, ISO 8601) and took ``seconds``."""
    root = ElementTree.Element("testsuites", name=wording.plain(name))
    root.extend(_suite(suite, started_at, seconds) for suite in suites)
    for attribute in ("tests", *_ATTRIBUTES.values()):
        root.set(attribute, str(sum(int(suite.get(attribute, "0")) for suite in root)))
    root.set("time", f"{seconds:.3f}")
    ElementTree.indent(root)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{ElementTree.tostring(root, encoding="unicode")}\n'


def _suite(suite: Suite, started_at: str, seconds: float) -> ElementTree.Element:
    element = ElementTree.Element(
        "testsuite",
        name=wording.plain(suite.name),
        tests=str(len(suite.cases)),
        timestamp=wording.plain(started_at.removesuffix("Z")),
        time=f"{seconds:.3f}",
    )
    for outcome, attribute in _ATTRIBUTES.items():
        element.set(attribute, str(sum(case.outcome == outcome for case in suite.cases)))
    element.extend(map(_case, suite.cases))
    return element


def _case(case: Case) -> ElementTree.Element:
    classname = wording.plain(f"loadstone.{case.group}")
    element = ElementTree.Element("testcase", classname=classname, name=wording.plain(case.name), time="0")
    details = "\n".join(wording.plain(line) for line in case.lines if line)
    message = wording.plain(case.message)
    if case.outcome == "skipped":
        ElementTree.SubElement(element, case.outcome, message=f"{wording.plain(case.kind)}: {message}")
    elif case.outcome:
        ElementTree.SubElement(element, case.outcome, type=case.kind, message=message).text = details
    if case.outcome in {"", "skipped"} and details:
        ElementTree.SubElement(element, "system-out").text = details
    return element
