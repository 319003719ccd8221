"""Figures, limits, states and times in words, the same in every form of the report."""

from __future__ import annotations

import unicodedata
from collections import Counter

from slo.exits import EXIT_CODES, ExitCode
from slo.model import Comparison, Judgement, Limit, ObjectiveVerdict, Overall, State, Unit
from slo.quantities import written

OVERALL_WORDS: dict[Overall, str] = {
    Overall.MET: "Objectives met",
    Overall.MISSED: "Objectives missed",
    Overall.INCONCLUSIVE: "Inconclusive",
    Overall.UNJUDGED: "Cannot be judged",
}
"""What a run amounts to, as a headline."""

OVERALL_SIGNS: dict[Overall, str] = {
    Overall.MET: "✔",
    Overall.MISSED: "✖",
    Overall.INCONCLUSIVE: "◐",
    Overall.UNJUDGED: "?",
}
"""The same as one character; no two share a shape."""

STATE_WORDS: dict[State, str] = {
    State.PASSED: "met",
    State.WARNING: "met (warning)",
    State.INCONCLUSIVE: "inconclusive",
    State.CRITICAL: "missed",
    State.NO_DATA: "no data",
    State.NEEDS_BASE: "needs a base",
}
"""What the data say about one objective."""

STATE_SIGNS: dict[State, str] = {
    State.PASSED: "✔",
    State.WARNING: "▲",
    State.INCONCLUSIVE: "◐",
    State.CRITICAL: "✖",
    State.NO_DATA: "∅",
    State.NEEDS_BASE: "○",
}
"""The same as one character; no two share a shape."""

OVERALL_STYLES: dict[Overall, str] = {
    Overall.MET: "bold green",
    Overall.MISSED: "bold red",
    Overall.INCONCLUSIVE: "bold yellow",
    Overall.UNJUDGED: "bold magenta",
}
"""How a terminal shows it."""

STATE_STYLES: dict[State, str] = {
    State.PASSED: "green",
    State.WARNING: "yellow",
    State.INCONCLUSIVE: "yellow",
    State.CRITICAL: "red",
    State.NO_DATA: "magenta",
    State.NEEDS_BASE: "dim",
}
"""How a terminal shows it."""

COMPARED = (
    "Each interval holds the true difference with 95 % confidence: between equal builds, one difference in twenty "
    "looks real by chance. It covers what happens within a run; how much one start of the service differs from the "
    "next, only more runs can tell."
)
"""Goes with every comparison."""

UNTRUSTED = "The run cannot be trusted: what its objectives say is shown and decides nothing."
"""Goes before the objectives of a run that cannot be judged."""

_SEVERITY = (
    State.CRITICAL,
    State.NO_DATA,
    State.INCONCLUSIVE,
    State.WARNING,
    State.PASSED,
    State.NEEDS_BASE,
)


def worst_first(verdicts: tuple[ObjectiveVerdict, ...]) -> tuple[ObjectiveVerdict, ...]:
    """The verdicts in the order in which a reader wants them: enforced ones first, then worst, then key."""
    return tuple(
        sorted(verdicts, key=lambda verdict: (not verdict.enforced, _SEVERITY.index(verdict.state), not verdict.key))
    )


def plain(text: str) -> str:
    """``text`` on one line, without characters that steer a terminal or that XML forbids."""
    return "".join("\ufffd" if _unprintable(character) else character for character in " ".join(text.split()))


def _unprintable(character: str) -> bool:
    return unicodedata.category(character) in {"Cc", "Cs", "Cn"} or character in "\u202a\u202b\u202d\u202e\u2066\u2067"


def commit(text: str) -> str:
    """A commit's name as short as people write it; that the tree had changes is kept."""
    name, plus, dirty = text.partition("+")
    return f"{name[:10]}{plus}{dirty}"


def capitalised(text: str) -> str:
    """``text`` with a large first letter, unless its first word is a name with digits, dots or hyphens."""
    return text[:1].upper() + text[1:] if text.partition(" ")[0].isalpha() else text


def sentence_of(reason: str) -> str:
    """``reason`` as a sentence of its own; nothing stays nothing."""
    return f"{capitalised(reason).removesuffix('.')}." if reason else ""


def quantity(value: float, unit: Unit) -> str:
    """``value`` with its unit, written as the verdicts' reasons write it."""
    return written(value, unit)


def number(value: float) -> str:
    """A bare figure, three digits or whole."""
    return written(value, Unit.COUNT)


def percent(ratio: float) -> str:
    """A ratio as a percentage."""
    return written(ratio, Unit.RATIO)


def milliseconds(duration_ms: float) -> str:
    """A duration from the columns and totals, with a fitting unit."""
    return written(duration_ms / 1000, Unit.SECONDS)


def clock(seconds: float) -> str:
    """Time since the start as ``minutes:seconds``, with hours where there are some."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def limit(edge: Limit, unit: Unit) -> str:
    """A limit, such as ``at most 0.1 %``."""
    words = "at most" if edge.comparison is Comparison.AT_MOST else "at least"
    return f"{words} {quantity(edge.value, unit)}"


def change_limit(edge: Limit) -> str:
    """A limit on a change, such as ``at most +5 %``."""
    words = "at most" if edge.comparison is Comparison.AT_MOST else "at least"
    return f"{words} {'+' if edge.value >= 0 else '−'}{percent(abs(edge.value))}"


def target(verdict: ObjectiveVerdict) -> str:
    """What the objective asks for; the critical limit, or the change that is allowed."""
    edge = verdict.critical or verdict.warning
    if edge is not None:
        return limit(edge, verdict.unit)
    if verdict.relative is not None:
        change = verdict.relative.critical or verdict.relative.warning
        if change is not None:
            return f"{change_limit(change)} against the base"
    return "reported only"


def measured(verdict: ObjectiveVerdict) -> str:
    """The value with its interval, such as ``97.2 % (96.4 to 97.9 %)``."""
    if verdict.value is None:
        return "nothing measured"
    return quantity(verdict.value, verdict.unit) + interval(verdict.low, verdict.high, verdict.unit)


def interval(low: float | None, high: float | None, unit: Unit) -> str:
    """The interval in brackets with a space before, or nothing where there is none."""
    if low is None or high is None:
        return ""
    first, last = quantity(low, unit), quantity(high, unit)
    figure, space, suffix = first.rpartition(" ")
    same = space and suffix == last.rpartition(" ")[2]
    return f" ({figure if same else first} to {last})"


def warning(verdict: ObjectiveVerdict) -> str:
    """The warning limit beside a critical one, such as ``warning beyond 0.05 %``; empty where there is none."""
    if verdict.critical is None or verdict.warning is None:
        return ""
    return f"warning beyond {quantity(verdict.warning.value, verdict.unit)}"


def tally(judgement: Judgement) -> str:
    """How many of the enforced objectives are in which state, such as ``4 objectives: 1 missed, 3 met``."""
    if judgement.distrusts:
        return UNTRUSTED
    states = Counter(verdict.state for verdict in judgement.verdicts if verdict.enforced)
    counts = [f"{states[state]} {STATE_WORDS[state]}" for state in _SEVERITY if states[state]]
    aside = sum(not verdict.enforced for verdict in judgement.verdicts)
    if aside:
        counts.append(f"{aside} not enforced")
    total = len(judgement.verdicts)
    return f"{total} {'objective' if total == 1 else 'objectives'}: {', '.join(counts)}" if total else "no objectives"


def exit_codes(judgement: Judgement) -> tuple[tuple[int, str], ...]:
    """Every exit code with its meaning; the code of an undecided run says that it is one."""
    meanings = {int(code): meaning for code, meaning in EXIT_CODES.items()}
    if judgement.overall is Overall.INCONCLUSIVE and judgement.exit_code == ExitCode.MET:
        meanings[ExitCode.MET] = (
            f"nothing is missed, yet the data do not decide; {ExitCode.INCONCLUSIVE} under --strict"
        )
    return tuple(meanings.items())


def decisive(judgement: Judgement) -> tuple[ObjectiveVerdict, ...]:
    """The enforced verdicts that kept the run from being met, the weightiest first."""
    enforced = [verdict for verdict in judgement.verdicts if verdict.enforced]
    missed = [verdict for verdict in enforced if verdict.state in {State.CRITICAL, State.NO_DATA}]
    open_ones = [verdict for verdict in enforced if verdict.state is State.INCONCLUSIVE]
    return () if judgement.overall is Overall.MET else worst_first(tuple(missed or open_ones))


def sentence(judgement: Judgement) -> str:
    """The verdict in one sentence for somebody who knows none of the objectives' names."""
    found = decisive(judgement)
    enforced = sum(each.enforced and each.state is not State.NEEDS_BASE for each in judgement.verdicts)
    objectives = "the enforced objective" if enforced == 1 else f"{len(found)} of {enforced} enforced objectives"
    match judgement.overall:
        case Overall.MISSED if found:
            return f"The service misses {objectives}: {_told(found[0])}."
        case Overall.INCONCLUSIVE if found:
            return f"Nothing is missed, but this run does not decide {objectives}: {_told(found[0])}."
        case Overall.MET:
            all_of_them = "its enforced objective" if enforced == 1 else f"all {enforced} enforced objectives"
            return f"The service keeps {all_of_them}{_with_warnings(judgement)}."
        case _:
            return judgement.headline


def _told(verdict: ObjectiveVerdict) -> str:
    """Such as ``“requests answered rightly within 200 ms” is 91.6 %, where at least 95 % is asked for``."""
    if verdict.value is None:
        return f"nothing was measured of “{verdict.indicator}”"
    undecided = verdict.state is State.INCONCLUSIVE
    found = measured(verdict) if undecided else quantity(verdict.value, verdict.unit)
    return f"“{verdict.indicator}” is {found}, where {target(verdict)} is asked for"


def _with_warnings(judgement: Judgement) -> str:
    count = sum(each.enforced and each.state is State.WARNING for each in judgement.verdicts)
    return f", {count} of them with a warning" if count else ""
