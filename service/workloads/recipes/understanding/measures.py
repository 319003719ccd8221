"""How much of which unit, as it stands at the beginning or at the end of an ingredient's line."""

from __future__ import annotations

import re
from functools import cache
from typing import NamedTuple

from service.workloads.recipes.messages import Amount
from service.workloads.recipes.understanding.quantities import Quantity, half_after, quantity_at, skip_spaces
from service.workloads.recipes.understanding.units import CONTAINERS, LENGTHS, WEIGHTS_AND_VOLUMES, Unit, unit_at
from service.workloads.recipes.understanding.vocabulary import Vocabulary, either, phrases

_NUMBER_STARTS = re.compile(r"(?<![\w/.,½-])(?=[\d½⅓⅔¼¾⅛])")
_SECOND = r"/|\+"
_SIZE = re.compile(r"(\d+(?:[.,/]\d+)?)(\s?-?\s?)")
_SEPARATED = re.compile(r"[:.…_=-]\s*$")
_LATEST = 12
"""Numbers of a line that are looked at for an amount at its end."""


class Measure(NamedTuple):
    """An amount, its unit, what was said of them, and the part of the text that they take."""

    amount: Amount | None
    unit: str | None
    start: int
    end: int
    remarks: tuple[str, ...] = ()


def measure_at(text: str, plain: str, start: int, vocabulary: Vocabulary) -> Measure | None:
    """The measure that begins at ``start``; ``plain`` is ``text`` folded."""
    about = _about(vocabulary).match(plain, start)
    begin = about.end() if about else start
    vague = _vague(vocabulary).match(plain, begin)
    if vague:
        bare = _bare(text, plain, start, vague.end(), vocabulary)
        return bare or Measure(None, None, start, vague.end(), (text[begin : vague.end()].strip(),))
    size = _size_at(text, plain, begin, vocabulary)
    if size and size.code in LENGTHS:
        return _contained(text, plain, start, begin, size, vocabulary)
    quantity = quantity_at(plain, begin, vocabulary)
    if quantity is None:
        return _bare(text, plain, start, begin, vocabulary)
    return _with_unit(text, plain, start, quantity, vocabulary)


def measure_before_end(text: str, plain: str, vocabulary: Vocabulary) -> Measure | None:
    """The measure after the name, as in "Sugar: 200 g" or "Eggs 3"."""
    starts = [found.start() for found in _NUMBER_STARTS.finditer(plain)]
    for start in starts[-_LATEST:]:
        measure = measure_at(text, plain, start, vocabulary) if start else None
        if measure is None or measure.amount is None or plain[measure.end :].strip(" .)"):
            continue
        if measure.unit or plain[: start - 1].strip(" .:-…_"):
            separated = _SEPARATED.search(plain, 0, start)
            return measure._replace(start=separated.start() if separated else start, end=len(text))
    return None


def _with_unit(text: str, plain: str, start: int, quantity: Quantity, vocabulary: Vocabulary) -> Measure:
    remarks: list[str] = []
    at = skip_spaces(plain, quantity.end)
    times = _times(vocabulary).match(plain, at)
    at = times.end() if times else at
    size = _size_at(text, plain, at, vocabulary)
    if size:
        remarks.append(text[at : size.end].strip(" -"))
        at = skip_spaces(plain, size.end)
    kind = _kind(vocabulary).match(plain, at)
    unit = _counted(text, plain, kind.end() if kind else at, vocabulary)
    if unit is None:
        end = at if size or times else quantity.end
        return Measure(quantity.amount(None), None, start, end, tuple(remarks))
    if kind:
        remarks.append(text[at : kind.end()].strip())
    return _after_unit(text, plain, start, quantity, unit, remarks, vocabulary)


def _after_unit(
    text: str, plain: str, start: int, quantity: Quantity, unit: Unit, remarks: list[str], vocabulary: Vocabulary
) -> Measure:
    end = unit.end
    half = half_after(plain, end, vocabulary)
    if half:
        low, high = (number._replace(value=number.value + half.value) for number in (quantity.low, quantity.high))
        quantity, end = Quantity(low, high, half.end), half.end
    further = _further(vocabulary).match(plain, end)
    second = quantity_at(plain, further.end(), vocabulary) if further else None
    same = unit_at(text, plain, skip_spaces(plain, second.end), vocabulary) if second else None
    if second and same and same.code == unit.code and second.high.value > quantity.low.value:
        quantity, end = quantity._replace(high=second.high), same.end
    kind = _kind_after(vocabulary).match(plain, end)
    if kind:
        remarks.append(kind[1])
        end = kind.end(1)
    end = _after_size(text, plain, end, unit, remarks, vocabulary)
    return Measure(quantity.amount(unit.code), unit.code, start, end, tuple(remarks))


def _after_size(text: str, plain: str, start: int, unit: Unit, remarks: list[str], vocabulary: Vocabulary) -> int:
    """Where the measure ends that goes on with the size of what is counted or with a second amount."""
    size = _size_after(text, plain, start, vocabulary) if unit.code in CONTAINERS else None
    if size:
        remarks.append(text[start : size.end].strip())
        return size.end
    joint = _second(vocabulary).match(plain, start)
    quantity = quantity_at(plain, joint.end(), vocabulary) if joint else None
    other = unit_at(text, plain, skip_spaces(plain, quantity.end), vocabulary) if quantity else None
    if other:
        remarks.append(text[start : other.end].strip(" /"))
        return other.end
    return start


def _counted(text: str, plain: str, at: int, vocabulary: Vocabulary) -> Unit | None:
    """The unit at ``at``, also behind "of" as in "1/4 of a cup"; none where nothing would be left for a name."""
    unit = unit_at(text, plain, at, vocabulary)
    of = _of(vocabulary).match(plain, at) if unit is None else None
    unit = unit_at(text, plain, of.end(), vocabulary) if of else unit
    if unit is None or unit.code in WEIGHTS_AND_VOLUMES:
        return unit
    rest = plain[unit.end :].lstrip(" .")
    return unit if unit.code in ("tsp", "tbsp", "cup") or (rest and (rest[0].isalnum() or rest[0] in "(½")) else None


def _bare(text: str, plain: str, start: int, begin: int, vocabulary: Vocabulary) -> Measure | None:
    """A unit without a number, as in "pinch of salt" or "cup heavy cream"."""
    unit = unit_at(text, plain, begin, vocabulary)
    if unit is None or len(unit.name) < 3:
        return None
    of = _of(vocabulary).match(plain, unit.end)
    measured = unit.code in WEIGHTS_AND_VOLUMES or unit.code in ("cup", "tsp", "tbsp", "pinch", "dash")
    if of or (measured and plain[unit.end : unit.end + 2].strip().isalpha()):
        return Measure(None, unit.code, start, unit.end)
    return None


def _contained(text: str, plain: str, start: int, begin: int, size: Unit, vocabulary: Vocabulary) -> Measure | None:
    """One piece of a length, as in "2-inch piece of ginger"."""
    unit = unit_at(text, plain, skip_spaces(plain, size.end), vocabulary)
    if unit is None:
        return None
    return Measure(Amount(low=1, high=1), unit.code, start, unit.end, (text[begin : size.end],))


def _size_at(text: str, plain: str, at: int, vocabulary: Vocabulary) -> Unit | None:
    """The size at ``at`` of what is counted next, as "400 g" in "2 x 400 g cans"."""
    number = _SIZE.match(plain, at)
    size = unit_at(text, plain, number.end(), vocabulary) if number else None
    if size is None or size.code not in WEIGHTS_AND_VOLUMES | LENGTHS:
        return None
    unit = unit_at(text, plain, skip_spaces(plain, size.end), vocabulary)
    return size if unit and unit.code in CONTAINERS else None


def _size_after(text: str, plain: str, at: int, vocabulary: Vocabulary) -> Unit | None:
    """The size after what is counted, as in "2 cans of 400 g of tomatoes"."""
    of = _of(vocabulary).match(plain, at)
    number = _SIZE.match(plain, of.end() if of else skip_spaces(plain, at))
    size = unit_at(text, plain, number.end(), vocabulary) if number else None
    return size if size and size.code in WEIGHTS_AND_VOLUMES else None


@cache
def _about(vocabulary: Vocabulary) -> re.Pattern[str]:
    return re.compile(rf"(?:(?:{either(vocabulary.about.split())})(?:\.|\sde)?\s){{1,2}}")


@cache
def _vague(vocabulary: Vocabulary) -> re.Pattern[str]:
    return re.compile(rf"(?:{either(phrases(vocabulary.vague))})\s(?=[^\W\d_])")


@cache
def _second(vocabulary: Vocabulary) -> re.Pattern[str]:
    return re.compile(rf"\s?(?:{_SECOND}|(?:{either(vocabulary.plus.split())})\s)\s?")


@cache
def _times(vocabulary: Vocabulary) -> re.Pattern[str]:
    return re.compile(rf"(?:{either(vocabulary.times_words.split())}|×)\s?(?=\d)")


def _kinds(vocabulary: Vocabulary) -> str:
    return either(kind.replace("_", " ") for kind in vocabulary.kinds_of_unit.split())


@cache
def _kind(vocabulary: Vocabulary) -> re.Pattern[str]:
    return re.compile(rf"(?:(?:{_kinds(vocabulary)})\s){{1,2}}")


@cache
def _kind_after(vocabulary: Vocabulary) -> re.Pattern[str]:
    return re.compile(rf"\s({_kinds(vocabulary)})(?=\s(?:{either(vocabulary.of.split())})\s)")


@cache
def _further(vocabulary: Vocabulary) -> re.Pattern[str]:
    return re.compile(rf"\s?-\s?|\s(?:{either(vocabulary.to_words.split())})\s")


@cache
def _of(vocabulary: Vocabulary) -> re.Pattern[str]:
    return re.compile(rf"\s?(?:{either(vocabulary.of.split())})\s(?:an?\s)?")
