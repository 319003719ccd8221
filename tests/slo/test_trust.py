from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from slo import trust
from slo.histogram import Histogram
from slo.record import Pulse, Run, Stage

MakeRun = Callable[..., Run]
Spoil = Callable[[Run], Run]
replace = msgspec.structs.replace


def codes(run: Run) -> list[str]:
    return [distrust.code for distrust in trust.distrusts(run)]


def pulses(run: Run, change: Callable[[Pulse], Pulse | None]) -> Run:
    changed = (change(pulse) for pulse in run.pulses)
    return replace(run, pulses=tuple(pulse for pulse in changed if pulse is not None))


def every(**changes: Any) -> Spoil:
    return lambda run: pulses(run, lambda pulse: replace(pulse, **changes))


def some(seconds: int, **changes: Any) -> Spoil:
    """Change the first ``seconds`` of the judged part."""
    return lambda run: pulses(
        run, lambda pulse: replace(pulse, **changes) if 5 <= pulse.second < 5 + seconds else pulse
    )


def footer(**changes: Any) -> Spoil:
    def spoil(run: Run) -> Run:
        assert run.footer is not None
        return replace(run, footer=replace(run.footer, **changes))

    return spoil


def plan(**changes: Any) -> Spoil:
    return lambda run: replace(run, header=replace(run.header, plan=replace(run.header.plan, **changes)))


def late(share: float, seconds: float) -> str:
    return Histogram.of([seconds] * round(1000 * share) + [0.001] * round(1000 * (1 - share))).encode()


WARM_UP_ONLY = (Stage(name="warm-up", seconds=35, rate_from=100, rate_to=100, judged=False),)

DOUBTS: dict[str, tuple[Spoil, str]] = {
    "another format": (lambda run: replace(run, header=replace(run.header, format="x/1")), "unknown-format"),
    "no footer": (lambda run: replace(run, footer=None), "aborted"),
    "stopped": (footer(outcome="stopped"), "stopped-early"),
    "a lost generator": (footer(generators={"generator-0": "lost"}), "generator-lost"),
    "a generator the footer does not know": (footer(generators={}), "generator-lost"),
    "a stage the plan does not know": (
        lambda run: replace(run, cells=(*run.cells, replace(run.cells[-1], stage="spike"))),
        "unknown-stage",
    ),
    "nothing judged": (
        lambda run: plan(stages=WARM_UP_ONLY)(
            replace(run, cells=tuple(replace(cell, stage="warm-up") for cell in run.cells))
        ),
        "nothing-judged",
    ),
    "a second missing": (
        lambda run: pulses(run, lambda pulse: None if pulse.second == 20 else pulse),
        "seconds-missing arrivals-missing",
    ),
    "seconds out of order": (lambda run: replace(run, pulses=tuple(reversed(run.pulses))), "clock-jumped"),
    "a second twice": (
        lambda run: replace(run, pulses=(*run.pulses, run.pulses[-1])),
        "clock-jumped requests-unaccounted",
    ),
    "snapshots out of order": (
        lambda run: replace(run, snapshots=(*run.snapshots[:2], replace(run.snapshots[2], second=1.0))),
        "clock-jumped",
    ),
    "arrivals not started": (every(intended=100, started=97), "arrivals-not-started"),
    "arrivals that were never intended": (every(intended=97, started=97), "arrivals-missing"),
    "requests that never ended": (lambda run: replace(run, cells=run.cells[:-1]), "requests-unaccounted"),
    "requests that never ended, beside seconds that are judged in part": (
        lambda run: replace(
            run, cells=(*(cell for cell in run.cells if cell.second != 20), *[replace(run.cells[-1], second=99)] * 2)
        ),
        "requests-unaccounted",
    ),
    "one dropped arrival": (some(1, dropped=1), "arrivals-dropped"),
    "late starts": (every(lateness=late(0.02, 0.06)), "starts-late"),
    "a busy generator": (some(4, cpu=0.9), "generator-saturated"),
    "a generator that others keep from its core": (some(4, cpu=0.3, waiting=0.6), "generator-saturated"),
    "clocks that are apart": (some(1, clock_error=0.06), "clocks-apart"),
    "a busy host": (every(steal=0.06), "cpu-stolen"),
}


@pytest.mark.parametrize("doubt", DOUBTS)
def test_every_doubt_has_its_code_and_a_sentence_with_the_evidence(doubt: str, make_run: MakeRun) -> None:
    spoil, expected = DOUBTS[doubt]
    found = trust.distrusts(spoil(make_run()))
    assert [distrust.code for distrust in found] == expected.split()
    assert found[0].reason
    assert not found[0].reason.endswith(".")
    assert msgspec.json.decode(msgspec.json.encode(found[0].evidence)) == found[0].evidence


JUST_GOOD_ENOUGH: dict[str, Spoil] = {
    "nothing wrong": lambda run: run,
    "98 % started": every(intended=100, started=98),
    "98 % intended": every(intended=98, started=98),
    "one in a hundred late": every(lateness=late(0.01, 0.06)),
    "all a little late": every(lateness=late(1.0, 0.0499)),
    "a tenth of the seconds busy": some(3, cpu=1.0),
    "busy up to the limit": every(cpu=0.5, waiting=0.3),
    "clocks as far apart as they may be": every(clock_error=0.05),
    "a little stolen": every(steal=0.05),
    "drops in the warm-up": lambda run: pulses(
        run, lambda pulse: replace(pulse, dropped=9, cpu=1.0) if pulse.second < 5 else pulse
    ),
    "seconds missing in the warm-up": lambda run: pulses(run, lambda pulse: pulse if pulse.second != 2 else None),
}


@pytest.mark.parametrize("circumstance", JUST_GOOD_ENOUGH)
def test_what_stays_within_its_limit_raises_no_doubt(circumstance: str, make_run: MakeRun) -> None:
    assert codes(JUST_GOOD_ENOUGH[circumstance](make_run())) == []


def test_one_busy_generator_among_idle_ones_is_found(make_run: MakeRun) -> None:
    run = make_run()
    second = tuple(
        replace(pulse, generator="generator-1", intended=0, started=0, lateness="", cpu=1.0) for pulse in run.pulses
    )
    both = replace(run, pulses=(*run.pulses, *second))
    generators = {"generator-0": "finished", "generator-1": "finished"}
    found = trust.distrusts(footer(generators=generators)(both))
    assert [(distrust.code, distrust.evidence["generator"]) for distrust in found] == [
        ("generator-saturated", "generator-1")
    ]


def test_poisson_arrivals_may_fall_short_by_chance_and_no_more(make_run: MakeRun) -> None:
    """3,000 planned: 98 % less four times √3,000 is 2,721, or 91 in each of thirty seconds."""
    poisson = plan(arrivals="poisson")
    assert codes(poisson(every(intended=91, started=91)(make_run(rate=100)))) == []
    assert "arrivals-missing" in codes(poisson(every(intended=90, started=90)(make_run(rate=100))))


def test_a_closed_model_has_no_arrivals_to_miss(make_run: MakeRun) -> None:
    few = every(intended=10, started=10, lateness="")
    run = few(make_run(rate=100))
    assert codes(plan(arrivals="closed")(run)) == []
    assert codes(run) == ["arrivals-missing"]


def test_a_ramp_plans_its_mean_rate(make_run: MakeRun) -> None:
    ramp = (
        Stage(name="warm-up", seconds=5, rate_from=0, rate_to=50, judged=False),
        Stage(name="steady", seconds=30, rate_from=50, rate_to=150, judged=True),
    )
    assert codes(plan(stages=ramp)(make_run(rate=100))) == []


def test_a_record_with_a_header_alone_cannot_be_trusted(make_run: MakeRun) -> None:
    assert codes(Run(header=make_run().header)) == ["aborted", "no-requests", "no-generator-health"]


def test_limits_can_be_others(make_run: MakeRun) -> None:
    patient = trust.TrustLimits(dropped=10**6)
    run = every(dropped=5)(make_run())
    assert [distrust.code for distrust in trust.distrusts(run)] == ["arrivals-dropped"]
    assert trust.distrusts(run, patient) == ()
