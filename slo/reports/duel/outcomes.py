"""What a duel or one of its findings came to, in words, signs and looks."""

from __future__ import annotations

from collections import Counter

from slo.duel.model import Duel, Outcome
from slo.exits import EXIT_CODES, ExitCode

WORDS: dict[Outcome, str] = {
    Outcome.FAILED: "beyond the budget",
    Outcome.INVALID: "cannot be judged",
    Outcome.INCONCLUSIVE: "not decided",
    Outcome.ACCEPTED: "beyond the budget, accepted",
    Outcome.NOT_MEASURED: "not measured",
    Outcome.WARNING: "within the budget, beyond its hint",
    Outcome.PASSED: "within the budget",
    Outcome.REPORTED: "no budget",
}
"""Of one finding; worst first."""

HEADINGS: dict[Outcome, str] = {
    Outcome.FAILED: "The change is beyond a budget",
    Outcome.INVALID: "The duel cannot be judged",
    Outcome.INCONCLUSIVE: "The duel does not decide",
    Outcome.ACCEPTED: "The change is beyond a budget, and accepted",
    Outcome.NOT_MEASURED: "Nothing could be measured",
    Outcome.WARNING: "The change is within every budget, with a warning",
    Outcome.PASSED: "The change is within every budget",
    Outcome.REPORTED: "No budget holds the change",
}
"""Of the whole."""

SIGNS: dict[Outcome, str] = {
    Outcome.FAILED: "✖",
    Outcome.INVALID: "?",
    Outcome.INCONCLUSIVE: "◐",
    Outcome.ACCEPTED: "◆",
    Outcome.NOT_MEASURED: "∅",
    Outcome.WARNING: "▲",
    Outcome.PASSED: "✔",
    Outcome.REPORTED: "○",
}
"""The same as one character; no two share a shape."""

STYLES: dict[Outcome, str] = {
    Outcome.FAILED: "red",
    Outcome.INVALID: "magenta",
    Outcome.INCONCLUSIVE: "yellow",
    Outcome.ACCEPTED: "cyan",
    Outcome.NOT_MEASURED: "magenta",
    Outcome.WARNING: "yellow",
    Outcome.PASSED: "green",
    Outcome.REPORTED: "dim",
}
"""How a terminal shows it."""

LOOKS: dict[Outcome, str] = {
    Outcome.FAILED: "missed",
    Outcome.INVALID: "unjudged",
    Outcome.INCONCLUSIVE: "inconclusive",
    Outcome.ACCEPTED: "accepted",
    Outcome.NOT_MEASURED: "unjudged",
    Outcome.WARNING: "warning",
    Outcome.PASSED: "met",
    Outcome.REPORTED: "reported",
}
"""Names of looks in the style sheet."""

UNTRUSTED = "The duel cannot be trusted: what was measured is shown and decides nothing."
"""Goes before the findings of a duel that cannot be judged."""


def label(outcome: Outcome) -> str:
    """Sign and words of a finding."""
    return f"{SIGNS[outcome]} {WORDS[outcome]}"


def tally(duel: Duel) -> str:
    """How many of the enforced findings came to what, such as ``2 findings: 1 not decided; 1 within the budget``."""
    if duel.outcome is Outcome.INVALID:
        return UNTRUSTED
    total = len(duel.findings)
    if not total:
        return "no findings"
    counted = Counter(finding.outcome for finding in duel.findings if finding.enforced)
    counts = [f"{counted[outcome]} {words}" for outcome, words in WORDS.items() if counted[outcome]]
    aside = sum(not finding.enforced for finding in duel.findings)
    if aside:
        counts.append(f"{aside} not enforced")
    return f"{total} {'finding' if total == 1 else 'findings'}: {'; '.join(counts)}"


def exit_codes(duel: Duel) -> tuple[tuple[int, str], ...]:
    """Every exit code with its meaning; the code of an undecided duel says that it is one."""
    meanings = {int(code): meaning for code, meaning in EXIT_CODES.items()}
    if duel.outcome is Outcome.INCONCLUSIVE and duel.exit_code == ExitCode.MET:
        meanings[ExitCode.MET] = (
            f"nothing is beyond its budget, yet the data do not decide; {ExitCode.INCONCLUSIVE} under --strict"
        )
    return tuple(meanings.items())
