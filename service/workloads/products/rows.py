"""Products line by line: rows of a batch, and small files of JSON lines or CSV as the body of a request."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from service.core.batches import Fields, Scalar
from service.core.errors import InvalidRequestError
from service.core.workload import BatchRule, UploadRule
from service.intake.errors import UploadError
from service.intake.reader import Form, UploadReader
from service.workloads.products.items import Item, Placement, placement_of
from service.workloads.products.messages import MOST_PRODUCTS, Product, ProductsRequest, SearchRequest

FILE_BYTES: Final = 4 * 1_048_576
"""Of a body that is a file of lines."""
_COLUMN: Final = re.compile(r"\$\.([a-z_]+)")
_COLUMNS: Final = {
    "id": "your own name for the product",
    "title": "what it is called",
    "description": "what it is",
    "category": "filtered and counted by",
    "price": "filtered by",
    "attributes": "filtered and counted by: `colour=red; size=M`, or a JSON object",
    "image_url": "where its picture is",
}


class Options(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Nothing is chosen for all products of a batch or a file."""


def product_in(fields: Fields) -> Product:
    """The product that a row is; InvalidRequestError, its pointer the column, for a row that is none."""
    given: dict[str, Any] = {name: value for name, value in fields.items() if value is not None and value != ""}
    if "attributes" in given:
        given["attributes"] = _attributes(given["attributes"])
    for name in ("id", "title"):
        given[name] = str(given.get(name, ""))
    try:
        return msgspec.convert(given, Product, strict=False)
    except msgspec.ValidationError as error:
        reason, _, place = str(error).partition(" - at ")
        column = _COLUMN.search(place)
        raise InvalidRequestError(column[1] if column else "id", reason[:1].lower() + reason[1:]) from None


def request_of(body: bytes, options: Options) -> ProductsRequest:
    """The products in a small file; InvalidRequestError names the first line that is none."""
    form = Form.NDJSON if body.lstrip()[:1] == b"{" else Form.CSV
    reader = UploadReader(BATCH, options, form)
    try:
        reader.feed(body)
        reader.end()
    except UploadError as error:
        raise InvalidRequestError("$", str(error)) from None
    for refusal in reader.refusals():
        raise InvalidRequestError("$", f"line {refusal.line}: {refusal.reason}")
    rows = [row for chunk in reader.chunks(rest=True) for row in chunk]
    if not 0 < len(rows) <= MOST_PRODUCTS:
        raise InvalidRequestError("$", f"there are {len(rows):,} products; 1 to {MOST_PRODUCTS} come at a time")
    return ProductsRequest(products=tuple(product_in(row.fields) for row in rows))


def _placement_of(fields: Fields, options: Options) -> Placement:
    try:
        return placement_of(product_in(fields), "")
    except InvalidRequestError as error:
        raise InvalidRequestError(error.pointer.lstrip(".") or "id", error.reason) from None


def _attributes(value: Scalar) -> Mapping[str, Any]:
    text = str(value)
    if text.lstrip().startswith("{"):
        try:
            return msgspec.json.decode(text, type=dict[str, str])
        except msgspec.DecodeError:
            raise InvalidRequestError("attributes", "this is no JSON object of texts") from None
    pairs = [part.partition("=") for part in text.split(";") if part.strip()]
    if any(not separator for _, separator, _ in pairs):
        raise InvalidRequestError("attributes", "they are written as `colour=red; size=M`")
    return {name.strip(): said.strip() for name, _, said in pairs}


BATCH: BatchRule[Item] = BatchRule(columns=_COLUMNS, options=Options, item_of=_placement_of, chunk_rows=100)
UPLOAD: UploadRule[ProductsRequest | SearchRequest] = UploadRule(
    media_types=("application/x-ndjson", "text/csv"),
    body_bytes=FILE_BYTES,
    options=Options,
    request_of=request_of,
)
