"""How often what is typed finds what is meant: by vectors, by words, and by both.

How much words say beside vectors was chosen on every other wish and on the numbers; the other wishes and the groceries
are what it is measured on. The numbers are drawn: one for each grocery, in its description, and looked for.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from random import Random
from typing import Final, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from service.sentences import engine
from service.workloads.products import lens
from service.workloads.products.index import STRANGERS, WORDS_SHARE
from service.workloads.products.network import Floats
from service.workloads.products.words import Words
from tests.benchmarks.products import goods

SHARES: Final = (0.0, 0.1, WORDS_SHARE, 0.5, 1.0)
DESCRIBED: Final = "grocery's name, description (measured)"
LETTERS: Final = "ABCDEFGHKLMNPRSTUVWXYZ"


class Wording(msgspec.Struct, frozen=True):
    """How one set fared with one share of words."""

    texts: str
    share: float
    """Of what words say; the vector says the rest."""
    queries: int
    first: float
    five: float
    reciprocal_rank: float


class Question(NamedTuple):
    """Texts that are looked for, what they are looked for in, and which is meant."""

    name: str
    queries: Sequence[str]
    passages: Sequence[str]
    meant: Sequence[int]


def questions(data: Path) -> Iterator[Question]:
    """The four sets."""
    wishes = goods.wishes(data)
    kinds = sorted({wish.kind for wish in wishes})
    for name, half in (("wishes, kind (chosen by)", wishes[::2]), ("wishes, kind (measured)", wishes[1::2])):
        yield Question(name, [wish.text for wish in half], kinds, [kinds.index(wish.kind) for wish in half])
    described = goods.kinds(data)
    texts = [kind.description for kind in described]
    everyone = range(len(described))
    yield Question(DESCRIBED, [kind.name for kind in described], texts, everyone)
    chance = Random(1)
    numbers = [f"{''.join(chance.choices(LETTERS, k=2))}-{chance.randrange(1000, 10_000)}" for _ in described]
    marked = [f"{text} {number}" for text, number in zip(texts, numbers, strict=True)]
    yield Question("number, description that ends with it (chosen by)", numbers, marked, everyone)


def measured(question: Question) -> list[Wording]:
    """The question with each of `SHARES`, every passage scored."""
    likeness = engine.queries(question.queries) @ engine.passages(question.passages).T
    said = _said(question)
    return [
        _wording(question, share, (1 - share) * (likeness - STRANGERS) / (1 - STRANGERS) + share * said)
        for share in SHARES
    ]


def centred(question: Question) -> Wording:
    """The question by vectors alone with the mean of what is looked in taken off."""
    passages = engine.passages(question.passages)
    one = lens.centred(passages)
    return _wording(question, 0.0, one.seen(engine.queries(question.queries)) @ one.seen(passages).T)


def _said(question: Question) -> Floats:
    words = Words()
    for passage in question.passages:
        words.append(passage)
    nothing = np.zeros(len(question.passages), np.float32)
    shares = [words.shares(query) for query in question.queries]
    return np.array([nothing if share is None else share for share in shares])


def _wording(question: Question, share: float, scores: NDArray[np.float32]) -> Wording:
    meant = scores[np.arange(len(scores)), question.meant]
    # What scores as well as what is meant comes before it: words alone cannot tell most passages apart.
    ranks = (scores >= meant[:, None]).sum(axis=1)
    return Wording(
        texts=question.name,
        share=share,
        queries=len(ranks),
        first=float((ranks == 1).mean()),
        five=float((ranks <= 5).mean()),
        reciprocal_rank=float((1 / ranks).mean()),
    )
