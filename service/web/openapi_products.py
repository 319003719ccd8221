"""What belongs to catalogues beside putting in and searching, as the OpenAPI document tells it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from service.core.identity import Role
from service.web.openapi_keys import PROBLEMS, guarded
from service.web.openapi_parts import problems, response, tracing_headers
from service.web.problems import BAD_REQUEST, DEPENDENCY_AWAY, INTERNAL_ERROR, NOT_FOUND, OVERLOADED
from service.web.product_routes import ITEM, ITEMS, Paging, ProductPage, ShownProduct

TYPES = (ProductPage, ShownProduct)
"""Of which the document holds schemas."""

_PROBLEMS = (*PROBLEMS, INTERNAL_ERROR, DEPENDENCY_AWAY, OVERLOADED)


def product_paths(schema_of: Mapping[Any, Any], *, keys: bool) -> dict[str, Any]:
    """The operations, by path and method."""
    name = {"name": "id", "in": "path", "required": True, "schema": {"type": "string"}, "description": "Its name."}
    shown = _operation("product", "A product of your catalogue.", [name], (*_PROBLEMS, NOT_FOUND), schema_of)
    shown["responses"]["200"] = response("It.", schema_of[ShownProduct])
    listed = _operation("products-list", "Your catalogue.", _paging(), (*_PROBLEMS, BAD_REQUEST), schema_of)
    listed["responses"]["200"] = response("A part of it.", schema_of[ProductPage])
    removed = _operation(
        "product-remove", "Take a product out of your catalogue.", [name], (*_PROBLEMS, NOT_FOUND), schema_of
    )
    headers = {"X-Request-ID": {"$ref": "#/components/headers/RequestId"}}
    removed["responses"]["204"] = {"description": "It is out.", "headers": headers}
    return {
        ITEMS: {"get": guarded(listed, Role.READ, keys=keys)},
        ITEM: {
            "get": guarded(shown, Role.READ, keys=keys),
            "delete": guarded(removed, Role.WRITE, keys=keys),
        },
    }


def _operation(
    name: str, summary: str, parameters: list[dict[str, Any]], kinds: Any, schema_of: Mapping[Any, Any]
) -> dict[str, Any]:
    return {
        "operationId": name,
        "tags": ["catalogue"],
        "summary": summary,
        "parameters": [*parameters, *tracing_headers()],
        "responses": problems(kinds, dict(schema_of)),
    }


def _paging() -> list[dict[str, Any]]:
    schemas = msgspec.json.schema(Paging)["$defs"][Paging.__name__]["properties"]
    return [
        {"name": name, "in": "query", "description": schema.pop("description", ""), "schema": schema}
        for name, schema in schemas.items()
    ]
