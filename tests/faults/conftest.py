"""Every fault test states what became of its requests; all statements are printed at the end of the run."""

from __future__ import annotations

from collections.abc import Callable

import pytest

_PROPERTY = "requests"
State = Callable[[str, object], None]


@pytest.fixture
def state(record_property: Callable[[str, object], None]) -> State:
    """States what became of some requests (``jobs``), by a tally or traffic; the JUnit report has it too."""

    def state_(requests: str, books: object) -> None:
        record_property(_PROPERTY, f"{requests}: {books}")

    return state_


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Called by pytest."""
    reports = [report for kind in ("passed", "failed") for report in terminalreporter.getreports(kind)]
    stated = [(report, text) for report in reports for name, text in report.user_properties if name == _PROPERTY]
    if stated:
        terminalreporter.section("what became of the requests")
    for report, text in stated:
        if report.when == "call":
            terminalreporter.write_line(f"{report.location[2]}: {text}")
