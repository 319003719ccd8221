"""The duel as Markdown: one comment on a pull request, which a later run updates, and the summary of a job."""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence
from urllib.parse import quote

from slo.duel.model import Culprit, Duel, Finding, Outcome
from slo.reports import wording
from slo.reports.duel import facts, findings, guilt, knowledge, outcomes
from slo.reports.markup import bullets, details, escaped, table

MARKER = "<!-- loadstone-gate -->"
"""The hidden first line, by which the comment of an earlier run is found again."""
MOST_BYTES = 60_000
"""GitHub takes 65,536 characters in a comment."""
BLOB = "../blob"
"""Where a forge shows the files of a commit, as seen from the page of a pull or merge request."""

_STRIKING = 12
_CULPRITS = 8
_LONGEST_SENTENCE = 700
_LONGEST_CELL = 160
_LEFT_OUT = "*Some of it is too long for a comment; the HTML report has everything.*"
_SIGNS = {
    Outcome.FAILED: "❌",
    Outcome.INVALID: "⛔",
    Outcome.INCONCLUSIVE: "🟡",
    Outcome.ACCEPTED: "🔷",
    Outcome.NOT_MEASURED: "❔",
    Outcome.REPORTED: "⚪",
    Outcome.WARNING: "⚠️",
    Outcome.PASSED: "✅",
}


def render(duel: Duel) -> str:
    """The text; it begins with `MARKER` and has fewer than `MOST_BYTES` bytes whatever the duel holds."""
    parts = (
        MARKER,
        f"### {_SIGNS[duel.outcome]} {outcomes.HEADINGS[duel.outcome]}",
        escaped(_short(duel.headline, _LONGEST_SENTENCE)),
        _sentences(facts.doubts(duel)),
        f"{escaped(_short(facts.compared(duel)))}; {escaped(_short(facts.effort(duel), _LONGEST_SENTENCE))}.",
        f"*{outcomes.tally(duel)}*",
        _findings(findings.striking(duel, _STRIKING)),
        _guilt(duel),
        _sentences(duel.expired),
        details("All findings", _findings(duel.findings)),
        details(
            "Why each verdict", _sentences(f"{findings.name(e)}: {n}" for e in duel.findings for n in findings.notes(e))
        ),
        details("What this gate knows about itself", _knowledge(duel)),
        details("Not looked at", _sentences(duel.blind)),
        details("Circumstances", _circumstances(duel)),
        _repeat(duel.repeat),
    )
    return _within(part for part in parts if part)


def _within(parts: Iterable[str]) -> str:
    """As many of ``parts`` as fit, in their order, and a word about those that do not."""
    kept, room, left_out = [], MOST_BYTES - len(_LEFT_OUT.encode()) - 3, False
    for part in parts:
        size = len(part.encode()) + 2
        if size <= room:
            kept.append(part)
            room -= size
        else:
            left_out = True
    return "\n\n".join([*kept, *([_LEFT_OUT] if left_out else [])]) + "\n"


def _short(text: str, longest: int = _LONGEST_CELL) -> str:
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


def _sentences(sentences: Iterable[str]) -> str:
    return bullets([_short(each, _LONGEST_SENTENCE) for each in sentences])


def _findings(found: Sequence[Finding]) -> str:
    rows = [
        (
            outcomes.label(each.outcome),
            _short(f"{findings.name(each)}{'' if each.enforced else ' (not enforced)'}"),
            findings.value(each, each.base),
            findings.value(each, each.head),
            findings.change(each),
            findings.budget(each),
        )
        for each in found
    ]
    return table(("Verdict", "Metric", "Base", "Head", "Change (95 % interval)", "Budget"), rows) if rows else ""


def _guilt(duel: Duel) -> str:
    """The culprits, most of the rise first; a table of its own, as its cells hold links."""
    if not duel.culprits:
        return ""
    head = ("Culprit", "Where", "Costs a request", "Rise (interval)", "Explains", "The change")
    lines = [head, ("---",) * len(head), *(_culprit(duel, each) for each in duel.culprits[:_CULPRITS])]
    left = len(duel.culprits) - _CULPRITS
    more = f"\n\nand {left} more, in the HTML report" if left > 0 else ""
    return "**Where it comes from**\n\n" + "\n".join(f"| {' | '.join(line)} |" for line in lines) + more


def _culprit(duel: Duel, culprit: Culprit) -> tuple[str, ...]:
    what = "; ".join(filter(None, (guilt.KINDS[culprit.kind], _short(culprit.detail))))
    return (
        f"**{escaped(_short(culprit.function))}**<br>{escaped(what)}",
        _link(duel, culprit),
        escaped(guilt.costs(culprit)),
        escaped(guilt.rise(culprit)),
        guilt.explains(culprit),
        escaped(_short(guilt.touch(culprit))),
    )


def _link(duel: Duel, culprit: Culprit) -> str:
    """To the guilty lines in the head's commit; only their name where the head is no commit."""
    commit, plus, _ = duel.samples.head.commit.partition("+")
    place = culprit.place
    if place is None:
        return "–"
    label = escaped(_short(guilt.place(culprit)))
    if plus or not commit.isalnum() or len(place.file) > _LONGEST_CELL:
        return label
    last = f"-L{place.end_line}" if place.end_line > place.line else ""
    return f"[{label}]({BLOB}/{quote(commit)}/{quote(place.file)}#L{place.line}{last})"


def _knowledge(duel: Duel) -> str:
    head = ("Metric", "This duel sees from", "Planted changes found by calibration")
    rows = [(_short(each.name), each.smallest or "–", each.power or "not known") for each in knowledge.sights(duel)]
    return "\n\n".join(filter(None, (_sentences(knowledge.sentences(duel)), table(head, rows) if rows else "")))


def _circumstances(duel: Duel) -> str:
    return table(("", ""), [(label, _short(text, _LONGEST_SENTENCE)) for label, text in facts.facts(duel)])


def _repeat(command: str) -> str:
    """As HTML, in which no backtick ends anything."""
    text = html.escape(_short(wording.plain(command), _LONGEST_SENTENCE)).replace("@", "&#64;")
    return f"Repeat it with\n\n<pre><code>{text}</code></pre>" if text else ""
