"""What an ingredient is and what is done to it first, told apart in what follows the amount."""

from __future__ import annotations

import re
from functools import cache
from typing import NamedTuple

from service.workloads.recipes.understanding.letters import folded
from service.workloads.recipes.understanding.vocabulary import Vocabulary, either, phrases

_CHUNKS = re.compile(r"\s*[,;](?!\d)\s*|\s+[-–—]\s+")
_SIZED = re.compile(r"\d[\d./]*-?(?:inch|cm)|\w+-sized?")
_EDGES = " \t.,;:-–—…*_"
_ADJECTIVES = re.compile(
    r"(?:\w+less|ripe|fresh|dry|raw|cold|hot|lean|small|large|medium|firm|crisp|unsalted|bone-in|skin-on|thick|young)"
)
_CONTINUES = frozenset(
    ("y", "e", "o", "u", "and", "or", "then", "but", "en", "in", "with", "con", "into", "a", "to", "if", "&")
)


class Named(NamedTuple):
    """A name, and what was said besides it, in order."""

    name: str
    remarks: list[str]


def named(text: str, counted: bool, packed: bool, vocabulary: Vocabulary) -> Named:
    """The name in ``text`` and the rest.

    ``counted`` where an amount stood before it; ``packed`` where it comes in cans and the like, chopped or not.
    """
    chunks = [chunk for chunk in _CHUNKS.split(text) if chunk.strip(_EDGES)]
    if not chunks:
        return Named("", [])
    name, rest = _joined(chunks, counted, vocabulary)
    name, before = _without_sizes(name, vocabulary)
    name, done = (name, []) if packed else _without_preparation(name, vocabulary)
    name, tail = _without_tail(name, vocabulary)
    name = _trimmed(name, vocabulary)
    return Named(name, [part.strip(_EDGES) for part in (*before, *done, tail, *rest) if part.strip(_EDGES)])


def _joined(chunks: list[str], counted: bool, vocabulary: Vocabulary) -> tuple[str, list[str]]:
    """(The chunks that are the name, those after it)."""
    taken = 1
    while taken < len(chunks) and _descriptive(chunks[taken - 1], vocabulary):
        taken += 1
    while not counted and taken < len(chunks) and not _says_more(chunks[taken], vocabulary):
        taken += 1
    return ", ".join(chunks[:taken]), chunks[taken:]


def _descriptive(chunk: str, vocabulary: Vocabulary) -> bool:
    """Whether ``chunk`` has only words that want a noun after them."""
    words = folded(chunk).split()
    return all(word in vocabulary.sizes.split() or _ADJECTIVES.fullmatch(word) for word in words)


def _says_more(chunk: str, vocabulary: Vocabulary) -> bool:
    plain = folded(chunk).strip()
    return bool(
        _opening(vocabulary).match(plain)
        or _tail(vocabulary).match(plain)
        or vocabulary.prepared.match(plain)
        or _adverbs(vocabulary).match(plain)
    )


def _without_tail(name: str, vocabulary: Vocabulary) -> tuple[str, str]:
    plain = folded(name)
    found = _tail(vocabulary).search(plain)
    return (name[: found.start()], name[found.start() :]) if found else (name, "")


def _without_sizes(name: str, vocabulary: Vocabulary) -> tuple[str, list[str]]:
    """``name`` without words that say how large, wherever they stand."""
    kept: list[str] = []
    sizes: list[str] = []
    for word in name.split():
        (sizes if folded(word).rstrip(".") in _sizes(vocabulary) or _SIZED.fullmatch(word) else kept).append(word)
    return (" ".join(kept), sizes) if kept else (name, [])


def _without_preparation(name: str, vocabulary: Vocabulary) -> tuple[str, list[str]]:
    """``name`` without what a cook does first; what comes at its end is cut off with all that follows it."""
    done: list[str] = []
    for _ in range(3):
        plain = folded(name)
        found = _done(vocabulary).search(plain, _kept(plain, vocabulary))
        if found is None or not (name[: found.start()] + name[found.end() :]).strip(_EDGES):
            break
        follows = plain[found.end() :].split()
        if found.start() and (not follows or _ends_name(follows[0], vocabulary)):
            done.append(name[found.start() :])
            name = name[: found.start()]
            break
        done.append(found[0] if len(found[0]) != len(name) else name)
        done[-1] = name[found.start() : found.end()]
        name = f"{name[: found.start()]} {name[found.end() :].lstrip()}".strip()
    return name, done


def _ends_name(word: str, vocabulary: Vocabulary) -> bool:
    """Whether ``word`` after a participle goes on with what is done."""
    if vocabulary.endings:
        return True
    return bool(
        word in _CONTINUES
        or word in vocabulary.prepositions.split()
        or word in vocabulary.adverbs.split()
        or vocabulary.prepared.fullmatch(word)
    )


def _kept(plain: str, vocabulary: Vocabulary) -> int:
    found = _keeps(vocabulary).search(plain)
    return found.end() if found else 0


def _trimmed(name: str, vocabulary: Vocabulary) -> str:
    name = " ".join(name.split()).strip(_EDGES)
    found = _of(vocabulary).match(folded(name))
    name = name[found.end() :] if found else name
    return name.strip(_EDGES) if name.count("(") == name.count(")") else name.strip(_EDGES + "()")


@cache
def _sizes(vocabulary: Vocabulary) -> frozenset[str]:
    return frozenset(vocabulary.sizes.split())


@cache
def _tail(vocabulary: Vocabulary) -> re.Pattern[str]:
    words = either([*phrases(vocabulary.tails), *vocabulary.plus.split()])
    return re.compile(rf"(?<![\w-])(?:{words})(?![\w-])|(?<=\s)\+(?=\s?\d)")


@cache
def _adverbs(vocabulary: Vocabulary) -> re.Pattern[str]:
    return re.compile(rf"(?:{either(vocabulary.adverbs.split())})(?![\w-])")


@cache
def _opening(vocabulary: Vocabulary) -> re.Pattern[str]:
    return re.compile(rf"(?:{either(vocabulary.prepositions.split())})(?![\w-])")


@cache
def _keeps(vocabulary: Vocabulary) -> re.Pattern[str]:
    return re.compile(rf"(?<!\w)(?:{either(phrases(vocabulary.keeps))})(?!\w)")


@cache
def _of(vocabulary: Vocabulary) -> re.Pattern[str]:
    words = either(vocabulary.of.split())
    return re.compile(rf"(?:(?:{words})\s(?:an\s)?)?(?:(?:{either(vocabulary.articles.split())})\s)?")


@cache
def _done(vocabulary: Vocabulary) -> re.Pattern[str]:
    """Adverbs, a participle, and further ones joined to it."""
    adverbs = rf"(?:(?:{either(vocabulary.adverbs.split())})\s){{0,2}}"
    word = vocabulary.prepared.pattern
    rare = rf"|(?:(?:{either(vocabulary.adverbs.split())})\s)(?:{either(vocabulary.adverbial.split())})(?![\w-])"
    first = rf"{adverbs}{word}{rare if vocabulary.adverbial else ''}"
    more = rf"(?:,?\s(?:{either(vocabulary.and_words.split())}|or|o)\s{adverbs}{word})?"
    return re.compile(rf"(?<![\w-])(?:{first}){more}")
