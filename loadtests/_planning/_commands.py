"""What ``loadstone load`` tells of plans without sending anything: the list, and one plan whole."""

from __future__ import annotations

import rich_click as click
from rich.console import Console

from loadtests._planning import _options, _plan
from loadtests._planning._catalogue import catalogue, entries
from loadtests._planning._plan import PlanError
from loadtests._planning._portrait import portrait, portrayed

REFUSALS: tuple[type[Exception], ...] = (PlanError,)
"""What these commands raise instead of doing their work; the message is a sentence."""

_json_option = click.option("--json", "as_json", is_flag=True, help="All figures, for a program.")


@click.command("list")
@_json_option
def listing(as_json: bool) -> None:
    """List the plans: how long, which arrivals, how much at the peak, what for."""
    plans = [_plan.load(name) for name in _plan.names()]
    if as_json:
        click.echo(entries(plans))
    else:
        catalogue(plans, Console())


@click.command()
@click.argument("plan")
@_options.scale
@_json_option
def show(plan: str, scales: dict[str, float], as_json: bool) -> None:
    """Show what PLAN will send: its course, its mix, its payloads, and what it is judged by.

    Nothing is sent. With `--scale` it is shown as a run with that scale would be:

    - `loadstone load show staged`
    - `loadstone load show soak --scale time=0.01 --scale rate=0.5`
    """
    scaled = _plan.load(plan).scaled(**scales)
    if as_json:
        click.echo(portrayed(scaled))
    else:
        portrait(scaled, Console())
