"""What a function is called in profiles: the same in every process and every tree it lies in."""

from __future__ import annotations

import sys
from functools import cache
from pathlib import Path
from types import CodeType

_HERE = Path(__file__).resolve().parents[1]


def frame_name(code: CodeType) -> str:
    """``Class.function (package/file.py)``, without line numbers, so that profiles of two versions compare."""
    return f"{code.co_qualname} ({file_name(code.co_filename)})"


@cache
def file_name(path: str) -> str:
    """``path`` as seen from the project, from the folder of packages or from Python's own library, whichever holds it.

    What lies nowhere in them, such as ``<string>``, keeps its last part.
    """
    file = Path(path)
    for root in (_HERE, *_libraries()):
        if file.is_relative_to(root):
            return str(file.relative_to(root))
    return file.name


@cache
def _libraries() -> tuple[Path, ...]:
    """Folders that modules come from, the deepest first."""
    folders = {Path(entry).resolve() for entry in sys.path if entry and Path(entry).is_dir()}
    return tuple(sorted(folders, key=lambda folder: -len(folder.parts)))
