"""The circumstances of a duel, for people."""

from __future__ import annotations

from slo.duel.model import Duel, SideFacts
from slo.model import Unit
from slo.reports import wording


def compared(duel: Duel) -> str:
    """Such as ``main 1a2b3c4d5e → this work tree 9f8e7d6c5b+dirty``."""
    return f"{side(duel.samples.base)} → {side(duel.samples.head)}"


def side(facts: SideFacts) -> str:
    """Its name and its commit, short; a side that has neither is known by its URL."""
    told = " ".join(filter(None, (facts.name, wording.commit(facts.commit)))) or facts.url
    return wording.plain(told)


def launches(duel: Duel) -> int:
    """How often both services were started."""
    return max((len(each.launches) for each in duel.samples.series), default=0)


def requests(duel: Duel) -> tuple[int, int]:
    """Requests of base and head that the findings rest on."""
    series = duel.samples.series
    return max((each.base_events for each in series), default=0), max((each.head_events for each in series), default=0)


def effort(duel: Duel) -> str:
    """Such as ``plan duel, 4 launches, 12,000 requests to base and 12,004 to head, 2:41``."""
    samples, (base, head), starts = duel.samples, requests(duel), launches(duel)
    return wording.plain(
        f"plan {samples.plan}, {starts} {'launch' if starts == 1 else 'launches'}, "
        f"{base:,} requests to base and {head:,} to head, in {wording.clock(samples.seconds)}"
    )


def doubts(duel: Duel) -> tuple[str, ...]:
    """Why it cannot be judged, as sentences; a single reason is told by the headline itself."""
    found = duel.samples.distrusts
    return tuple(wording.plain(wording.sentence_of(each.reason)) for each in found) if len(found) > 1 else ()


def facts(duel: Duel) -> tuple[tuple[str, str], ...]:
    """Label and text; what nobody knows is left out."""
    samples = duel.samples
    machine = samples.machine
    memory = wording.quantity(machine.memory_bytes, Unit.BYTES)
    looks = "once" if samples.looks == 1 else f"{samples.looks} times"
    lines = (
        ("Base", _whole(samples.base)),
        ("Head", _whole(samples.head)),
        ("Load", effort(duel)),
        ("Rhythm", f"{samples.rhythm}; the data were looked at {looks}"),
        ("Time", samples.started_at),
        ("Seed", str(samples.seed)),
        ("Budgets", duel.environment),
        ("Machine", f"{machine.cpu}, {machine.cores} cores, {memory}, {machine.kernel}, Python {machine.python}"),
        ("Duel", samples.id),
        ("Repeat", duel.repeat),
    )
    return tuple((label, wording.plain(text)) for label, text in lines if text)


def _whole(facts: SideFacts) -> str:
    return ", ".join(filter(None, (facts.name, facts.commit, facts.url)))
