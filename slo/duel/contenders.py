"""Those who fight: services of work trees, commands of other projects, or what runs already at a URL."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import NamedTuple, Protocol

from slo import children, conductor
from slo.duel.model import SideFacts


class Standing(NamedTuple):
    """A contender that is ready."""

    url: str
    pid: int | None
    """The root of its processes; None where nobody here started them."""
    start_up: float | None
    """Seconds until it was ready; None where it was so already."""
    service: conductor.Service | None

    @property
    def loss(self) -> str:
        """How it ended though nobody asked it to; empty while it is there."""
        return self.service.loss if self.service else ""


class Contender(Protocol):
    """One side of a duel, to be started anew for every launch."""

    @property
    def facts(self) -> SideFacts:
        """What it is called in the report."""

    def standing(self, folder: Path) -> AbstractContextManager[Standing]:
        """It, ready; its log goes to ``folder``. Raises `slo.conductor.ServiceStartError`."""


class TreeContender(NamedTuple):
    """The service of a work tree."""

    facts: SideFacts
    tree: Path
    python: Path

    @contextmanager
    def standing(self, folder: Path) -> Iterator[Standing]:
        """The service on embedded servers of its own."""
        with conductor.service(folder, tree=self.tree, python=self.python) as service:
            yield Standing(service.url, service.pid, service.start_up, service)


class CommandContender(NamedTuple):
    """A command that serves at the port that replaces ``{port}`` in it, and stands in ``PORT``."""

    facts: SideFacts
    command: str
    path: str = "/"
    """What is asked until it answers, whatever it answers."""

    @contextmanager
    def standing(self, folder: Path) -> Iterator[Standing]:
        """The command's service; its whole process group ends with the block."""
        port = children.free_port()
        words = [word.replace("{port}", str(port)) for word in shlex.split(self.command)]
        environment = {**os.environ, "PORT": str(port)}
        log = folder / "service.log"
        with conductor.answering(words, port, self.path, log, environment, foreign=True) as service:
            yield Standing(service.url, service.pid, service.start_up, service)


class UrlContender(NamedTuple):
    """A service that somebody else started."""

    facts: SideFacts

    @contextmanager
    def standing(self, folder: Path) -> Iterator[Standing]:
        """The URL as it is."""
        yield Standing(self.facts.url, None, None, None)
