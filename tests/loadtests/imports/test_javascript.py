"""Which values of a script are known without running it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtests._imports._javascript import Script
from loadtests._imports._table import Expression

PRELUDE = """
const rate = 5; const text = 'a'; const list = [1, 2]; const options_ = { deep: 3 };
const here = there; const there = here; let changes = 1;
"""


def value(code: str) -> Any:
    return Script(f"{PRELUDE}\nexport const found = {code};").exported("found")


@pytest.mark.parametrize(
    ("code", "known"),
    [
        ("1_000", 1000),
        ("0x10", 16),
        ("-(2 + 3) * 4 % 7", -6),
        ("2 ** 10 / 4", 256),
        ("rate * 60", 300),
        ("`${rate}m${text}`", "5ma"),
        ("'it\\'s' + \"\\n\"", "it's\n"),
        ("{ a: 1, 'b-c': [true, null, undefined], rate, ['x' + text]: 2, ...options_ }", None),
        ("[...list, 3]", [1, 2, 3]),
        ("options_.deep", 3),
        ("[1, /* a comment */ 2]", [1, 2]),
    ],
)
def test_constants_are_known(code: str, known: Any) -> None:
    expected = {"a": 1, "b-c": [True, None, None], "rate": 5, "xa": 2, "deep": 3} if known is None else known
    assert value(code) == expected


@pytest.mark.parametrize(
    "code",
    [
        "__ENV.RATE || 10",
        "Number('5')",
        "here",
        "changes",
        "1 / 0",
        "9 ** 9 ** 9 ** 9",
        "(-8) ** 0.5",
        "rate > 3 ? 1 : 2",
        "`${there}`",
        "options_.missing",
        "rate + 'a'",
        "new Date()",
        "list.map(() => 1)",
    ],
)
def test_what_only_a_run_would_know_is_an_expression(code: str) -> None:
    found = value(code)

    assert isinstance(found, Expression)
    assert found.line == 5


plain = st.recursive(
    st.none()
    | st.booleans()
    | st.floats(0, 1e9)
    | st.text(st.characters(codec="utf-8", exclude_characters="\0\u2028\u2029"), max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text("abcxyz_", min_size=1, max_size=8), inner, max_size=4)
    ),
    max_leaves=20,
)


@given(plain)
def test_json_is_read_as_what_it_is(data: Any) -> None:
    assert value(json.dumps(data)) == data
    assert value(json.dumps(data, ensure_ascii=False)) == data


@pytest.mark.parametrize("growing", ["`${{s{}}}${{s{}}}`", "[...s{}, ...s{}]"])
def test_what_doubles_at_each_step_does_not_grow_without_end(growing: str) -> None:
    first = "'ab'" if "`" in growing else "[1, 2]"
    steps = "".join(f"const s{step + 1} = {growing.format(step, step)};" for step in range(60))
    found = Script(f"const s0 = {first}; {steps}").exported("s60")

    assert isinstance(found, Expression) or len(found) < 60_000


@pytest.mark.parametrize("opening", ["[", "{a:", "(", "`${", "f("])
def test_depth_is_bounded(opening: str) -> None:
    closing = {"[": "]", "{a:": "}", "(": ")", "`${": "}`", "f(": ")"}[opening]
    script = Script(f"const deep = {opening * 5000}1{closing * 5000}; const flat = 1;")

    assert script.exported("flat") == 1
