"""URLs of pictures at an origin on this machine, each another URL, some of nothing and some of no picture."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from urllib.parse import urlsplit

from service.core.batches import Fields, Row
from tests.faults.campaigns.audit import Truth
from tests.faults.campaigns.names import Names
from tests.faults.campaigns.origin import MISSING, PAGE, PICTURES, Album, Origin
from tests.faults.campaigns.sources import Source
from tests.support.fault_proxy import FaultProxy

FAILURES = {MISSING: "http-404", PAGE: "not-an-image"}
FAILING = 0.01
"""The share of rows that fail so, for each of the two."""
NAME = "origin.example"


class Pictures(Source):
    """A batch of the images workload; between workers and origin is a proxy."""

    workload = "images"
    chunk_rows = 50
    host = "127.0.0.1"

    def __init__(self, count: int, seed: int, poison: str = "", poisoned: int = 0) -> None:
        super().__init__(count, seed, poison, poisoned)
        self._album = Album(seed)
        self._base = ""
        self.to_origin: FaultProxy

    @contextmanager
    def opened(self, folder: Path) -> Iterator[None]:
        """The origin is there, at a port that is not the same each time."""
        with Origin(self._album.pictures) as origin, FaultProxy(("127.0.0.1", origin.port)) as self.to_origin:
            place = f"{self.host}:{self.to_origin.port}"
            self._base = f"http://{place}"
            self.settings = {"LOADSTONE_FETCH_ALLOW": place}
            yield

    def _fields(self, line: int, draw: Random) -> Fields:
        number, luck = draw.randrange(PICTURES), draw.random()
        path = MISSING if luck < FAILING else PAGE if luck < 2 * FAILING else f"/{number}.jpg"
        if line in self.poisoned:
            path = f"/{number}.jpg?{self.poison}"
        return {"id": f"row-{line}", "url": f"{self._base}{path}{'&' if '?' in path else '?'}row={line}"}

    def _truth_of(self, row: Row) -> Truth:
        url, name = str(row.fields["url"]), str(row.fields["id"])
        path = urlsplit(url).path
        if path in FAILURES:
            return Truth(url, name, {}, FAILURES[path])
        picture = self._album.pictures[int(path.strip("/").removesuffix(".jpg"))]
        holds = {"sha256": picture.sha256, "width": picture.width, "height": picture.height}
        return Truth(url, name, holds)


class NamedPictures(Pictures):
    """The same by a name that only the workers know, until it is taken away; takes root."""

    host = NAME

    @contextmanager
    def opened(self, folder: Path) -> Iterator[None]:
        """The origin is there, and its name known."""
        self.names = Names(folder, {NAME: "127.0.0.1"})
        self.prefix = self.names.prefix
        with super().opened(folder):
            yield
