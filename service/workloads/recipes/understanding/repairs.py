"""What readers of print get wrong on recipes, mended where what stands beside it allows nothing else."""

from __future__ import annotations

import re
from functools import cache

from service.workloads.recipes.understanding.letters import folded
from service.workloads.recipes.understanding.plausibility import is_food
from service.workloads.recipes.understanding.vocabulary import Vocabulary, either

_SPACE = re.compile(r"\s+")
_FRACTION = r"(?:1/[2-9]|2/[35]|3/[458]|4/5|5/[68]|7/8)(?!\d)"
_BULLET = re.compile(
    r"(?:(?:[•●▪■◦·∙‣⁃*+□☐☑☒✓✔✗○◯◻▢►▶▸»>¤§©®~_=]|°(?!\s?[CF]))+|\[[ xX]?\]|\([ ]?\)"
    r"|[-–—](?=\s|\d)|[oOe0](?=\s\d)|[口ロ]|\.(?=\s|[^\W\d_]))\s*"
)
_OVER = re.compile(r"(?<=\d)\s?[⁄∕∣|\\]\s?(?=\d(?:\d?(?!\d)))")
_ONE_OVER = re.compile(r"(?<![^\W\d_])[lI|!](?=/[2-9])")
_SPREAD = re.compile(r"(?<!\d)(\d{1,2})\s?/\s?(\d{1,2})(?![\d/])")
_GLUED = re.compile(rf"(?<![\d/.,])(\d{{1,2}})(?={_FRACTION})")
_HEADLESS = re.compile(r"^['’‘`´]?(?=/[2348](?!\d))|^[VYy¥%](?=[2](?=\s))")
_LOOKALIKES = str.maketrans({"O": "0", "o": "0", "I": "1", "l": "1", "S": "5", "Z": "2", "B": "8"})
_GRAMS = re.compile(r"(?<=\d)(\s?)(?:q[rs]?|9r|g[tf]|6r)(?![\w%])")
_KILOS = re.compile(r"(?<=\d)(\s?)[kK][q9](?!\w)")
_OUNCES = re.compile(r"(?<![\d.,/])(\d{1,2})\s?[0O][zZ](?!\w)")
_POUNDS = re.compile(r"(?<![\d.,/])(\d{1,3})\s?[1Il|][bB](?![\w/])")
_DOUBLED = re.compile(r"(?<!\d)1?([½¼¾⅓⅔])\s?/?\s?(\d)(?!\d)(?=\s[^\W\d_])|(?<=\d)([½¼¾⅓⅔])(\d)(?!\d)(?=\s[^\W\d_])")
_UNDER_HALF = re.compile(r"½([34])(?=\s[^\W\d_])")
_RAISED_BARLESS = re.compile(r"(?<!\w)(?:(\d)\s?)?([¹²³])([34])(?=\s[^\W\d_])")
_RAISED = str.maketrans("¹²³⁴⁵⁶⁷⁸", "12345678")
_RAISED_OVER = re.compile(r"[¹²³⁴⁵⁶⁷⁸]\s?(?=/\s?[2-8](?!\d))")
_BARLESS_UNITS = ("cup", "tsp", "tbsp", "lb", "stick", "glass")
"""Of which nobody takes dozens: "34 cups" were 3/4."""
_BARLESS = r"(?<![\w/.,])(?:([1-9])\s?)?(1[2348]|23|34|58)(?=\s(?i:{units})(?!\w))"
_JOINT = re.compile(r"(?<![\w/.,])(\d{1,2})(?:\s(to|a)|(to|a)\s?)(?=\d{1,2}(?![\d/]))")
_MILLILITRES = re.compile(r"(?<=\d)(\s?)m[I1|](?!\w)")
_LONE_ONE = re.compile(r"^[Il|!](?=\s[^\W\d_])")
_ROMAN_ONE = re.compile(
    r"^I\s(?:am|was|have|had|like|love|use|used|make|made|think|always|usually|prefer|do|got|can|add)\b"
)
_PERCENT = re.compile(r"(?<![\d.,])(\d{1,2})?\s?%(?=\s?([a-zA-Z]{1,14}))")
_GAP = re.compile(r"(?<=\d)(?=[^\W\d_]{3})")
_WORDS = re.compile(r"(?<![\w'’-])[^\W\d_]{4,24}(?![\w'’-])")
_GLUED_OF = re.compile(r"(?<=\d)(\s?(?:gr?|kg|ml|cc))(?=de\s)")


def tidied(text: str) -> str:
    """``text`` with single spaces, without what marks the beginning of a line in a list."""
    spaced = _SPACE.sub(" ", text).strip()
    bullet = _BULLET.match(spaced)
    return spaced[bullet.end() :] if bullet and bullet.end() < len(spaced) else spaced


def has_bullet(text: str) -> bool:
    """Whether ``text`` begins with a sign of a list."""
    return _BULLET.match(text.lstrip()) is not None


def mended(text: str, vocabulary: Vocabulary) -> str:
    """``text`` with its fractions, figures and units of measures as they were printed."""
    if not any(character.isdigit() or character in "lI|!%/O½¹²³" for character in text):
        return text
    text = _RAISED_OVER.sub(lambda found: found[0].translate(_RAISED), text)
    text = _RAISED_BARLESS.sub(lambda found: f"{found[1] or ''} {found[2].translate(_RAISED)}/{found[3]}".strip(), text)
    text = _UNDER_HALF.sub(lambda found: "⅓" if found[1] == "3" else "¼", _DOUBLED.sub(_once, text))
    text = _ONE_OVER.sub("1", _OVER.sub("/", text))
    text = _SPREAD.sub(_closed, text)
    text = _GLUED.sub(r"\1 ", text)
    text = _mended_units(text)
    text = _figures(vocabulary).sub(lambda found: found[0].translate(_LOOKALIKES), text)
    return _PERCENT.sub(lambda found: _half(found, vocabulary), text)


def mended_ingredient(text: str, vocabulary: Vocabulary) -> str:
    """``text``, known to be an ingredient's line, as it was printed: also where only this knowledge tells."""
    text = mended(tidied(text), vocabulary)
    text = _barless(vocabulary).sub(_over, text)
    text = _HEADLESS.sub("1" if text[:1] in "/'’‘`´" else "1/", text)
    if not _ROMAN_ONE.match(text):
        text = _LONE_ONE.sub("1", text)
    text = _WORDS.sub(lambda found: _apart(found[0], found.start() == 0, vocabulary), text)
    return _GAP.sub(lambda found: _parted(found, vocabulary), text)


def _once(found: re.Match[str]) -> str:
    """A fraction in one character, behind which its lower figure was read once more."""
    fraction, behind = (found[1], found[2]) if found[1] else (found[3], found[4])
    lower = {"½": "2", "¼": "4", "¾": "4", "⅓": "3", "⅔": "3"}[fraction]
    return fraction if behind == lower else found[0]


def _over(found: re.Match[str]) -> str:
    """A fraction whose bar was not seen; "12" alone may be a dozen."""
    if not found[1] and found[2] in ("12", "18"):
        return found[0]
    fraction = f"{found[2][0]}/{found[2][1]}"
    return f"{found[1]} {fraction}" if found[1] else fraction


@cache
def _barless(vocabulary: Vocabulary) -> re.Pattern[str]:
    units = [name for name, code in vocabulary.unit_codes.items() if code in _BARLESS_UNITS]
    return re.compile(_BARLESS.format(units=either(units)))


def _closed(found: re.Match[str]) -> str:
    whole = f"{found[1]}/{found[2]}"
    return whole if re.search(_FRACTION, whole) else found[0]


def _mended_units(text: str) -> str:
    text = _GRAMS.sub(r"\1g", text)
    text = _KILOS.sub(r"\1kg", text)
    text = _POUNDS.sub(r"\1 lb", _OUNCES.sub(r"\1 oz", text))
    text = _JOINT.sub(lambda found: f"{found[1]} {found[2] or found[3]} ", text).replace(" tosp ", " tbsp ")
    return _GLUED_OF.sub(r"\1 ", _MILLILITRES.sub(r"\1ml", text))


def _half(found: re.Match[str], vocabulary: Vocabulary) -> str:
    """A per cent sign before a unit was a half; before "milk" it is what it says."""
    if folded(found[2]) not in vocabulary.unit_codes or len(found[2]) < 2:
        return found[0]
    return f"{found[1]} 1/2" if found[1] else "1/2"


def _parted(found: re.Match[str], vocabulary: Vocabulary) -> str:
    """A space between a figure and the word that it touches."""
    word = re.match(r"[^\W\d_]+", found.string[found.end() :])
    plain = folded(word[0]) if word else ""
    known = plain in vocabulary.unit_codes or plain in vocabulary.food_words
    return " " if known and not _ordinal(vocabulary).fullmatch(plain) else ""


def _apart(word: str, first: bool, vocabulary: Vocabulary) -> str:
    """A ``word`` that two were glued to, parted: "oflemon", "largeeggs", and at the beginning of a line "lcan"."""
    plain = folded(word)
    if is_food(plain, vocabulary) or plain in vocabulary.unit_codes:
        return word
    if first and word[0] in "lI" and (is_food(plain[1:], vocabulary) or plain[1:] in vocabulary.unit_codes):
        return f"1 {word[1:]}"
    for before in (*vocabulary.of.split(), *vocabulary.sizes.split()):
        if plain.startswith(before) and len(plain) > len(before) + 3 and is_food(plain[len(before) :], vocabulary):
            return f"{word[: len(before)]} {word[len(before) :]}"
    return word


@cache
def _ordinal(vocabulary: Vocabulary) -> re.Pattern[str]:
    return re.compile(either(["st", "nd", "rd", "th", *vocabulary.times_words.split()]))


@cache
def _figures(vocabulary: Vocabulary) -> re.Pattern[str]:
    """Letters among figures before a unit; in "10 l" the letter is the unit."""
    units = either(vocabulary.unit_codes)
    return re.compile(rf"(?<![\w/])(?=[OoIlSZB]{{0,5}}\d)[\dOoIlSZB]{{2,6}}(?=\s?(?i:{units})(?!\w))")
