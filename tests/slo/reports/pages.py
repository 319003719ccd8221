"""Pages as tests read them: their elements and texts, what they load, and what a real browser makes of them."""

from __future__ import annotations

import re
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path

import pytest

BROWSER = next((path for path in map(shutil.which, ("chromium", "/usr/bin/chromium")) if path), None)
needs_browser = pytest.mark.skipif(BROWSER is None, reason="needs chromium: apt-get install chromium")
OPTIONS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--no-first-run",
    "--enable-logging=stderr",
    "--virtual-time-budget=5000",
    "--dump-dom",
)


class Page(HTMLParser):
    """The elements of a page, its texts, and what its scripts hold."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: list[str] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag == "script":
            self.scripts.append("")

    def handle_data(self, data: str) -> None:
        if self.lasttag == "script":
            self.scripts[-1] += data
        elif self.lasttag != "style":
            self.text += data


def loads_nothing(text: str) -> None:
    """Assert that a page asks nobody for anything, and forbids it."""
    page = Page(text)
    for tag, given in page.elements:
        assert not {"src", "srcset", "action", "poster"} & set(given), tag
        assert tag != "link" or given["href"] == "data:,"
        assert tag != "a" or str(given["href"]).startswith("./")
    assert not re.search(r"@import|url\(|fetch\(|XMLHttpRequest|WebSocket|EventSource|sendBeacon|import\(", text)
    policy = next(given["content"] for _, given in page.elements if given.get("http-equiv"))
    assert policy is not None
    assert policy.startswith("default-src 'none'; img-src data:;")
    assert "unsafe-inline" not in policy.partition("script-src")[2]


def shown(page: str, folder: Path) -> tuple[str, list[str]]:
    """The page's document after its scripts have run, and what the browser's console said."""
    file = folder / "page.html"
    file.write_text(page, encoding="utf-8")
    done = subprocess.run(
        [str(BROWSER), *OPTIONS, f"--user-data-dir={folder / 'profile'}", file.as_uri()],
        capture_output=True,
        text=True,
        timeout=100,
        check=True,
    )
    return done.stdout, [line for line in done.stderr.splitlines() if "CONSOLE" in line]


def drawn(document: str) -> list[str]:
    """The charts that the page's scripts have drawn, by the ids of their places."""
    return re.findall(r'class="plot" id="(\w+)"><div[^>]*class="uplot', document)
