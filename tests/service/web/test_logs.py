from __future__ import annotations

import asyncio
import logging
import logging.config
import os
from pathlib import Path

import msgspec
import pytest

from service.core.keys import new_key
from service.web.logs import AccessLog, JsonFormatter, LineWriter, Timestamps, logging_configuration
from service.web.tracing import Trace
from tests.service.conftest import OpenHouse


def test_a_request_is_one_line_of_json(tmp_path: Path) -> None:
    with (tmp_path / "log").open("wb") as file:
        log = AccessLog(LineWriter(file.fileno()), Timestamps(lambda: 1_777_777_777.25))
        trace = Trace("order-4711", "4bf92f3577b34da6a3ce929d0e0e4736")
        log.write(trace, "POST", "/v1/words", '/v1/words/\n"forged"', 200, 0.0123456)
        log.flush()
    lines = (tmp_path / "log").read_bytes().splitlines()
    assert [msgspec.json.decode(line) for line in lines] == [
        {
            "time": "2026-05-03T03:09:37.250Z",
            "level": "info",
            "message": "request",
            "request_id": "order-4711",
            "trace_id": "4bf92f3577b34da6a3ce929d0e0e4736",
            "method": "POST",
            "route": "/v1/words",
            "path": '/v1/words/\n"forged"',
            "status": 200,
            "duration_ms": 12.346,
        }
    ]


def test_a_key_in_a_wrong_place_is_starred(tmp_path: Path) -> None:
    key = new_key()
    with (tmp_path / "log").open("wb") as file:
        log = AccessLog(LineWriter(file.fileno()), Timestamps())
        for filler in (0, 200, 230, 240, 250, 300):
            log.write(Trace(f"mine-{key.text}"), "GET", "/v1/jobs/{id}", f"/{'x' * filler}/{key.text}", 404, 0.1)
        log.write(Trace("mine"), key.text, "/v1/words", "/v1/words", 405, 0.1)
        log.flush()
    formatter = JsonFormatter()
    for error in (ValueError(f"no {key.text}"), ValueError("at postgresql://me:hunter2@db/x")):
        record = logging.LogRecord("x", logging.ERROR, "", 0, str(error), (), (ValueError, error, None))
        with (tmp_path / "log").open("a") as lines:
            lines.write(formatter.format(record))
    text = (tmp_path / "log").read_text()

    assert f"/ls_{key.id}_***" in text
    assert f"mine-ls_{key.id}_***" in text
    assert key.text[12:15] not in text
    assert "hunter2" not in text


@pytest.mark.parametrize(("level", "switch", "lines"), [("info", "on", 1), ("warning", "on", 0), ("info", "off", 0)])
async def test_requests_are_logged_when_switch_and_level_say_so(
    level: str, switch: str, lines: int, open_house: OpenHouse, capfd: pytest.CaptureFixture[str]
) -> None:
    async with open_house(LOADSTONE_LOG_LEVEL=level, LOADSTONE_ACCESS_LOG=switch) as house:
        await house.client.get("/health/live")

    assert capfd.readouterr().err.count('"message":"request"') == lines


def test_lines_leave_whole_and_in_pieces_that_a_pipe_takes_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[bytes] = []

    def write(_: int, piece: bytes) -> int:
        written.append(piece)
        return len(piece)

    async def scenario() -> None:
        writer = LineWriter(2)
        for number in range(1000):
            writer.write(b"%05d " % number + b"x" * (number % 300))
        writer.flush()

    monkeypatch.setattr(os, "write", write)
    asyncio.run(scenario())
    assert all(len(piece) <= 4096 and piece.endswith(b"\n") for piece in written)
    assert [int(line.split()[0]) for line in b"".join(written).splitlines()] == list(range(1000))
    assert len(written) < 100


def test_a_reader_that_went_away_stops_nobody() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    LineWriter(writer).write(b"line")
    os.close(writer)


def test_what_the_program_says_is_json_with_trace_and_traceback() -> None:
    error = RuntimeError("broken")
    record = logging.LogRecord("service", logging.ERROR, "f.py", 1, "failed %d", (3,), (type(error), error, None))
    record.trace = Trace("order-4711")
    line = msgspec.json.decode(JsonFormatter().format(record))
    assert (line["level"], line["message"], line["request_id"]) == ("error", "failed 3", "order-4711")
    assert "RuntimeError: broken" in line["traceback"]


def test_the_configuration_is_one_that_logging_takes(capsys: pytest.CaptureFixture[str]) -> None:
    root = logging.getLogger()
    before = root.handlers[:], root.level
    try:
        logging.config.dictConfig(logging_configuration("info"))
        logging.getLogger("some.module").info("said")
        logging.getLogger("some.module").debug("unsaid")
    finally:
        root.handlers[:], root.level = before
    assert msgspec.json.decode(capsys.readouterr().err)["message"] == "said"
