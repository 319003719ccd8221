"""The requests of a plan as lines, for whoever replays them: ``python -m loadtests._planning._requests PLAN COUNT``.

Each line is a JSON object with ``path`` and ``body``. Equal seeds give equal lines.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from itertools import islice
from random import Random

import msgspec

from loadtests._planning import _plan
from loadtests._planning._plan import Plan, PlanError
from loadtests._workloads import payloads_of


class _Line(msgspec.Struct, frozen=True):
    path: str
    body: msgspec.Raw


def lines(plan: Plan, seed: int) -> Iterator[bytes]:
    """Requests without end, their workloads in the proportions of the plan's mix."""
    choice = Random(f"{seed}/requests")
    names = sorted(plan.shares)
    weights = [plan.shares[name] for name in names]
    modules = {name: payloads_of(name) for name in names}
    exchanges = {
        name: module.exchanges(plan.payloads.of(name, module.Payloads), Random(f"{seed}/requests/{name}"))
        for name, module in modules.items()
    }
    while True:
        name = choice.choices(names, weights)[0]
        exchange = next(exchanges[name])
        yield msgspec.json.encode(_Line(f"/v1/{name}{exchange.door}", msgspec.Raw(exchange.body)))


def main(name: str, count: str, seed: str = "") -> None:
    """Print so many; a plan that cannot be had ends it with a sentence."""
    try:
        plan = _plan.load(name)
    except PlanError as error:
        sys.exit(str(error))
    for line in islice(lines(plan, int(seed or plan.seed)), int(count)):
        sys.stdout.buffer.write(line + b"\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
