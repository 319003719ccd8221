"""``python -m tests.benchmarks.peers``: the same endpoint in several forms, measured side by side."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import msgspec
import rich_click as click
from rich.console import Console

from service.duties import trials
from slo.documentation import put
from tests.benchmarks.peers import findings, processes, tables
from tests.benchmarks.peers.findings import Measured, State
from tests.benchmarks.peers.forms import FORMS, OURS, ROOT
from tests.benchmarks.peers.measurement import Measurement, Scale
from tests.benchmarks.peers.stage import PeerError, staged

FULL = Scale(blocks=10, block_seconds=0.7, paced_blocks=6, paced_seconds=1.2)
QUICK = Scale(blocks=4, block_seconds=0.25, paced_blocks=3, paced_seconds=0.5, warm_seconds=0.3)
RESULTS = Path(".loadstone/peers")
PAGE = ROOT / "docs/peers.md"


@click.command()
@click.option("--quick", is_flag=True, help="About a minute, with wide intervals.")
@click.option("--form", "names", multiple=True, type=click.Choice([form.name for form in FORMS]), help="Only these.")
@click.option("--write", is_flag=True, help="Write the tables into docs/peers.md.")
@click.option("--strict", is_flag=True, help="Exit 1 unless every target is met.")
def main(quick: bool, names: tuple[str, ...], write: bool, strict: bool) -> None:
    """Measure the comments endpoint in several forms, on one core under the same load, and compare.

    Ends with the ratios of requests per CPU-second; the whole is also written as JSON to `.loadstone/peers`.
    """
    console = Console()
    chosen = [form for form in FORMS if not names or form.name in (*names, OURS)]
    try:
        with (
            tempfile.TemporaryDirectory(prefix="peers-") as folder,
            console.status("starting") as status,
            staged(chosen, Path(folder), status.update) as stage,
        ):
            measured = Measurement(stage, QUICK if quick else FULL, status.update).run()
    except PeerError as error:
        click.echo(f"peers: {error}", err=True)
        sys.exit(2)
    path = _kept(measured)
    if write:
        console.print("measuring the duties")
        _write(measured)
    tables.show(measured, console)
    console.print(f"results: {path}", soft_wrap=True)
    if measured.failed or measured.wrong_answers:
        sys.exit(3)
    missed = [each for each in findings.comparisons(measured) if each.state not in (None, State.MET)]
    sys.exit(1 if strict and missed else 0)


def _kept(measured: Measured) -> Path:
    RESULTS.mkdir(parents=True, exist_ok=True)
    path = RESULTS / f"{measured.started_at.replace(':', '').replace('-', '')}.json"
    told = {"measured": measured, "comparisons": findings.comparisons(measured), "doubts": findings.doubts(measured)}
    path.write_bytes(msgspec.json.format(msgspec.json.encode(told), indent=1))
    return path


def _write(measured: Measured) -> None:
    text = PAGE.read_text(encoding="utf-8")
    with processes.on_core(processes.cores()[0]):
        duties = trials.measure()
    text = put(text, "measured", tables.markdown(measured))
    PAGE.write_text(put(text, "duties", tables.duties_markdown(duties)), encoding="utf-8")


if __name__ == "__main__":
    main(prog_name="python -m tests.benchmarks.peers")
