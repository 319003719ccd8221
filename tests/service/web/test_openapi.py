from __future__ import annotations

import re
from typing import Any

import pytest

from service.app import openapi_document
from service.web import openapi
from tests.service.conftest import House
from tests.service.sample_workload import words_workload


async def document(house: House) -> dict[str, Any]:
    content: dict[str, Any] = (await house.client.get("/openapi.json")).json()
    return content


def references(node: Any) -> set[str]:
    if isinstance(node, dict):
        own = {node["$ref"]} if isinstance(node.get("$ref"), str) else set()
        return own.union(*map(references, node.values()))
    return set().union(*map(references, node)) if isinstance(node, list) else set()


async def test_the_document_tells_of_every_route_and_of_no_other(house: House) -> None:
    served = {}
    for route in house.app._app.routes:
        path = re.sub(r":str}", "}", route.path)
        allowed = (await house.client.options(path)).headers["allow"]
        served[path] = set(allowed.split(", ")) - {"OPTIONS", "HEAD"}
    told = {path: {method.upper() for method in methods} for path, methods in (await document(house))["paths"].items()}
    assert told == served


async def test_every_reference_leads_somewhere(house: House) -> None:
    content = await document(house)
    for reference in references(content):
        node: Any = content
        for part in reference.removeprefix("#/").split("/"):
            node = node[part]
        assert isinstance(node, dict)


async def test_every_example_of_a_request_is_answered(house: House) -> None:
    operation = (await document(house))["paths"]["/v1/words"]["post"]
    examples = operation["requestBody"]["content"]["application/json"]["examples"]
    assert examples
    for example in examples.values():
        assert (await house.client.post("/v1/words", json=example["value"])).status_code == 200


async def test_the_page_for_people_names_every_operation_and_loads_nothing(house: House) -> None:
    answer = await house.client.get("/docs")
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    for path in (await document(house))["paths"]:
        assert f'<code class="path">{path}</code>' in answer.text
    assert "<script" not in answer.text
    assert not re.findall(r"(?:src|href)=['\"]?(?:https?:)?//", answer.text)


async def test_the_front_page_leads_on(house: House) -> None:
    index = (await house.client.get("/")).json()
    for name in ("documentation", "openapi", "health", "metrics"):
        assert (await house.client.get(index[name])).status_code == 200


def test_the_document_can_be_had_without_a_service() -> None:
    assert b'"/v1/words"' in openapi_document([words_workload()])


@pytest.mark.parametrize("keys", [True, False])
def test_every_route_says_which_key_it_needs(keys: bool) -> None:
    roles = {"analysis": "write", "jobs": "read", "cache": "admin"}
    content = openapi.document([words_workload()], "1", keys=keys)
    for operations in content["paths"].values():
        for method, operation in operations.items():
            (tag,) = operation["tags"]
            role = ("read" if method == "get" else "write") if tag == "batches" else roles.get(tag)
            needed = [{"bearer": [role]}, {"apiKey": [role]}] if role and keys else None
            assert operation.get("security") == needed
            if role:
                responses = operation["responses"]
                assert "WWW-Authenticate" in responses["401"]["headers"]
                assert {"RateLimit", "RateLimit-Policy"} <= next(iter(responses.values()))["headers"].keys()
                assert {"RateLimit", "RateLimit-Policy", "Retry-After"} <= responses["429"]["headers"].keys()
    assert ("securitySchemes" in content["components"]) is keys
