"""What the batches scenario sends: files of rows, which it watches until each row has its one result."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from random import Random
from types import MappingProxyType
from typing import Annotated, Literal

import msgspec

from loadtests._batches_answers import check, watched
from loadtests._exchange import Exchange
from loadtests._origin import ORIGIN, path_of
from loadtests._payloads._corpus import Zipf, texts
from loadtests._payloads._hits import hit_ratio as hit_ratio_of
from loadtests._payloads._pictures import HIGHEST_NUMBER
from loadtests._payloads._sizes import SizeTable

BOUNDARY = "rows-of-the-load-tests"
"""Between the parts of a form; in no row."""
_STOCK = 200
_CORPUS = "comments"

Kind = Literal["comments", "images"]
Share = Annotated[float, msgspec.Meta(ge=0.0, le=1.0)]
Weight = Annotated[float, msgspec.Meta(ge=0.0, le=1e9)]
Rows = Annotated[int, msgspec.Meta(ge=1, le=20_000)]


class Payloads(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The ``[payloads.batches]`` table of a plan."""

    kinds: dict[Kind, Weight] = msgspec.field(default_factory=lambda: {"comments": 1.0})
    """Weights of the workloads that do the rows; those of ``images`` are fetched from an origin, see ``_origin``."""
    rows: dict[Kind, dict[Rows, Weight]] = msgspec.field(default_factory=dict)
    """Per workload, rows in a batch to the weight of that size; 500 where it is left out."""
    zipf: Annotated[float, msgspec.Meta(ge=0.0, le=4.0)] = 1.0
    """Exponent of the popularity law of texts and pictures that come again."""
    unique: Share = 0.5
    """Share of rows whose text or picture nobody sent before."""

    def __post_init__(self) -> None:
        if not sum(self.kinds.values()):
            raise ValueError("the weights of `kinds` add up to nothing")
        for kind, weights in self.rows.items():
            if not sum(weights.values()):
                raise ValueError(f"the weights of `rows.{kind}` add up to nothing")

    @property
    def fetches(self) -> bool:
        """Whether the service is told where pictures are, and has to fetch them."""
        return bool(self.kinds.get("images"))

    def sizes_of(self, kind: Kind) -> SizeTable:
        """How many rows the batches of ``kind`` have."""
        return SizeTable(self.rows.get(kind) or {500: 1.0})


def exchanges(payloads: Payloads, random: Random) -> Iterator[Exchange]:
    """Uploads without end; equal ``random`` states give equal ones."""
    kinds, weights = list(payloads.kinds), list(payloads.kinds.values())
    laws = {kind: Zipf(_stock_of(kind), payloads.zipf) for kind in kinds}
    while True:
        (kind,) = random.choices(kinds, weights)
        subject = partial(_SUBJECTS[kind], payloads.unique, laws[kind], random)
        rows = [subject() for _ in range(payloads.sizes_of(kind).draw(random))]
        yield _exchange(kind, rows)


def known(payloads: Payloads) -> Iterator[Exchange]:
    """Nothing: batches are sent to be worked off."""
    yield from ()


def hit_ratio(payloads: Payloads, requests: float, *, entries: float = math.inf) -> float:
    """The share of the rows of ``requests`` batches that a cache, empty at first, is expected to answer.

    Each workload has a cache of ``entries`` for itself.
    """
    total = sum(payloads.kinds.values())
    kinds = {kind: weight / total for kind, weight in payloads.kinds.items() if weight}
    rows = {kind: requests * share * payloads.sizes_of(kind).mean for kind, share in kinds.items()}
    hits = (
        number * hit_ratio_of(Zipf(_stock_of(kind), payloads.zipf), number, unique=payloads.unique, entries=entries)
        for kind, number in rows.items()
    )
    return sum(hits) / sum(rows.values()) if requests else 0.0


def _stock_of(kind: Kind) -> int:
    return len(texts(_CORPUS)) if kind == "comments" else _STOCK


def _text(unique: float, law: Zipf, random: Random) -> str:
    text = texts(_CORPUS)[law.draw(random)]
    return f"{text} {random.randrange(10**9)}" if random.random() < unique else text


def _url(unique: float, law: Zipf, random: Random) -> str:
    number = random.randrange(law.size, HIGHEST_NUMBER) if random.random() < unique else law.draw(random)
    return f"{ORIGIN}{path_of('tiny', number)}"


_SUBJECTS: MappingProxyType[Kind, Callable[[float, Zipf, Random], str]] = MappingProxyType(
    {"comments": _text, "images": _url}
)
_COLUMNS: MappingProxyType[Kind, str] = MappingProxyType({"comments": "text", "images": "url"})


def _exchange(kind: Kind, subjects: Sequence[str]) -> Exchange:
    file = io.StringIO()
    writer = csv.writer(file)
    writer.writerow(("id", _COLUMNS[kind]))
    writer.writerows((f"row-{number}", subject) for number, subject in enumerate(subjects))
    body = "".join([_field("workload", kind), _field("name", "load test"), _part_of_file(file.getvalue())])
    return Exchange(
        body=body.encode(), items=len(subjects), check=partial(check, subjects), follow=partial(watched, len(subjects))
    )


def _field(name: str, value: str) -> str:
    return f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'


def _part_of_file(content: str) -> str:
    head = 'Content-Disposition: form-data; name="file"; filename="rows.csv"\r\nContent-Type: text/csv'
    return f"--{BOUNDARY}\r\n{head}\r\n\r\n{content}\r\n--{BOUNDARY}--\r\n"
