"""The report as JSON: a `Report` as it stands, described by ``schema.json`` of this room."""

from __future__ import annotations

from slo.reports import documents
from slo.reports.run.summary import Report


def render(report: Report) -> str:
    """The document, indented."""
    return documents.document(report)


def schema() -> str:
    """Its JSON Schema."""
    return documents.schema(Report, "Loadstone report")
