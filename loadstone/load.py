"""``loadstone load``: send a plan's load; list, show and import plans."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import rich_click as click

from loadstone.offers import Offer, refuse
from loadstone.sending import new_folder, planned, send
from loadtests._planning import _options
from loadtests._planning._plan import PlanError
from slo import commands
from slo.exits import ExitCode

REFUSALS: tuple[type[Exception], ...] = (PlanError, *commands.REFUSALS)

PLANS = "loadtests._planning._commands"

click.rich_click.COMMAND_GROUPS["loadstone load"] = [
    {"name": "Commands", "commands": ["run", "show", "list", "import"]},
]


class _Plans(click.RichGroup):
    """The first word is a command or else a plan to run, so that the usual thing needs no word of its own."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put the command in front that is meant."""
        if "--list" in args:
            args = ["list", *(word for word in args if word != "--list")]
        elif args and args[0] not in {*self.commands, *ctx.help_option_names}:
            args = ["run", *args]
        return super().parse_args(ctx, args)


@click.group(cls=_Plans)
def load() -> None:
    """Load a service by a plan and write the run record; list, show and import plans.

    What follows is a plan, by its name or as a TOML file, or one of the commands below:

    - `loadstone load --list` tells which plans there are
    - `loadstone load show spike` what one of them sends
    - `loadstone load smoke` starts a service, loads it and writes the record
    - `loadstone load soak --scale time=0.01 --host http://127.0.0.1:8000` loads a running one for seven minutes
    - `loadstone load import checkout.js` makes a plan of a k6 script, or of Artillery's YAML

    A plan that is called like a command is asked for by its path: `loadstone load ./list.toml`.
    `loadstone load run --help` tells the options of a run.
    """


@load.command("run")
@click.argument("plan")
@click.option("--host", envvar="HOST", help="Address of the service under load. [default: start one here for the run]")
@click.option("--record", type=click.Path(dir_okay=False, path_type=Path), help="Run record to write.")
@_options.seed
@_options.scale
def run(plan: str, host: str | None, record: Path | None, seed: int | None, scales: Mapping[str, float]) -> None:
    """Load a service by PLAN (a name or a TOML file) and write the run record; the word `run` may be left out.

    In an open plan, requests start when the plan says so, not when the service has time, and latency counts from that
    moment; in a closed one, users wait for their answers. `loadstone check` judges the record.
    """
    planned(plan, scales)
    path = record or new_folder(plan) / "record.jsonl"
    known = commands.specifications(None)
    loss = send(plan, host, path, seed=seed, scales=scales, known=known, environment="development")
    click.echo(f"run record: {path}")
    if loss:
        refuse(loss, ExitCode.MISSED)


load.add_command(Offer(PLANS, "show", "Show what a plan will send, and draw its course."))
load.add_command(Offer(PLANS, "list", "List the plans, a line each; the same as `loadstone load --list`.", "listing"))
load.add_command(
    Offer("loadstone.adoption", "import", "Make a plan and objectives of a k6 or Artillery file.", "adopt")
)
