"""What is known for certain of some texts of a corpus: an answer about them is right or wrong, not only well-formed."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from functools import cache
from types import MappingProxyType

from loadtests._payloads._corpus import FOLDER

_UNKNOWN = "-"


@cache
def facts(name: str) -> Mapping[str, Mapping[str, str]]:
    """Texts to what ``corpus/<name>.facts.tsv`` says of them, by column; a dash says nothing."""
    with (FOLDER / f"{name}.facts.tsv").open(encoding="utf-8", newline="") as file:
        rows = csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
        return MappingProxyType({row.pop("text"): _known(row) for row in rows})


def _known(row: dict[str, str]) -> Mapping[str, str]:
    return MappingProxyType({column: value for column, value in row.items() if value != _UNKNOWN})
