"""Figures have their place in pages that people write."""

from __future__ import annotations

import pytest

from slo.documentation import NoPlaceError, put


def test_what_stands_around_the_figures_is_kept() -> None:
    page = "before\n<!-- here: begin -->\nold\n<!-- here: end -->\nafter\n"
    once = put(page, "here", "new")
    assert once == "before\n<!-- here: begin -->\n\nnew\n\n<!-- here: end -->\nafter\n"
    assert put(once, "here", "new") == once
    with pytest.raises(NoPlaceError, match="no place for there"):
        put(page, "there", "new")
