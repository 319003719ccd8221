"""Files that are too large, too deep, or something else."""

from __future__ import annotations

import tomllib
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtests._imports import _foreign
from loadtests._imports._source import LARGEST_BYTES, ForeignFileError
from loadtests._imports._writing import head, toml

EXAMPLES = sorted(Path(__file__).with_name("examples").iterdir())

_TENFOLD = "".join(f"{name}: &{name} [{', '.join(['*' + before] * 10)}]\n" for before, name in pairwise("abcdefghi"))

REFUSED = {
    "large.yml": (b"x: " + b"y" * LARGEST_BYTES, "are too many for a load test"),
    "deep.yml": (b"[" * 100_000, "nests too deeply"),
    "deep.json": (b'{"config":' + b"[" * 100_000, "nests too deeply"),
    "aliases.yml": (
        f"a: &a [1]\n{_TENFOLD}config: {{phases: *i}}\nscenarios: []\n".encode(),
        "aliases unfolded, are too many",
    ),
    "endless.yml": (b"config: &c\n  target: x\n  phases: [*c]\nscenarios: []\n", "levels are too many"),
    "tagged.yml": (b"config: !!python/object/apply:os.getcwd []\n", "neither JSON nor YAML"),
    "torn.yml": (b"config:\n  phases: [\n", "torn.yml:3: neither JSON nor YAML"),
    "binary.js": (bytes(range(256)), "is no UTF-8"),
    "empty.js": (b"", "exports neither"),
    "empty.yml": (b"", "neither a test of Artillery"),
    "other.json": (b'{"scenario": 1}', "neither a test of Artillery"),
    "computed.js": (b"export const options = JSON.parse(open('x.json'));", "without running it"),
    "typed.ts": (b"export const options: Options = { vus: 1 };", "import the JavaScript"),
    "endless.js": (b"export const options = { vus: 1, duration: '99999999s' };", "are the most once it is a plan"),
    "silent.js": (b"export const options = { vus: 0, duration: '9s' };", "once it is a plan"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_used_is_refused_in_a_sentence(name: str, tmp_path: Path) -> None:
    content, reason = REFUSED[name]
    path = tmp_path / name
    path.write_bytes(content)

    with pytest.raises(ForeignFileError) as refusal:
        _foreign.read(path)

    assert name in str(refusal.value)
    assert reason in str(refusal.value)
    assert "\n" not in str(refusal.value)


@given(st.data())
def test_a_damaged_file_is_read_or_refused(data: st.DataObject) -> None:
    example = data.draw(st.sampled_from(EXAMPLES))
    content = example.read_text()
    begin = data.draw(st.integers(0, len(content)))
    end = data.draw(st.integers(begin, min(begin + 60, len(content))))
    noise = data.draw(st.text("{}[]()`$'\"*&:,-/\\ \n0aé", max_size=6))
    with TemporaryDirectory() as folder:
        path = Path(folder, example.name)
        path.write_text(content[:begin] + noise + content[end:])
        try:
            found = _foreign.read(path)
        except ForeignFileError:
            return
    assert found.table or found.promises
    tomllib.loads(toml(found.table, head("damaged", found.tool, found.remarks)))


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ForeignFileError, match=r"missing\.yml: No such file"):
        _foreign.read(tmp_path / "missing.yml")


def test_an_alias_that_is_used_sensibly_is_followed(tmp_path: Path) -> None:
    path = tmp_path / "alias.yml"
    path.write_text("config:\n  phases: [&steady {duration: 5, arrivalRate: 2}, {pause: 3}, *steady]\nscenarios: []\n")

    assert [stage["rate"] for stage in _foreign.read(path).table["stages"]] == [2, 0, 2]
