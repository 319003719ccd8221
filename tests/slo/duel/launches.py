"""Launches made to order: what base and head did in every second is known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from slo.duel.model import SIDES, Side
from slo.duel.samples import Launch
from slo.histogram import Histogram
from slo.record import FORMAT, Cell, Effort, Footer, Header, MachineFacts, PlanFacts, Pulse, Run, Stage, TargetFacts

MACHINE = MachineFacts(cpu="test", cores=2, memory_bytes=1, kernel="1", python="3.11")
LATENCIES = (0.001, 0.002, 0.003, 0.004, 0.010)
RATE = 400
"""Requests a second, of both sides together."""
SECOND = 1.3
"""How much longer it takes to start beside a service that runs already."""


def stages(mixed: int = 4, block: int = 2, first: Side = "base") -> tuple[Stage, ...]:
    """A warm-up of a second, then the mixed seconds, then one round of blocks A B B A."""
    other: Side = "head" if first == "base" else "base"
    return (
        Stage(name="warm-up", seconds=1, rate_from=RATE, rate_to=RATE, judged=False),
        Stage(name="mixed", seconds=mixed, rate_from=RATE, rate_to=RATE, judged=True),
        *(
            Stage(name=f"block-{number}-{side}", seconds=block, rate_from=RATE, rate_to=RATE, judged=True, side=side)
            for number, side in enumerate((first, other, other, first), start=1)
        ),
    )


def run(
    plan: Sequence[Stage],
    *,
    slower: Mapping[Side, float] | None = None,
    cpu: Mapping[Side, float] | None = None,
    failing: Mapping[Side, int] | None = None,
    arrivals: str = "constant",
    rate: int = RATE,
) -> Run:
    """A record of ``plan``: latencies times ``slower``, ``cpu`` seconds a request, ``failing`` requests a second."""
    cells: list[Cell] = []
    efforts: list[Effort] = []
    pulses: list[Pulse] = []
    second = 0
    for stage in plan:
        for _ in range(int(stage.seconds)):
            sides = SIDES if stage.side == "both" else (stage.side,)
            for side in sides:
                number = rate // len(sides)
                bad = (failing or {}).get(side, 0)
                latency = Histogram.of(
                    [each * (slower or {}).get(side, 1.0) for each in LATENCIES] * (number // 5)
                ).encode()
                cells.append(
                    Cell(
                        second=second,
                        stage=stage.name,
                        workload="comments",
                        route="/v1/comments",
                        outcomes={"ok": number - bad, "http-503": bad},
                        latency=latency,
                        service=latency,
                        response_bytes=number * 100,
                        side=side,
                    )
                )
                efforts.append(
                    Effort(second=second, side=side, cpu=number * (cpu or {}).get(side, 0.001), resident_bytes=10**8)
                )
            pulses.append(
                Pulse(
                    second=second,
                    generator="generator-0",
                    intended=rate,
                    started=rate,
                    dropped=0,
                    lateness=Histogram.of([0.0001] * rate).encode(),
                    cpu=0.3,
                )
            )
            second += 1
    facts = PlanFacts(
        name="duel",
        description="to order",
        arrivals="constant" if arrivals == "constant" else "closed",
        stages=tuple(plan),
        mix={"comments": 1.0},
    )
    header = Header(
        format=FORMAT,
        id="test",
        started_at="2026-01-01T00:00:00Z",
        seed=1,
        commit="",
        plan=facts,
        machine=MACHINE,
        target=TargetFacts(url="http://127.0.0.1:2"),
        base=TargetFacts(url="http://127.0.0.1:1"),
    )
    footer = Footer(
        ended_at="2026-01-01T00:01:00Z",
        outcome="completed",
        generators={"generator-0": "finished"},
        cells=len(cells),
        requests=sum(cell.requests for cell in cells),
    )
    return Run(header=header, cells=tuple(cells), pulses=tuple(pulses), efforts=tuple(efforts), footer=footer)


def launch(first: Side = "base", **changes: Any) -> Launch:
    """A launch whose closed model lets the head answer as much slower as it takes more CPU."""
    return Launch(
        opened=run(stages(first=first), **changes),
        closed=run(stages(mixed=0, block=1, first=first), arrivals="closed", **changes),
        start_up={"base": 2.0, "head": 2.0 * SECOND} if first == "base" else {"base": 2.0 * SECOND, "head": 2.0},
        first=first,
    )
