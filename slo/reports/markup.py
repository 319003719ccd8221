"""Markdown of which no text from outside can become a part."""

from __future__ import annotations

import re
from collections.abc import Sequence

from slo.reports import wording

_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", "@": "&#64;"}


def escaped(text: str) -> str:
    """``text`` as itself: no markup, no mention, no end of a table's cell."""
    safe = "".join(_ENTITIES.get(character, character) for character in wording.plain(text))
    return re.sub(r"([\\`*|\[\]~#]|(?<!\w)_|_(?!\w))", r"\\\1", safe)


def bullets(sentences: Sequence[str]) -> str:
    """A list."""
    return "\n".join(f"- {escaped(sentence)}" for sentence in sentences)


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table; its cells are escaped, its ``head`` is ours."""
    lines = [head, ["---"] * len(head), *([escaped(cell) for cell in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def details(title: str, content: str) -> str:
    """Something to fold out, or nothing where there is no ``content``."""
    return f"<details><summary>{title}</summary>\n\n{content}\n\n</details>" if content else ""
