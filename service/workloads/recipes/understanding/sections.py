"""The parts of a recipe among the lines of a page: title, servings, ingredients and steps."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from service.workloads.recipes.messages import Amount
from service.workloads.recipes.understanding.headings import Heading, group_of, heading_of
from service.workloads.recipes.understanding.kinds import (
    is_fact,
    lone_number,
    looks_like_ingredient,
    looks_like_step,
    starts_counted,
    step_number,
)
from service.workloads.recipes.understanding.layout import Line
from service.workloads.recipes.understanding.letters import words_of
from service.workloads.recipes.understanding.plausibility import is_food
from service.workloads.recipes.understanding.repairs import has_bullet, tidied
from service.workloads.recipes.understanding.servings import servings_of
from service.workloads.recipes.understanding.title import title_of
from service.workloads.recipes.understanding.vocabulary import Vocabulary
from service.workloads.recipes.understanding.wrapping import Habits, begins_paragraph, continues_ingredient, glued

_MOST = 0.6
_COUNTED = 0.7
_SENTENCED = 0.5


@dataclass(slots=True)
class Entry:
    """An ingredient's text, or a step's, over one line or several."""

    text: str
    lines: list[Line]
    group: str | None = None

    def add(self, line: Line) -> None:
        """The rest of it, on a further line."""
        self.text = glued(self.text, line.text)
        self.lines.append(line)

    @property
    def confidence(self) -> float:
        """Of the reading: the mean over its lines, by their letters."""
        letters = sum(len(line.text) for line in self.lines)
        return sum(line.confidence * len(line.text) for line in self.lines) / max(letters, 1)


@dataclass(slots=True)
class Sections:
    """What was found of each part."""

    title: str | None = None
    servings: Amount | None = None
    ingredients: list[Entry] = field(default_factory=list)
    steps: list[Entry] = field(default_factory=list)
    headed: bool = False
    """Whether headings say where ingredients and steps begin."""


def sections_of(lines: Sequence[Line], vocabulary: Vocabulary) -> Sections:
    """The parts of the recipe that ``lines``, in reading order, are."""
    reader = _Reader(lines, vocabulary)
    for line in lines:
        reader.take(line)
    return reader.found()


class _Reader:
    """Goes through the lines and knows in which part it is."""

    def __init__(self, lines: Iterable[Line], vocabulary: Vocabulary) -> None:
        lines = list(lines)
        self._vocabulary = vocabulary
        self._parts = {heading.part for line in lines if (heading := heading_of(line.text, vocabulary))}
        self._part = "head"
        self._head: list[Line] = []
        self._group: str | None = None
        self._last: Line | None = None
        self._found = Sections(headed={"ingredients", "steps"} <= self._parts)
        self._habits = _habits_of(lines, vocabulary)
        self._numbered = sum(step_number(line.text) is not None for line in lines) > 1
        self._fresh_step = True

    def take(self, line: Line) -> None:
        """The next line."""
        heading = heading_of(line.text, self._vocabulary)
        if heading:
            self._open(heading, line)
        elif self._part == "aside":
            return
        elif self._part == "steps":
            self._in_steps(line)
        elif not self._is_beside(line):
            (self._in_ingredients if self._part == "ingredients" else self._in_head)(line)

    def found(self) -> Sections:
        """All parts."""
        self._found.title = title_of(self._head)
        return self._found

    def _open(self, heading: Heading, line: Line) -> None:
        self._part, self._group, self._last, self._fresh_step = heading.part, None, None, True
        if not heading.rest:
            return
        servings = servings_of(line.text, self._vocabulary)
        if servings and heading.part == "ingredients":
            self._found.servings = self._found.servings or servings
        elif heading.part == "ingredients":
            for part in _several(heading.rest, self._vocabulary):
                self._add_ingredient(line._replace(text=part))
        elif heading.part == "steps":
            self._in_steps(line._replace(text=heading.rest))

    def _is_beside(self, line: Line) -> bool:
        if not self._step_begins(line) and is_fact(line.text, self._vocabulary):
            self._note_servings(line)
            return True
        return not self._step_begins(line) and self._note_servings(line)

    def _note_servings(self, line: Line) -> bool:
        servings = servings_of(line.text, self._vocabulary)
        if servings and not self._found.servings:
            self._found.servings = servings
        return servings is not None

    def _step_begins(self, line: Line) -> bool:
        return "steps" not in self._parts and looks_like_step(line.text, self._vocabulary)

    def _in_head(self, line: Line) -> None:
        if "ingredients" not in self._parts and looks_like_ingredient(line.text, self._vocabulary):
            self._part = "ingredients"
            self._group = group_of(self._head[-1].text, False, self._vocabulary) if self._head else None
            if self._group:
                self._head.pop()
            self._in_ingredients(line)
        elif self._step_begins(line) and (step_number(line.text) or "ingredients" not in self._parts):
            self._part = "steps"
            self._in_steps(line)
        else:
            self._head.append(line)

    def _in_ingredients(self, line: Line) -> None:
        if self._step_begins(line):
            self._part, self._last = "steps", None
            self._in_steps(line)
            return
        last = self._last
        if last and not has_bullet(line.text) and continues_ingredient(last, line, self._habits, self._vocabulary):
            self._found.ingredients[-1].add(line)
            self._last = line
            return
        group = group_of(line.text, starts_counted(line.text, self._vocabulary), self._vocabulary)
        if group:
            self._group, self._last = group, None
        else:
            self._add_ingredient(line)

    def _add_ingredient(self, line: Line) -> None:
        text = tidied(line.text)
        if any(character.isalpha() for character in text):
            self._found.ingredients.append(Entry(text, [line], self._group))
            self._last = line

    def _in_steps(self, line: Line) -> None:
        steps, last = self._found.steps, self._last
        if lone_number(line.text, len(steps) + 1):
            self._fresh_step, self._numbered = True, True
            return
        if _is_noise(line.text, self._vocabulary):
            return
        if self._is_late_ingredient(line):
            self._part, self._last = "ingredients", None
            self._in_ingredients(line)
            return
        number = step_number(line.text)
        begins = self._fresh_step or number or has_bullet(line.text)
        if not begins and not self._numbered and last is not None:
            begins = begins_paragraph(last, line, self._habits)
        text = line.text[number.end :] if number else tidied(line.text)
        if begins or not steps:
            steps.append(Entry(text, [line]))
        else:
            steps[-1].add(line)
        self._last, self._fresh_step = line, False

    def _is_late_ingredient(self, line: Line) -> bool:
        if "ingredients" in self._parts or step_number(line.text):
            return False
        ended = self._last is None or self._last.text.rstrip()[-1:] in ".!"
        return ended and line.text.rstrip()[-1:] != "." and looks_like_ingredient(line.text, self._vocabulary)


def _habits_of(lines: Sequence[Line], vocabulary: Vocabulary) -> Habits:
    listed = [line.text for line in lines if looks_like_ingredient(line.text, vocabulary)]
    bullets = sum(map(has_bullet, listed))
    counts = sum(starts_counted(text, vocabulary) for text in listed)
    said = [line.text.rstrip() for line in lines if looks_like_step(line.text, vocabulary)]
    stops = sum(text.endswith((".", "!")) for text in said)
    return Habits(
        bulleted=len(listed) > 2 and bullets > _MOST * len(listed),
        counted=len(listed) > 2 and counts >= _COUNTED * len(listed),
        sentenced=len(said) > 1 and stops > _SENTENCED * len(said),
    )


def _is_noise(text: str, vocabulary: Vocabulary) -> bool:
    """Addresses, page numbers and nutrition below the steps."""
    return is_fact(text, vocabulary) and not (vocabulary.acting.match(text.lower()) and text.rstrip().endswith("."))


def _several(text: str, vocabulary: Vocabulary) -> list[str]:
    """The ingredients of a list within one line, parted where a comma stands before an amount or a food."""
    parts: list[str] = []
    for part in text.strip(" .").split(", "):
        first = words_of(part)[:1]
        if parts and not starts_counted(part, vocabulary) and not (first and is_food(first[0], vocabulary)):
            parts[-1] = f"{parts[-1]}, {part}"
        else:
            parts.append(part)
    return parts
