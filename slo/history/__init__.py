"""Verdicts over the commits: a small file or branch that a team keeps, and the drift that no single gate can see.

`slo.duel.model.Duel` ─▶ `entries` ─▶ `files` or `branch` ─▶ `levels` ─▶ `drift` ─▶ `console`, `page`
"""

from __future__ import annotations

from slo.history.entries import Entry, HistoryError, Measure, entry_of
from slo.history.files import append, read

__all__ = ["Entry", "HistoryError", "Measure", "append", "entry_of", "read"]
