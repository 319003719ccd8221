"""Options of the commands that take a plan; light, so that asking for help costs nothing."""

from __future__ import annotations

import rich_click as click

SMALLEST, LARGEST = 1e-6, 1e6
"""Factors that a plan can be scaled by."""


def _factors(_context: click.Context, _parameter: click.Parameter, scales: tuple[str, ...]) -> dict[str, float]:
    factors: dict[str, float] = {}
    for scale in scales:
        what, _, text = scale.partition("=")
        try:
            factor = float(text)
        except ValueError:
            factor = 0.0
        if what not in {"time", "rate"} or not SMALLEST <= factor <= LARGEST:
            raise click.BadParameter(f"{scale!r} is neither time=X nor rate=X with X from 0.000001 to 1000000")
        factors[what] = factor
    return factors


seed = click.option(
    "--seed",
    type=click.IntRange(-(2**53), 2**53),
    help="Repeat a run: same arrivals, same payloads. [default: the plan's]",
)
scale = click.option(
    "--scale",
    "scales",
    multiple=True,
    metavar="time=X|rate=X",
    callback=_factors,
    help="Stretch or shrink the plan, such as `time=0.1` or `rate=2`. May be given twice.",
)
