"""Letters compared without case and accents, each at the place where it stood."""

from __future__ import annotations

import re
import unicodedata

_WORD = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")


class _Plain(dict[int, str]):
    """What each character is folded to: always one character, so that places stay the same."""

    def __missing__(self, code: int) -> str:
        character = chr(code)
        base = unicodedata.normalize("NFD", character)[0] if character.isalpha() else character
        lowered = base.lower()
        plain = self[code] = lowered if len(lowered) == 1 else base
        return plain


_PLAIN = _Plain({ord("’"): "'", ord("‘"): "'", ord("–"): "-", ord("—"): "-", ord("\N{MINUS SIGN}"): "-"})


def folded(text: str) -> str:
    """``text`` in small letters without accents, exactly as long."""
    return text.translate(_PLAIN)


def words_of(text: str) -> list[str]:
    """The words of ``text`` without numbers and signs, folded."""
    return _WORD.findall(folded(text))
