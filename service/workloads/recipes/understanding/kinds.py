"""What a single line looks like: a fact beside the recipe, an ingredient, a step."""

from __future__ import annotations

import re
from functools import cache
from typing import Final, NamedTuple

from service.workloads.recipes.understanding.letters import folded, words_of
from service.workloads.recipes.understanding.measures import Measure, measure_at, measure_before_end
from service.workloads.recipes.understanding.plausibility import is_food
from service.workloads.recipes.understanding.repairs import mended_ingredient
from service.workloads.recipes.understanding.vocabulary import Vocabulary, either, phrases

LONGEST_INGREDIENT: Final = 110
"""Letters; whatever is longer is a sentence."""

_ADDRESS = re.compile(r"https?:|www\.|\w\.(?:com|net|org|py|es|ar|mx|blog|info)\b|@\w{3,}")
_PAGE = re.compile(r"(?:pag(?:ina|\.)?|page|p\.)?\s*[-–]?\s*\d{1,3}\s*[-–]?(?:\s*(?:de|of|/)\s*\d{1,3})?")
_TIME = r"(?:min\w*|h|hs|hrs?|horas?|hours?|seg\w*|sec\w*|days?|dias?|kcal|cal|kj)"
_ONLY_TIME = re.compile(rf"\W*(?:\d+\s*(?:{_TIME}\b\.?|[-a]\s*\d+)?[\s,y&]*){{1,4}}")
_ENDS_IN_TIME = re.compile(rf"\d+\s*{_TIME}\b")
_STEP_NUMBER = re.compile(
    r"(?:\(?(\d{1,2})(?:\s?[.):°º-]{1,2}\s+|[.)](?=[^\W\d_]))|(?:paso|step)\s*(\d{1,2})\s*[.):-]*\s*|([①-⑳])\s*)(?=\S)",
    re.IGNORECASE,
)
_LONE_NUMBER = re.compile(r"\(?(?:(paso|step)\s*)?(\d{1,2})\s?[.):]?", re.IGNORECASE)
_PROCESS = re.compile(
    r"(?:minut|°|º|\bhasta\b|\buntil\b|\bhoras?\b|\bhours?\b|\bmezcla\b|\bhorno\b|\boven\b|\bfuego\b|\bbowl\b)"
)
_SURE = 3


class StepNumber(NamedTuple):
    """The number before a step, and where the step begins."""

    value: int
    end: int


def is_fact(text: str, vocabulary: Vocabulary) -> bool:
    """Whether ``text`` tells something beside the recipe: times, nutrition, where it is from, the page."""
    plain = folded(text).strip()
    if len(plain) > LONGEST_INGREDIENT:
        return False
    if _ADDRESS.search(plain) or _PAGE.fullmatch(plain) or _ONLY_TIME.fullmatch(plain):
        return True
    found = _fact(vocabulary).match(plain)
    if found is None:
        return False
    rest = plain[found.end() :]
    if found[1]:
        return True
    return (_ENDS_IN_TIME.search(rest) is not None and len(rest) < 24) or bool(
        re.fullmatch(r"\s*[\d.,]+\s*(?:m?g|%|°.?)?", rest)
    )


def step_number(text: str) -> StepNumber | None:
    """The number that begins ``text``, where it counts steps: "2. Mix", "Step 2: Mix"."""
    found = _STEP_NUMBER.match(text)
    if found is None:
        return None
    value = ord(found[3]) - ord("①") + 1 if found[3] else int(found[1] or found[2])
    return StepNumber(value, found.end())


def lone_number(text: str, expected: int) -> bool:
    """Whether ``text`` is nothing but the number of a step, as it stands beside or above it."""
    found = _LONE_NUMBER.fullmatch(text.strip())
    return found is not None and (bool(found[1]) or int(found[2]) == expected)


def measure_of(text: str, vocabulary: Vocabulary) -> Measure | None:
    """The amount or unit that makes ``text`` an ingredient's line."""
    line = mended_ingredient(text, vocabulary)
    plain = folded(line)
    return measure_at(line, plain, 0, vocabulary) or measure_before_end(line, plain, vocabulary)


def starts_counted(text: str, vocabulary: Vocabulary) -> bool:
    """Whether an amount or unit begins ``text``."""
    line = mended_ingredient(text, vocabulary)
    return measure_at(line, folded(line), 0, vocabulary) is not None


def looks_like_ingredient(text: str, vocabulary: Vocabulary) -> bool:
    """Whether ``text`` is an ingredient by its form alone."""
    if len(text) > LONGEST_INGREDIENT or step_number(text) or looks_like_step(text, vocabulary):
        return False
    measure = measure_of(text, vocabulary)
    words = words_of(text)
    if measure and measure.unit:
        return len(words) > 1
    if measure:
        return any(is_food(word, vocabulary) for word in words) or (
            measure.start == 0 and 0 < len(words) <= 3 and text[0].isdigit()
        )
    return _is_tasted(text, vocabulary) and any(is_food(word, vocabulary) for word in words)


def looks_like_step(text: str, vocabulary: Vocabulary, sure: int = _SURE) -> bool:
    """Whether ``text`` is a step, or its beginning, by its form alone."""
    number = step_number(text)
    line = text[number.end :] if number else text
    plain = folded(line)
    score = 2 if number else 0
    if vocabulary.acting.match(plain):
        first = words_of(plain[:20])[:1]
        score += 2 if first and first[0] in vocabulary.ambiguous.split() else 3
    score += (len(line) > 45) + (len(line) > 70) + (line.rstrip()[-1:] in ".!")
    score += 2 * (_PROCESS.search(plain) is not None)
    if not number and starts_counted(line, vocabulary):
        score -= 4
    elif not number and _is_tasted(line, vocabulary):
        score -= 2
    return score >= sure


def _is_tasted(text: str, vocabulary: Vocabulary) -> bool:
    return _tasted(vocabulary).search(folded(text)) is not None


@cache
def _tasted(vocabulary: Vocabulary) -> re.Pattern[str]:
    return re.compile(rf"(?<!\w)(?:{either(phrases(vocabulary.tails))})(?!\w)")


@cache
def _fact(vocabulary: Vocabulary) -> re.Pattern[str]:
    return re.compile(rf"\W*(?:{either(phrases(vocabulary.facts))})(?!\w)(?:\s?\([^)]*\))?(\s?[:=|])?")
