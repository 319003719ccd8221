"""What a recipe is called."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from service.workloads.recipes.understanding.layout import Line
from service.workloads.recipes.understanding.letters import words_of

LONGEST: Final = 90
"""Letters of a title."""
ALIKE: Final = 0.8
"""How high a second line of the title is at least, compared with the first."""

_EDGES = " -–—*_:•~=|"
_NEXT = 2.2


def title_of(lines: Sequence[Line]) -> str | None:
    """The title among the ``lines`` above the recipe: the highest letters, and the lines of equal height below."""
    fitting = [line for line in lines if len(line.text) <= LONGEST and _has_words(line.text)]
    if not fitting:
        return None
    first = max(fitting, key=lambda line: (round(line.height / max(_tallest(fitting), 1.0), 1), -fitting.index(line)))
    parts = [first]
    for line in fitting[fitting.index(first) + 1 :]:
        near = line.middle - parts[-1].middle < _NEXT * first.height and line.region == first.region
        alike = ALIKE * first.height <= line.height <= first.height / ALIKE
        if not (near and alike) or _is_sentence(line.text) or len(parts) == 3 or not _stands_out(first, fitting, line):
            break
        parts.append(line)
    title = " ".join(part.text.strip(_EDGES) for part in parts)
    return title.strip(_EDGES) or None


def _stands_out(first: Line, lines: Sequence[Line], line: Line) -> bool:
    """Whether letters of this height are the title's alone: not where all of the head is as high."""
    lower = [other for other in lines if other.height < ALIKE * first.height]
    return bool(lower) or line.text[:1].islower()


def _has_words(text: str) -> bool:
    return any(len(word) > 2 for word in words_of(text))


def _is_sentence(text: str) -> bool:
    return text.rstrip().endswith(".") and len(text.split()) > 4


def _tallest(lines: Sequence[Line]) -> float:
    return max(line.height for line in lines)
