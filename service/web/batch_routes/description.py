"""What the OpenAPI document says of batches."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from service.core.batches import HIGHEST_PRIORITY, LOWEST_PRIORITY, BatchState, RowState
from service.core.workload import AnyWorkload
from service.web.batch_routes.desk import LARGEST_LINE, LARGEST_PAGE, PAGE, VERBS
from service.web.batch_routes.routes import BATCH, BATCHES, ERRORS, EVENTS, MOVE, RESULTS
from service.web.batch_routes.views import BatchErrors, BatchPage, BatchView

TYPES = (BatchView, BatchPage, BatchErrors)
"""Of which the document holds schemas."""

_TEXT = {"type": "string"}
_PLAIN_TEXT = {**_TEXT, "pattern": r"^[^\u0000]*$"}
_ANYTHING: dict[str, Any] = {}
_ID = {"name": "id", "in": "path", "required": True, "schema": _TEXT, "description": "Of the batch."}


def read_operations(schema_of: Mapping[Any, Any]) -> dict[str, dict[str, dict[str, Any]]]:
    """What a key with the role read may do: by path and method; problems and headers are added by the document."""
    return {
        BATCHES: {"get": _operation("batches", "Your batches, the newest first.", _PAGING, schema_of[BatchPage])},
        BATCH: {"get": _operation("batch", "A batch and how far it is.", [_ID], schema_of[BatchView])},
        EVENTS: {
            "get": _operation(
                "batch-events",
                "Its progress as it happens: server-sent events `progress`, whose data is the batch.",
                [_ID],
                _ANYTHING,
                media_types=("text/event-stream",),
            )
        },
        RESULTS: {
            "get": _operation(
                "batch-results",
                "What came of its rows, by line: an object a line, or CSV. Go on with `after` the last line you have.",
                [_ID, *_FILTERS],
                _TEXT,
                media_types=("application/x-ndjson", "text/csv"),
            )
        },
        ERRORS: {
            "get": _operation(
                "batch-errors", "What went wrong, and why lines were refused.", [_ID], schema_of[BatchErrors]
            )
        },
    }


def write_operations(
    schema_of: Mapping[Any, Any], workloads: Sequence[AnyWorkload]
) -> dict[str, dict[str, dict[str, Any]]]:
    """What a key with the role write may do."""
    verb = {"name": "verb", "in": "path", "required": True, "schema": {"type": "string", "enum": list(VERBS)}}
    moved = _operation(
        "batch-move", "Start, pause, resume, cancel it, or do its failed rows again.", [_ID, verb], schema_of[BatchView]
    )
    deleted = _operation(
        "batch-delete", "Forget it, with its results; not while it is running.", [_ID], None, status="204"
    )
    return {
        BATCHES: {"post": _creation(schema_of, workloads)},
        BATCH: {"delete": deleted},
        MOVE: {"post": moved},
    }


def _creation(schema_of: Mapping[Any, Any], workloads: Sequence[AnyWorkload]) -> dict[str, Any]:
    rules = {workload.name: workload.batch for workload in workloads if workload.batch is not None}
    columns = "; ".join(
        f"`{name}`: " + ", ".join(f"`{column}` ({meaning})" for column, meaning in rule.columns.items())
        for name, rule in rules.items()
    )
    fields = {
        "workload": {"type": "string", "enum": list(rules), "description": "What the rows are for."},
        "name": {"type": "string", "minLength": 1, "maxLength": 200, "description": "Yours; the workload's without."},
        "auto_start": {"type": "boolean", "default": True, "description": "Begin once the last row is there."},
        "priority": {"type": "integer", "minimum": LOWEST_PRIORITY, "maximum": HIGHEST_PRIORITY, "default": 0},
        "options": {"type": "string", "default": "{}", "description": "JSON: chosen for all rows, as in a request."},
    }
    operation = _operation(
        "batches-create",
        "Send a batch: millions of rows as CSV with a header, or as NDJSON, kept as they arrive.",
        [
            {"name": name, "in": "query", "schema": schema, "description": "Without a form, and only then."}
            | ({"example": next(iter(rules))} if name == "workload" and rules else {})
            for name, schema in fields.items()
        ],
        schema_of[BatchView],
        status="201",
        headers={"Location": {"description": "Where the batch is.", "schema": _TEXT}},
    )
    operation["responses"]["201"]["links"] = {
        name: {"operationId": name, "parameters": {"id": "$response.body#/id"}}
        for name in ("batch", "batch-results", "batch-errors", "batch-events", "batch-move", "batch-delete")
    }
    form = {
        "type": "object",
        "required": ["workload", "file"],
        "properties": {**fields, "file": {"type": "string", "contentMediaType": "text/csv"}},
    }
    return operation | {
        "description": "In a form the fields come before the file. CSV has a header, and `,`, `;` or a tab between "
        f"cells. Columns by workload, the first one needed in every row: {columns}. Others are passed over. A line "
        "that is no row is refused with its number and reason, and the others are kept; equal rows are rows of their "
        "own. When the upload breaks off, the rows so far are kept in a batch that is `interrupted`.",
        "requestBody": {
            "required": True,
            "content": {
                "multipart/form-data": {"schema": form},
                "text/csv": {"schema": _TEXT, "examples": _examples(rules)},
                "application/x-ndjson": {"schema": _TEXT},
            },
        },
    }


def _examples(rules: Mapping[str, Any]) -> dict[str, Any]:
    """A small file for each workload."""
    return {name: {"value": f"{next(iter(rule.columns))},id\nmuy bueno,1\n"} for name, rule in rules.items()}


def _operation(
    name: str,
    summary: str,
    parameters: Sequence[Mapping[str, Any]],
    schema: Any,
    *,
    status: str = "200",
    media_types: Sequence[str] = ("application/json",),
    headers: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    answer: dict[str, Any] = {"description": "It is done.", "headers": dict(headers or {})}
    if schema is not None:
        answer["content"] = {media_type: {"schema": schema} for media_type in media_types}
    return {
        "operationId": name,
        "tags": ["batches"],
        "summary": summary,
        "parameters": list(parameters),
        "responses": {status: answer},
    }


def _parameter(name: str, schema: dict[str, Any], description: str) -> dict[str, Any]:
    return {"name": name, "in": "query", "schema": schema, "description": description}


_PAGING = [
    _parameter("limit", {"type": "integer", "minimum": 1, "maximum": LARGEST_PAGE, "default": PAGE}, "Batches a page."),
    _parameter("before", _PLAIN_TEXT, "Those that are older than this one."),
    _parameter("state", {"type": "string", "enum": list(BatchState)}, "Those in this state."),
]
_FILTERS = [
    _parameter("format", {"type": "string", "enum": ["ndjson", "csv"]}, "Else as `Accept` says, NDJSON without it."),
    _parameter("state", {"type": "string", "enum": list(RowState)}, "Only such rows."),
    _parameter("error", _PLAIN_TEXT, "Only rows that failed with this class."),
    _parameter(
        "after", {"type": "integer", "minimum": 0, "maximum": LARGEST_LINE, "default": 0}, "Only rows behind this line."
    ),
    _parameter("limit", {"type": "integer", "minimum": 1, "maximum": LARGEST_LINE}, "At most so many rows."),
]
