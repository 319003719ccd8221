"""The duel as GitHub's workflow commands: notes that appear on the guilty lines of a pull request.

GitHub shows ten errors and ten warnings of each step, so the gravest come first and none is told twice.
"""

from __future__ import annotations

from slo.duel.model import Culprit, Duel, Finding, Outcome
from slo.reports import wording
from slo.reports.duel import findings, guilt, outcomes

MOST = 10
"""Of each level."""

_LEVELS = {
    Outcome.FAILED: "error",
    Outcome.INVALID: "error",
    Outcome.ACCEPTED: "notice",
    Outcome.INCONCLUSIVE: "warning",
    Outcome.WARNING: "warning",
}


def render(duel: Duel) -> str:
    """The commands, a line each; nothing where there is nothing to say."""
    if duel.outcome is Outcome.INVALID:
        return _command("error", {"title": outcomes.HEADINGS[duel.outcome]}, duel.headline)
    striking = [_finding(each) for each in findings.enforced(duel.findings) if each.outcome in _LEVELS]
    lines = [*_culprits(duel), *striking]
    levels = dict.fromkeys(line.partition(" ")[0] for line in lines)
    return "".join(line for level in levels for line in [each for each in lines if each.startswith(level)][:MOST])


def _culprits(duel: Duel) -> list[str]:
    """One note for each place, however many kinds of cost have risen there."""
    places: dict[tuple[str, int, int], list[Culprit]] = {}
    for each in duel.culprits:
        if each.place is not None:
            key = (each.place.file, each.place.line, max(each.place.end_line, each.place.line))
            places.setdefault(key, []).append(each)
    level = _LEVELS.get(duel.outcome, "notice")
    return [
        _command(
            level,
            {"file": file, "line": str(line), "endLine": str(end), "title": f"Dearer: {found[0].function}"},
            "\n".join(map(guilt.sentence, found)),
        )
        for (file, line, end), found in places.items()
    ]


def _finding(finding: Finding) -> str:
    title = f"{findings.name(finding)}: {outcomes.WORDS[finding.outcome]}"
    return _command(_LEVELS[finding.outcome], {"title": title}, " ".join(findings.notes(finding)))


def _command(level: str, properties: dict[str, str], message: str) -> str:
    told = ",".join(f"{name}={_property(value)}" for name, value in properties.items())
    return f"::{level} {told}::{_message(message)}\n"


def _message(text: str) -> str:
    """Lines stay lines; everything else that steers a terminal or the runner is taken away."""
    lines = "\n".join(wording.plain(line) for line in text.split("\n"))
    return lines.replace("%", "%25").replace("\n", "%0A")


def _property(text: str) -> str:
    return _message(wording.plain(text)).replace(":", "%3A").replace(",", "%2C")
