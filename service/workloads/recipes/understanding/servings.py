"""For how many a recipe is."""

from __future__ import annotations

import re
from functools import cache
from typing import Final

from service.workloads.recipes.messages import Amount
from service.workloads.recipes.understanding.letters import folded
from service.workloads.recipes.understanding.quantities import VULGAR, quantity_at, skip_spaces
from service.workloads.recipes.understanding.vocabulary import Vocabulary, either, phrases

LONGEST: Final = 80
"""Letters of a line that says it."""

_STARTS = re.compile(r"(?<!\w)(?=\w|[½⅓¼])")
_MOST_PLACES = 12


def servings_of(text: str, vocabulary: Vocabulary) -> Amount | None:
    """For how many, or how many pieces it makes, where ``text`` says so."""
    if len(text) > LONGEST:
        return None
    plain = folded(text)
    for before in _before(vocabulary).finditer(plain):
        quantity = quantity_at(plain, before.end(), vocabulary)
        if quantity and _is_served(plain, before[1], quantity.end, vocabulary):
            return quantity.amount(None)
    for start in [found.start() for found in _STARTS.finditer(plain)][:_MOST_PLACES]:
        quantity = quantity_at(plain, start, vocabulary)
        if quantity and _after(vocabulary).match(plain, skip_spaces(plain, quantity.end)):
            return quantity.amount(None)
    return None


def _is_served(plain: str, said: str, end: int, vocabulary: Vocabulary) -> bool:
    """Whether the number that ends at ``end`` counts eaters: "for 4 people", not "for 30 minutes" or "for 2 cups"."""
    if said not in vocabulary.for_words.split():
        return True
    rest = plain[skip_spaces(plain, end) :].strip(" .:)")
    return not rest or _after(vocabulary).match(rest) is not None or rest.split()[0] in vocabulary.pieces.split()


@cache
def _before(vocabulary: Vocabulary) -> re.Pattern[str]:
    words = either(phrases(vocabulary.serves_before))
    return re.compile(
        rf"(?<!\w)({words})\s?(?:[:.–-]\s?)?(?:(?:{either(vocabulary.about.split())})\s)?(?=[\w{''.join(VULGAR)}])"
    )


@cache
def _after(vocabulary: Vocabulary) -> re.Pattern[str]:
    return re.compile(rf"(?:{either(phrases(vocabulary.serves_after))})(?!\w)")
