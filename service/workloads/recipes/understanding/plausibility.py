"""How far a line was understood, and whether it is language at all."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache

from service.workloads.recipes.understanding.letters import folded, words_of
from service.workloads.recipes.understanding.vocabulary import Vocabulary, either, phrases

_STRANGE = re.compile(r"[^\w\s,.;:()\[\]'’\"“”/&%+°º½⅓⅔¼¾⅛⅜⅝⅞⅕⅖⅗⅘⅙⅚!¡¿?ª–—*#$-]|[|\\{}<>^~]")
_BROKEN = re.compile(r"[^\W\d_]\d+[^\W\d_]|[a-záéíóúñ][A-ZÁÉÍÓÚÑ]")
_CONSONANTS = re.compile(r"[bcdfghjklmnpqrstvwxz]{5}")
_VOWEL = re.compile(r"[aeiouy]")


def understanding_of(
    line: str, name: str, counted: bool, unit: str | None, remarks: Sequence[str], vocabulary: Vocabulary
) -> float:
    """0 to 1: how far an ingredient's line makes sense as it was taken apart."""
    words = words_of(name)
    if not words or max(map(len, words)) < 2:
        return 0.2
    likely = sum(likelihood(word, vocabulary) for word in words) / len(words)
    known = any(is_food(word, vocabulary) for word in words)
    sense = 0.99 if known else 0.94 if counted and unit else 0.86 if counted else 0.72
    if known and not counted and not unit and not _tasted(vocabulary).search(folded(" ".join(remarks))):
        sense = 0.93
    sense *= 0.35 + 0.65 * likely
    if len(words) > 9:
        sense *= 0.8
    return round(sense * 0.8 ** len(_STRANGE.findall(line)) * 0.75 ** len(_BROKEN.findall(name)), 3)


def is_food(word: str, vocabulary: Vocabulary) -> bool:
    """Whether a folded ``word`` stands in names of ingredients, in the singular or in the plural."""
    known = vocabulary.food_words
    return word in known or word.removesuffix("s") in known or word.removesuffix("es") in known or f"{word}s" in known


def likelihood(word: str, vocabulary: Vocabulary) -> float:
    """0 to 1: how much a folded ``word`` looks like one of the language, by its neighbouring letters."""
    if len(word) < 3:
        return 1.0 if word in _short(vocabulary) else 0.5
    if word in _letter_pairs(vocabulary) or is_food(word, vocabulary):
        return 1.0
    if _CONSONANTS.search(word) or not _VOWEL.search(word):
        return 0.0
    framed = f"^{word}$"
    pairs = [framed[i : i + 2] for i in range(len(framed) - 1)]
    seen = _letter_pairs(vocabulary)
    strange = sum(pair not in seen for pair in pairs)
    return max(0.0, 1 - 2.5 * strange / len(pairs))


@cache
def _letter_pairs(vocabulary: Vocabulary) -> frozenset[str]:
    lists = (
        vocabulary.foods.words, vocabulary.sizes, vocabulary.adverbs, vocabulary.tails, vocabulary.groups,
        vocabulary.pieces, vocabulary.ingredients, vocabulary.steps, vocabulary.facts, vocabulary.asides,
        " ".join(vocabulary.unit_codes), " ".join(vocabulary.numbers), vocabulary.serves_before,
    )  # fmt: skip
    words = {word for text in lists for word in words_of(text)}
    return frozenset(framed[i : i + 2] for word in words if (framed := f"^{word}$") for i in range(len(framed) - 1))


@cache
def _short(vocabulary: Vocabulary) -> frozenset[str]:
    lists = (vocabulary.of, vocabulary.articles, vocabulary.and_words, vocabulary.to_words, vocabulary.prepositions)
    return frozenset(word for text in lists for word in text.split()) | {"aj", "te", "no", "ni", "or", "in", "la"}


@cache
def _tasted(vocabulary: Vocabulary) -> re.Pattern[str]:
    return re.compile(either(phrases(vocabulary.tails)))
