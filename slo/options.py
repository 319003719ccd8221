"""Options of the commands that judge; light, so that asking for help costs nothing."""

from __future__ import annotations

from pathlib import Path

import rich_click as click

environment = click.option(
    "--environment",
    type=click.Choice(["development", "staging", "production"]),
    default="development",
    show_default=True,
    help="Whose thresholds to judge by.",
)
objectives = click.option(
    "--objectives",
    type=click.Path(exists=True, path_type=Path),
    help="A file of objectives and budgets, or a folder of them, to use in place of the shipped ones.",
)
strict = click.option("--strict", is_flag=True, help="Exit 4, not 0, when the data do not decide.")
