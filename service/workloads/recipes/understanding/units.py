"""Units under one name in all languages."""

from __future__ import annotations

from typing import Final, NamedTuple

from service.workloads.recipes.understanding.vocabulary import Vocabulary

WEIGHTS_AND_VOLUMES: Final = frozenset(
    ("mg", "g", "kg", "ml", "cl", "dl", "l", "oz", "lb", "fl_oz", "pint", "quart", "gallon")
)
"""What scales and jugs measure."""
LENGTHS: Final = frozenset(("cm", "inch"))
PACKS: Final = frozenset(("can", "jar", "bottle", "package", "sachet", "bag", "box"))
"""What things are sold in."""
CONTAINERS: Final = PACKS | frozenset(("piece", "stick", "bar", "loaf", "fillet"))
"""What has a size of its own: in "2 cans of 400 g" cans are counted."""
UNITS: Final = (
    WEIGHTS_AND_VOLUMES
    | LENGTHS
    | CONTAINERS
    | frozenset(("tsp", "tbsp", "dessertspoon", "cup", "glass", "pinch", "dash", "drop", "splash", "handful"))
    | frozenset(
        ("clove", "slice", "leaf", "sprig", "stalk", "bunch", "head", "cube", "sheet", "wedge", "strip", "fillet")
    )
    | frozenset(("ear", "knob", "scoop"))
)
"""All codes."""


class Unit(NamedTuple):
    """A unit that stands in a text, and where its name ends."""

    code: str
    end: int
    name: str


def unit_at(text: str, plain: str, start: int, vocabulary: Vocabulary) -> Unit | None:
    """The unit whose name begins at ``start``; ``plain`` is ``text`` folded."""
    if text[start : start + 1] in vocabulary.letters and not text[start + 1 : start + 2].isalpha():
        end = start + 1 + (text[start + 1 : start + 2] == ".")
        return Unit(vocabulary.letters[text[start]], end, text[start])
    found = vocabulary.unit_pattern.match(plain, start)
    return Unit(vocabulary.unit_codes[found[1]], found.end(), found[1]) if found else None
