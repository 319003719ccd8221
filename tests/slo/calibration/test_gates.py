"""Gates that are kept: whole, in turns, and never fought twice."""

from __future__ import annotations

from pathlib import Path

import pytest

from slo.calibration.gates import FIRST, GATES, GateFileError, equal_builds, keep, kept, missing
from slo.calibration.model import NOTHING, Planted
from slo.duel.model import Outcome
from tests.slo.calibration.simulated import DISTRUST, gate

CPU = Planted(metric="cpu-per-request", size=0.05)


def test_kept_gates_come_back_as_they_were(tmp_path: Path) -> None:
    gates = [gate(1), gate(2, CPU, Outcome.FAILED), gate(3)]
    names = [keep(tmp_path, each).name for each in gates]
    assert names == ["quick-nothing-001.json", "quick-cpu-per-request+5%-001.json", "quick-nothing-002.json"]
    assert sorted(kept(tmp_path, "quick"), key=lambda each: each.samples.seed) == gates
    assert kept(tmp_path, "full") == []


def test_it_goes_on_where_it_stopped(tmp_path: Path) -> None:
    wished = [(NOTHING, 4), (CPU, 2)]
    assert len(missing([], wished)) == 6
    for each in (gate(1), gate(2), gate(3, CPU)):
        keep(tmp_path, each)
    left = missing(kept(tmp_path, "quick"), wished)
    assert (left.count(NOTHING), left.count(CPU)) == (2, 1)


def test_equal_builds_come_first_and_then_kinds_take_turns() -> None:
    turns = missing([], [(NOTHING, 30), (CPU, 10)])
    assert turns[:FIRST] == [NOTHING] * FIRST
    assert [turns[: 4 * number].count(CPU) for number in (4, 7, 10)] == [4, 7, 10]


def test_a_gate_that_could_not_be_judged_is_fought_again_and_drawn_from_by_nobody() -> None:
    spoilt = gate(1, outcome=Outcome.INVALID, distrusts=(DISTRUST,))
    assert missing([spoilt], [(NOTHING, 1)]) == [NOTHING]
    assert equal_builds([spoilt, gate(2), gate(3, CPU)]) == [gate(2).samples]


@pytest.mark.parametrize("content", [b"", b"{}", b"[1", b"\xff\xfe", b'{"format": "loadstone.calibration/9"}'])
def test_a_file_that_is_no_gate_is_a_sentence(tmp_path: Path, content: bytes) -> None:
    place = tmp_path / GATES
    place.mkdir()
    (place / "quick-nothing-001.json").write_bytes(content)
    with pytest.raises(GateFileError, match=r"quick-nothing-001\.json: this is no kept gate"):
        kept(tmp_path, "quick")
