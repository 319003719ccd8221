"""The duel for a terminal or the log of a job: the verdict, what it rests on, who is to blame, where the rest is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from rich import box
from rich.table import Table
from rich.text import Text

from slo.duel.model import Culprit, Duel, Finding
from slo.reports import wording
from slo.reports.duel import facts, findings, guilt, knowledge, outcomes
from slo.reports.paper import Paper

ROOMY = 120
"""Columns from which on base and head have columns of their own."""
MOST_CULPRITS = 8


def render(duel: Duel, *, places: Mapping[str, Path] | None = None, width: int = 100, colour: bool = False) -> str:
    """The text in at most ``width`` columns; ``places`` are the written forms by name."""
    paper = Paper(width=width, colour=colour)
    heading = f"{outcomes.SIGNS[duel.outcome]} {outcomes.HEADINGS[duel.outcome]}"
    paper.print()
    paper.print(Text(heading, style=f"bold {outcomes.STYLES[duel.outcome]}"))
    paper.print(wording.plain(duel.headline))
    for doubt in facts.doubts(duel):
        paper.bullet(doubt)
    paper.print(f"\n{facts.compared(duel)}")
    paper.print(Text(facts.effort(duel), style="dim"))
    if duel.findings:
        paper.print(f"\n{outcomes.tally(duel)}")
        paper.print(_findings(duel, roomy=width >= ROOMY))
        _list(paper, "", [f"{findings.name(each)}: {note}" for each in duel.findings for note in _told(each)])
    if duel.culprits:
        paper.print(_culprits(duel.culprits))
    _list(paper, "Acceptances whose time is over", duel.expired)
    _list(paper, "Not looked at", duel.blind)
    _list(paper, "What this gate knows about itself", knowledge.sentences(duel))
    sights = knowledge.sights(duel)
    if sights:
        paper.print(_sights(sights))
    if duel.repeat:
        paper.print("Repeat it with")
        paper.bullet(duel.repeat)
        paper.print()
    paper.places(places or {})
    return paper.text


def _told(finding: Finding) -> tuple[str, ...]:
    """Why a finding is not simply within its budget."""
    return findings.notes(finding) if finding.enforced and outcomes.LOOKS[finding.outcome] != "met" else ()


def _list(paper: Paper, title: str, sentences: Iterable[str]) -> None:
    told = list(sentences)
    if not told:
        return
    if title:
        paper.print(title)
    for sentence in told:
        paper.bullet(sentence)
    paper.print()


def _findings(duel: Duel, *, roomy: bool) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("Metric", min_width=16)
    for side in ("Base", "Head") if roomy else ("Base → head",):
        table.add_column(side)
    for title in ("Change (95 % interval)", "Budget", "Verdict"):
        table.add_column(title)
    for finding in duel.findings:
        sides = [findings.value(finding, finding.base), findings.value(finding, finding.head)]
        aside = "" if finding.enforced else "\nnot enforced"
        table.add_row(
            Text.assemble(findings.name(finding), (aside, "dim")),
            *([Text(each) for each in sides] if roomy else [Text(" → ".join(sides))]),
            Text(findings.change(finding)),
            Text(findings.budget(finding)),
            Text(outcomes.label(finding.outcome), style=outcomes.STYLES[finding.outcome]),
        )
    return table


def _culprits(culprits: tuple[Culprit, ...]) -> Table:
    left = len(culprits) - MOST_CULPRITS
    caption = f"and {left} more, in the report" if left > 0 else None
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, caption=caption, caption_justify="left")
    for title in ("Culprit", "Costs a request", "Rise (interval)", "Explains"):
        table.add_column(title)
    for culprit in culprits[:MOST_CULPRITS]:
        where = ", ".join(filter(None, (guilt.KINDS[culprit.kind], guilt.place(culprit))))
        detail = wording.plain(culprit.detail)
        table.add_row(
            Text.assemble(
                (wording.plain(culprit.function), "bold"),
                (f"\n{where}\n{guilt.touch(culprit)}", "dim"),
                f"\n{detail}" if detail else "",
            ),
            Text(guilt.costs(culprit)),
            Text(guilt.rise(culprit)),
            Text(guilt.explains(culprit)),
        )
    return table


def _sights(sights: tuple[knowledge.Sight, ...]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for title in ("Metric", "This duel sees from", "Planted changes found by calibration"):
        table.add_column(title)
    for sight in sights:
        table.add_row(sight.name, Text(sight.smallest or "–"), Text(sight.power or "not known"))
    return table
