"""Lines that go on with the line before."""

from __future__ import annotations

import re
from functools import cache
from typing import NamedTuple

from service.workloads.recipes.understanding.kinds import starts_counted
from service.workloads.recipes.understanding.layout import Line
from service.workloads.recipes.understanding.letters import folded, words_of
from service.workloads.recipes.understanding.plausibility import is_food
from service.workloads.recipes.understanding.vocabulary import Vocabulary, either, phrases

_ENDS = ".!?:"
_GAP = 1.9


class Habits(NamedTuple):
    """How most lines of a page begin and end."""

    bulleted: bool
    """Signs begin most ingredients."""
    counted: bool
    """Amounts or units do."""
    sentenced: bool
    """Full stops end most lines of steps: each is a step of its own, and no paragraph."""


def continues_ingredient(last: Line, line: Line, habits: Habits, vocabulary: Vocabulary) -> bool:
    """Whether ``line`` is the rest of the ingredient on ``last``."""
    if line.text.endswith(":"):
        return False
    if starts_counted(line.text, vocabulary):
        return folded(last.text).rpartition(" ")[2] in ("y", "and", "&")
    plain = folded(line.text)
    if _is_open(last.text, vocabulary) or line.text[0] in "(,;+&":
        return True
    if habits.bulleted:
        return line.region == last.region and _follows(last, line)
    if _goes_on(vocabulary).match(plain) and line.text[0].islower():
        return True
    if line.region != last.region or not _follows(last, line) or not line.text[0].islower():
        return False
    first = words_of(line.text)[:1]
    indented = line.left - last.left > 0.8 * line.height
    if not first or not (indented or _was_full(last, line)):
        return False
    return habits.counted or not is_food(first[0], vocabulary)


def begins_paragraph(last: Line, line: Line, habits: Habits) -> bool:
    """Whether ``line`` begins a new step where steps have no numbers."""
    if last.text.rstrip()[-1:] not in _ENDS:
        return False
    if line.region != last.region or (habits.sentenced and line.text[:1].isupper()):
        return True
    return not _follows(last, line) or not _was_full(last, line)


def glued(text: str, more: str) -> str:
    """``more`` after ``text``, one space between."""
    return f"{text} {more}".strip()


def _follows(last: Line, line: Line) -> bool:
    return line.middle - last.middle < _GAP * max(last.height, line.height)


def _was_full(last: Line, line: Line) -> bool:
    """Whether the first word of ``line`` had no room at the end of ``last``."""
    letter = (last.right - last.left) / max(len(last.text), 1)
    return last.right + (len(line.text.split(" ", 1)[0]) + 1) * letter > last.edge


def _is_open(text: str, vocabulary: Vocabulary) -> bool:
    """Whether ``text`` cannot end as it does."""
    if text.count("(") > text.count(")"):
        return True
    last = folded(text).rpartition(" ")[2]
    return (
        last in _linking(vocabulary)
        or (not vocabulary.endings and last in vocabulary.sizes.split())
        or last.endswith((",", "-", "/", "&", "+"))
    )


@cache
def _linking(vocabulary: Vocabulary) -> frozenset[str]:
    lists = (vocabulary.of, vocabulary.and_words, vocabulary.to_words, vocabulary.articles)
    return frozenset(word for text in lists for word in text.split()) | {
        "con",
        "with",
        "en",
        "in",
        "para",
        "for",
        "sin",
    }


@cache
def _goes_on(vocabulary: Vocabulary) -> re.Pattern[str]:
    joining = [*vocabulary.of.split(), *vocabulary.and_words.split(), *vocabulary.to_words.split()]
    done = [*phrases(vocabulary.tails), *vocabulary.prepositions.split(), *vocabulary.adverbs.split()]
    return re.compile(rf"(?:(?:{either([*joining, *done])})(?![\w-])|{vocabulary.prepared.pattern})")
