"""Letters to print with: fonts that packages bring along, so that cards look the same everywhere."""

from __future__ import annotations

from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Final, NamedTuple

from PIL import ImageFont


class Face(NamedTuple):
    """A font, plain and bold."""

    package: str
    plain: str
    bold: str
    has_thirds: bool
    """It can draw ⅓ and ⅔."""
    scale: float = 1.0
    """How much larger it has to be set than others, to be as easy to read."""


PRINTED: Final = (
    Face("font_roboto", "Roboto-Regular", "Roboto-Bold", True),
    Face("font_roboto", "Roboto-Italic", "Roboto-Black", True),
    Face("font_source_serif_pro", "SourceSerifPro-Regular", "SourceSerifPro-Bold", True),
    Face("font_source_sans_pro", "SourceSansPro-Regular", "SourceSansPro-Bold", True),
    Face("font_caladea", "Caladea-Regular", "Caladea-Bold", False),
    Face("font_manrope", "Manrope-Regular", "Manrope-Bold", False),
)
DRAWN: Final = (
    Face("font_amatic_sc", "AmaticSC-Bold", "AmaticSC-Bold", False, 1.45),
    Face("font_intuitive", "Intuitive", "Intuitive", False, 1.1),
)
"""As if somebody had written them, with a brush or a pen."""


@cache
def font(package: str, name: str, size: int) -> ImageFont.FreeTypeFont:
    """One of a package's fonts; LookupError where the package is not installed."""
    found = find_spec(package)
    if found is None or found.origin is None:
        raise LookupError(f"the package {package} is not installed: see the group `test` of dependencies")
    return ImageFont.truetype(Path(found.origin).parent / "files" / f"{name}.ttf", size)
