"""Functions in source trees: where they stand, and which of them a change edits."""

from __future__ import annotations

from pathlib import Path

import pytest

from profiles.source import Edits, Source

BEFORE = '''
import re

WORDS = re.compile("a+")
OTHERS = re.compile("b+")

class Reader:
    """Reads."""

    def words(self, text):
        """All of them."""
        return WORDS.findall(text)

    @property
    def others(self):
        return OTHERS.findall("b")

def outer():
    def inner():
        return 1
    return inner
'''


def edits(tmp_path: Path, after: str, before: str = BEFORE) -> Edits:
    for side, text in (("base", before), ("head", after)):
        (tmp_path / side / "room").mkdir(parents=True, exist_ok=True)
        (tmp_path / side / "room/reader.py").write_text(text)
    return Edits(Source(tmp_path / "base"), Source(tmp_path / "head"))


def edited(found: Edits) -> set[str]:
    names = ("Reader.words", "Reader.others", "outer", "outer.<locals>.inner", "fresh")
    return {name for name in names if found.has(f"{name} (room/reader.py)")}


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("findall(text)", "findall(text.lower())", {"Reader.words"}),
        ('WORDS = re.compile("a+")', 'WORDS = re.compile("(a+)+")', {"Reader.words"}),
        ("    @property\n", "", {"Reader.others"}),
        ("return 1", "return 2", {"outer", "outer.<locals>.inner"}),
        ("def outer", "def fresh():\n    pass\n\ndef outer", {"fresh"}),
        ("All of them.", "Every one.", set()),
        ("return 1", "return 1  # one", set()),
    ],
)
def test_what_a_change_edits(tmp_path: Path, old: str, new: str, expected: set[str]) -> None:
    assert old in BEFORE
    assert edited(edits(tmp_path, BEFORE.replace(old, new))) == expected


def test_a_function_has_its_lines_and_its_class(tmp_path: Path) -> None:
    edits(tmp_path, BEFORE)
    source = Source(tmp_path / "head")
    function = source.find("Reader.others (room/reader.py)")
    assert function is not None
    assert BEFORE.splitlines()[function.line - 1 : function.end_line][0] == "    @property"
    assert function.end_line == function.line + 2
    assert source.qualified("words (room/reader.py)") == "Reader.words (room/reader.py)"
    assert source.qualified("nobody (room/reader.py)") == "nobody (room/reader.py)"
    assert (source.has("loads (json/__init__.py)"), source.has("time.sleep")) == (False, False)


def test_what_is_no_python_has_no_functions(tmp_path: Path) -> None:
    assert edited(edits(tmp_path, "def (:")) == set()
