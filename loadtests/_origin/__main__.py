"""``python -m loadtests._origin``: serve pictures on this machine until it is ended."""

from __future__ import annotations

import asyncio
import sys
from contextlib import suppress

import rich_click as click

from loadtests._origin import HOST, PORT
from loadtests._origin._server import Manners, serve

_BAD_INPUT = 2


@click.command()
@click.option("--port", type=click.IntRange(0, 65_535), default=PORT, show_default=True, help="0 for any that is free.")
@click.option("--missing", type=click.FloatRange(0, 1), default=0.0, help="Share of pictures that are not there.")
@click.option("--busy", type=click.FloatRange(0, 1), default=0.0, help="Share of requests told to come later (429).")
@click.option("--delay", type=click.FloatRange(0, 60), default=0.0, help="Mean seconds before an answer.")
def main(port: int, missing: float, busy: float, delay: float) -> None:
    """Serve JPEG pictures by number, /small/17.jpg, each another file, on loopback alone."""
    with suppress(KeyboardInterrupt):
        try:
            asyncio.run(serve(HOST, port, Manners(missing=missing, busy=busy, delay=delay), click.echo))
        except OSError as error:
            sys.stderr.write(f"pictures cannot be served at {HOST}:{port}: {error.strerror}\n")
            sys.exit(_BAD_INPUT)


if __name__ == "__main__":
    main(prog_name="python -m loadtests._origin")
