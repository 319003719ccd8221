"""The duel as JSON: a `Duel` as it stands, described by ``schema.json`` beside this file."""

from __future__ import annotations

from slo.duel.model import Duel
from slo.reports import documents


def render(duel: Duel) -> str:
    """The document, indented."""
    return documents.document(duel)


def schema() -> str:
    """Its JSON Schema."""
    return documents.schema(Duel, "Loadstone duel")
