"""Reading in processes of its own: what happens to them happens to one picture."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import Final

import cv2
import numpy as np
import psutil
import pytest

from service.core.errors import AnalysisError
from service.pictures.bounds import MOST_PIXELS
from service.workloads.recipes.reading import CELLS, read
from tests.service.workloads.recipes.reading.pages import LINES, file, photographed, printed, share_found

ROOT: Final = Path(__file__).parents[5]
ALONE: Final = """
import sys

def refuse(event, details):
    if event in ("socket.connect", "socket.getaddrinfo", "socket.gethostbyname", "socket.sendto"):
        raise SystemExit(f"asked the network: {event} {details}")

sys.addaudithook(refuse)
from service.workloads.recipes.reading.reader import Reader
page = Reader(1).page(sys.stdin.buffer.read(), "rapidocr")
sys.exit(len(page.spans))
"""


@pytest.fixture(scope="module", autouse=True)
def _ended() -> Iterator[None]:
    yield
    CELLS.end()


def processes() -> list[psutil.Process]:
    """Those that read."""
    children = psutil.Process().children()
    return [child for child in children if "service.workloads.recipes.reading.cell" in child.cmdline()]


def refusal(work: Callable[[], object]) -> str:
    with pytest.raises(AnalysisError) as caught:
        work()
    return caught.value.kind


def test_what_is_read_is_what_stands_there() -> None:
    page = read(file(photographed(printed()), ".jpg"), "auto")
    assert page.engine == "rapidocr"
    assert share_found(page) >= 0.95


def test_a_process_that_is_killed_costs_one_picture() -> None:
    CELLS.end()
    content = file(printed())
    with ThreadPoolExecutor(1) as thread:
        lost = thread.submit(read, content, "rapidocr")
        while not processes() and not lost.done():
            pass
        (victim,) = processes()
        victim.send_signal(signal.SIGKILL)
        assert refusal(lost.result) == "not-read"
    assert share_found(read(content, "rapidocr")) >= 0.95
    (successor,) = processes()
    assert successor.pid != victim.pid


def test_a_picture_that_takes_too_long_costs_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    content = file(printed())
    read(content, "rapidocr")
    with monkeypatch.context() as hurried:
        hurried.setattr(CELLS, "longest_seconds", 0.05)
        assert refusal(lambda: read(content, "rapidocr")) == "not-read"
    assert share_found(read(content, "rapidocr")) >= 0.95


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"", "not-an-image"),
        (b"250 g de harina", "not-an-image"),
        (file(printed())[:900], "damaged"),
        (b"\xff\xd8\xff\xe0" + bytes(200), "damaged"),
    ],
)
def test_what_is_no_picture_is_said_and_ends_no_process(content: bytes, kind: str) -> None:
    read(file(printed(("Sal",))), "rapidocr")
    before = processes()
    assert refusal(lambda: read(content, "auto")) == kind
    assert processes() == before


def test_the_largest_pictures_fit_into_the_memory_there_is() -> None:
    page = photographed(printed(size=30))
    large = cv2.resize(page, (6000, MOST_PIXELS // 6000), interpolation=cv2.INTER_NEAREST)
    assert share_found(read(file(np.asarray(large, np.uint8)), "auto")) >= 0.9
    (process,) = processes()
    status = Path(f"/proc/{process.pid}/status").read_text(encoding="ascii")
    (peak,) = (int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith("VmHWM"))
    assert peak <= 1_000_000_000


def test_engines_ask_nobody_and_print_nothing() -> None:
    done = subprocess.run(
        (sys.executable, "-c", ALONE), input=file(printed()), capture_output=True, cwd=ROOT, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (len(LINES), b"", b"")


def test_no_other_opencv_is_installed_than_the_one_without_windows() -> None:
    installed = set(packages_distributions()["cv2"])
    assert installed == {"opencv-python-headless"}
