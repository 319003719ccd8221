"""``python -m tests.benchmarks.generator``: what a request costs the load generator, beside Locust's own fast user."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import msgspec
import rich_click as click
from rich.console import Console

from slo.documentation import put
from tests.benchmarks.generator import findings, tables
from tests.benchmarks.generator.findings import Measured
from tests.benchmarks.generator.measurement import ROOT, GeneratorError, Measurement, Scale

FULL = Scale(blocks=8, block_seconds=4.0, accuracy_seconds=10.0)
QUICK = Scale(blocks=3, block_seconds=1.0, accuracy_seconds=2.0)
RESULTS = Path(".loadstone/generator")
PAGE = ROOT / "docs/generator.md"


@click.command()
@click.option("--quick", is_flag=True, help="Half a minute, with wide intervals.")
@click.option("--write", is_flag=True, help="Write the tables into docs/generator.md.")
@click.option("--strict", is_flag=True, help="Exit 1 unless every goal is surely met.")
def main(quick: bool, write: bool, strict: bool) -> None:
    """Measure what a request costs the load generator, against Locust's FastHttpUser doing the same work.

    Both run as `locust` starts them, on one core, in turns; the server has another core and one answer. Ends with the
    ratio of requests per CPU-second; the whole is also written as JSON to `.loadstone/generator`.
    """
    console = Console()
    try:
        with tempfile.TemporaryDirectory(prefix="generator-") as folder, console.status("starting") as status:
            measured = Measurement(Path(folder), QUICK if quick else FULL, status.update).run()
    except GeneratorError as error:
        click.echo(f"generator: {error}", err=True)
        sys.exit(2)
    path = _kept(measured)
    if write:
        page = PAGE.read_text(encoding="utf-8")
        PAGE.write_text(put(page, "measured", tables.markdown(measured)), encoding="utf-8")
    tables.show(measured, console)
    console.print(f"results: {path}", soft_wrap=True)
    sys.exit(1 if strict and findings.misses(measured) else 0)


def _kept(measured: Measured) -> Path:
    RESULTS.mkdir(parents=True, exist_ok=True)
    path = RESULTS / f"{measured.started_at.replace(':', '').replace('-', '')}.json"
    told = {
        "measured": measured,
        "times_as_many_per_cpu_second": findings.ratio(measured),
        "times_as_many_per_second": findings.ratio(measured, by="clock"),
        "misses": findings.misses(measured),
    }
    path.write_bytes(msgspec.json.format(msgspec.json.encode(told), indent=1))
    return path


if __name__ == "__main__":
    main(prog_name="python -m tests.benchmarks.generator")
