"""Measured figures in pages that people write: they stand between two comments, and are replaced as a whole.

NoPlaceError   a page lacks the comments
"""

from __future__ import annotations


class NoPlaceError(Exception):
    """The page has no place of that name."""


def put(page: str, place: str, text: str) -> str:
    """``page`` with ``text`` between the comments ``PLACE: begin`` and ``PLACE: end``; raises `NoPlaceError`."""
    begin, end = f"<!-- {place}: begin -->\n", f"<!-- {place}: end -->"
    before, opened, rest = page.partition(begin)
    _, closed, after = rest.partition(end)
    if not opened or not closed:
        raise NoPlaceError(f"the page has no place for {place}: {begin.strip()} and {end}")
    return f"{before}{begin}\n{text}\n\n{end}{after}"
