"""Builds the network of pictures: ``python -m service.workloads.products.recipe``."""

from __future__ import annotations

import argparse
import sys
from hashlib import sha256
from pathlib import Path

from rich.console import Console

from service.workloads.products import network
from service.workloads.products.recipe import blocks, checkpoint, graph


def built(weights: Path) -> bytes:
    """The file of the network, made of the checkpoint ``weights``."""
    tensors = checkpoint.tensors(weights)
    return graph.model(blocks.layers(tensors), blocks.directions(tensors, network.LENGTH))


def main() -> int:
    """Build the network from the installed weights and write it down."""
    parser = argparse.ArgumentParser(prog="python -m service.workloads.products.recipe", description=main.__doc__)
    parser.add_argument("--network", type=Path, default=network.NETWORK, help="where the network goes (%(default)s)")
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 if the file is another")
    options = parser.parse_args()
    content = built(checkpoint.installed())
    is_same = options.network.exists() and options.network.read_bytes() == content
    if not options.check:
        options.network.write_bytes(content)
    Console().print(f"{len(content):,} bytes, sha256 {sha256(content).hexdigest()}", highlight=False, soft_wrap=True)
    return int(options.check and not is_same)


if __name__ == "__main__":
    sys.exit(main())
