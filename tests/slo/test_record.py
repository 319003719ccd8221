from __future__ import annotations

import base64
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from slo import record
from slo.histogram import Histogram
from slo.record import NotARecordError, RecordCorruptError, Run

MakeRun = Callable[..., Run]


@pytest.fixture
def lines(tmp_path: Path, make_run: MakeRun) -> list[bytes]:
    path = tmp_path / "whole.jsonl"
    record.write(path, make_run())
    return path.read_bytes().splitlines(keepends=True)


@pytest.fixture
def read_lines(tmp_path: Path) -> Callable[[list[bytes]], Run]:
    def read(lines: list[bytes]) -> Run:
        path = tmp_path / "run.jsonl"
        path.write_bytes(b"".join(lines))
        return record.read(path)

    return read


def test_what_is_written_is_read(tmp_path: Path, make_run: MakeRun) -> None:
    run = make_run(failures=3)
    record.write(tmp_path / "run.jsonl", run)
    again = record.read(tmp_path / "run.jsonl")
    assert run.footer is not None
    assert again.footer is not None
    assert msgspec.structs.replace(again.footer, ended_at=run.footer.ended_at) == run.footer
    assert msgspec.structs.replace(again, footer=run.footer) == run


def test_a_record_is_never_overwritten(tmp_path: Path, make_run: MakeRun) -> None:
    path = tmp_path / "run.jsonl"
    record.write(path, make_run())
    before = path.read_bytes()
    with pytest.raises(FileExistsError):
        record.write(path, make_run(failures=1))
    assert path.read_bytes() == before


def test_a_record_cut_at_any_byte_is_read_as_aborted_or_refused_in_a_sentence(
    lines: list[bytes], read_lines: Callable[[list[bytes]], Run]
) -> None:
    short = b"".join([*lines[:3], *lines[-2:]])
    for length in range(len(short)):
        try:
            run = read_lines([short[:length]])
        except NotARecordError:
            assert length < len(lines[0])
        else:
            assert run.footer is None
            whole = short[: short.rfind(b"\n", 0, length) + 1]
            assert len(run.cells) == whole.count(b'"type":"cell"')


def test_a_closed_writer_without_a_footer_leaves_an_aborted_record(tmp_path: Path, make_run: MakeRun) -> None:
    run = make_run()
    with record.Writer(tmp_path / "run.jsonl", run.header) as writer:
        writer.write(*run.cells[:2])
    again = record.read(tmp_path / "run.jsonl")
    assert (again.footer, again.cells) == (None, run.cells[:2])


def bomb() -> str:
    squeezed = zlib.compress(bytes(200_000_000))
    return base64.b64encode(struct.pack(">ii", 0x1C849314, len(squeezed)) + squeezed).decode()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        pytest.param(b"", "the file is empty", id="empty"),
        pytest.param(b"Method,Name,Count\nGET,/,3\n", "its first line is no JSON", id="a CSV"),
        pytest.param(b"\x89PNG\r\n\x1a\n\x00\x00\xff", "its first line is no JSON", id="an image"),
        pytest.param(b"[1, 2]\n", "its first line is no header", id="other JSON"),
        pytest.param(b'{"format": 3}\n', "its format is 3", id="a number for a format"),
        pytest.param(b'{"format": "loadstone.run/2"}\n', "its format is 'loadstone.run/2'", id="a later format"),
        pytest.param(b"[" * 100_000 + b"\n", "its first line is no JSON", id="nested without end"),
        pytest.param(b'"' + b"x" * record.LONGEST_LINE_BYTES + b'"\n', "line 1 is too long", id="a line without end"),
    ],
)
def test_a_foreign_file_is_no_record(tmp_path: Path, content: bytes, said: str) -> None:
    path = tmp_path / "foreign"
    path.write_bytes(content)
    with pytest.raises(NotARecordError, match=said) as caught:
        record.read(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_what_cannot_be_opened_is_no_record(tmp_path: Path) -> None:
    with pytest.raises(NotARecordError, match="No such file"):
        record.read(tmp_path / "nowhere.jsonl")
    with pytest.raises(NotARecordError, match="directory"):
        record.read(tmp_path)


def test_a_file_that_is_too_large_is_refused_before_it_is_read(
    tmp_path: Path, lines: list[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "large.jsonl"
    path.write_bytes(b"".join(lines))
    monkeypatch.setattr(record, "LARGEST_FILE_BYTES", 1000)
    with pytest.raises(NotARecordError, match="bytes are too many"):
        record.read(path)


def changed(line: bytes, **fields: object) -> bytes:
    return msgspec.json.encode({**msgspec.json.decode(line), **fields}) + b"\n"


DAMAGE: dict[str, tuple[Callable[[list[bytes]], list[bytes]], str]] = {
    "a line of noise": (lambda lines: [*lines[:3], b"\xff\xfe\n", *lines[3:]], "line 4"),
    "an unknown field": (lambda lines: [lines[0], changed(lines[1], colour="red"), *lines[2:]], "line 2.*colour"),
    "a wrong type": (lambda lines: [lines[0], changed(lines[1], second="1"), *lines[2:]], "line 2.*second"),
    "a negative count": (lambda lines: [lines[0], changed(lines[1], outcomes={"ok": -1}), *lines[2:]], "line 2.*>= 0"),
    "a second beyond all runs": (lambda lines: [lines[0], changed(lines[1], second=10**9), *lines[2:]], "line 2.*<= "),
    "an unknown kind of line": (lambda lines: [lines[0], changed(lines[1], type="note"), *lines[2:]], "line 2.*note"),
    "no histogram": (lambda lines: [lines[0], changed(lines[1], latency="AAAA"), *lines[2:]], "line 2.*histogram"),
    "a histogram that inflates": (lambda lines: [lines[0], changed(lines[1], service=bomb()), *lines[2:]], "line 2"),
    "a second header": (lambda lines: [lines[0], *lines], "line 2 is a second header"),
    "lines after the footer": (lambda lines: [*lines, lines[1]], "comes after the footer"),
    "a missing cell": (lambda lines: [lines[0], *lines[2:]], "the footer counts 35 cells"),
    "a cell twice": (lambda lines: [*lines[:2], *lines[1:]], "the lines hold 36"),
    "other counts": (lambda lines: [lines[0], changed(lines[1], outcomes={"ok": 1}), *lines[2:]], "3500 requests"),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_damage_in_the_middle_is_found(
    damage: str, lines: list[bytes], read_lines: Callable[[list[bytes]], Run]
) -> None:
    spoil, said = DAMAGE[damage]
    with pytest.raises(RecordCorruptError, match=said) as caught:
        read_lines(spoil(lines))
    assert "\n" not in str(caught.value)


def test_failures_are_all_outcomes_but_the_right_one(make_cell: Callable[..., record.Cell]) -> None:
    cell = make_cell(7, outcomes={"ok": 5, "http-503": 2, "wrong-answer": 1})
    assert (cell.requests, cell.failures) == (8, 3)


def test_judged_cells_leave_out_the_warm_up_and_other_workloads(make_run: MakeRun) -> None:
    run = make_run()
    assert [cell.second for cell in run.judged()] == list(range(5, 35))
    assert list(run.judged(workload="invoices")) == []
    assert list(run.judged(workload="comments", route="/elsewhere")) == []
    assert run.snapshot("judged") is run.snapshots[1]
    assert record.Run(header=run.header).snapshot("end") is None


def test_a_latency_is_written_as_a_histogram_that_others_can_read(make_cell: Callable[..., record.Cell]) -> None:
    assert Histogram.decode(make_cell(7, good=[0.1, 0.3]).latency).count == 2
