"""The front door: one command, ``loadstone``, that lists what the rooms offer and starts it when asked.

What one room can do alone lies in that room's ``commands``; what joins rooms (load, gate, capacity) lies here. Nothing
of a room is imported before its command runs, so ``loadstone --help`` is quick and a missing extra hurts only the
command that needs it. Whatever goes wrong is one sentence and an exit code.
"""

from __future__ import annotations

import signal
from typing import NoReturn

import rich_click as click

from loadstone.offers import FrontDoor, Offer
from slo.exits import EXIT_CODES

__all__ = ["cli", "main"]

SERVICE, JUDGE = "service.commands", "slo.commands"

OFFERS = {
    "The service": (
        Offer(SERVICE, "serve", "Run the HTTP service."),
        Offer(SERVICE, "worker", "Work off batches and jobs of the database in `DATABASE_URL`; any number may run."),
        Offer(SERVICE, "migrate", "Bring the database's tables to this version."),
        Offer(SERVICE, "keys", "Make, list and revoke the API keys of a service."),
        Offer(SERVICE, "settings", "List the environment variables that the service reads."),
        Offer(SERVICE, "openapi", "Print the OpenAPI document."),
        Offer(SERVICE, "batch", "Send files of millions of rows, watch and steer them, get what came of them."),
        Offer(SERVICE, "cache", "Look into the cache of a running service, invalidate it, warm it."),
    ),
    "The evidence": (
        Offer("loadstone.gate", "gate", "Judge the service by its objectives and against its base; report."),
        Offer("loadstone.calibrate", "calibrate", "Measure the gate itself: false alarms, and the changes it finds."),
        Offer("loadstone.history", "history", "Draw the verdicts over the commits; warn of drift below the budgets."),
        Offer("loadstone.load", "load", "Load a service by a plan; list, show and import plans."),
        Offer("loadstone.capacity", "capacity", "Find how much the service carries: up to the knee and past it."),
        Offer(JUDGE, "check", "Judge a run by the objectives; the exit code is the verdict."),
        Offer(JUDGE, "report", "Write the report on a run, or compare up to five."),
        Offer("loadstone.profile", "profile", "Find where time and memory go, and who made requests dearer."),
        Offer(SERVICE, "duties", "Measure what each duty of the service adds to a request."),
    ),
}
"""All commands, in the order of the help."""

click.rich_click.TEXT_MARKUP = "markdown"
click.rich_click.SHOW_ARGUMENTS = True
click.rich_click.COMMAND_GROUPS = {
    "loadstone": [{"name": name, "commands": [str(offer.name) for offer in offers]} for name, offers in OFFERS.items()]
}


@click.group(
    cls=FrontDoor,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="**Exit codes**: " + "; ".join(f"**{code.value}** {meaning}" for code, meaning in EXIT_CODES.items()) + ".",
)
@click.version_option(package_name="loadstone")
def cli() -> None:
    """An analysis service that proves its own performance.

    `loadstone gate` is the whole story in one go: it starts the service on embedded PostgreSQL and Valkey, loads it by
    a plan, judges what it saw by the objectives in `slo/`, then runs it beside the version that it came from and says
    what became worse, and by whose doing. Its parts can be run alone: `serve`, `load`, `check`, `report`, `profile`.
    """


for offers in OFFERS.values():
    for offer in offers:
        cli.add_command(offer)


def main() -> None:
    """Run the command line; SIGTERM and SIGHUP end it like Ctrl-C does, so that no child is left behind."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _terminated)
    cli(prog_name="loadstone")


def _terminated(_signal: int, _frame: object) -> NoReturn:
    raise KeyboardInterrupt
