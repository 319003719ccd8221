"""Shows a load while it runs, on standard error."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from rich.console import Console
from rich.live import Live

from slo.live import screen
from slo.live.health import Health
from slo.live.progress import Progress
from slo.live.screen import Standings
from slo.live.standing import Standing
from slo.reports import wording
from slo.spec import Specifications

LINE_SECONDS = 10
"""Seconds of the run between two plain lines."""
DRAW_SECONDS = 0.5
"""The shortest time between two pictures."""
IDLE_SECONDS = 1.0
"""The longest, while nothing new is heard: the time that is left goes on."""
LARGEST_SHARE = 0.02
"""Of one core, for judging and drawing: after a picture that took long the next one waits so much longer."""

Show = Callable[[Progress], None]
Clock = Callable[[], float]


@contextmanager
def view(
    specifications: Specifications | None = None,
    environment: str = "development",
    *,
    console: Console | None = None,
    clock: Clock = time.monotonic,
    cpu_clock: Clock = time.thread_time,
) -> Iterator[Show]:
    """Shows progress for as long as the block lasts; call what it yields as often as you like.

    With ``specifications`` the states of the plan's objectives are shown as well. A terminal gets a picture, which goes
    when the block ends, however it ends; a file, a dumb terminal and one that knows only ASCII get plain lines.
    """
    output = console or Console(stderr=True, highlight=False, emoji=False)
    standing = Standing(specifications, environment) if specifications is not None else None
    if not output.is_terminal or output.is_dumb_terminal or output.options.ascii_only:
        yield _Lines(standing, output, clock).show
        return
    with Live(console=output, auto_refresh=False, transient=True, vertical_overflow="crop") as live:
        picture = _Picture(standing, live, clock, cpu_clock)
        yield picture.show
    if picture.last is not None and picture.last.second >= 0:
        output.print(_sums(picture.last), highlight=False, markup=False)


class _Pace:
    """Says when it is time for the next look, so that looking stays within its share of a core."""

    def __init__(self, clock: Clock, cpu_clock: Clock) -> None:
        self._clock = clock
        self._cpu_clock = cpu_clock
        self._next = self._idle = clock()

    def due(self, *, news: bool) -> bool:
        return self._clock() >= (self._next if news else max(self._next, self._idle))

    @contextmanager
    def measured(self) -> Iterator[None]:
        began = self._cpu_clock()
        yield
        spent = self._cpu_clock() - began
        now = self._clock()
        self._next, self._idle = now + max(DRAW_SECONDS, spent / LARGEST_SHARE), now + IDLE_SECONDS


class _Follower:
    """Lets the objectives hear of every line, and says how long there was none."""

    def __init__(self, standing: Standing | None, clock: Clock) -> None:
        self._standing = standing
        self._clock = clock
        self._since = clock()
        self.news = False
        """Whether anything was heard since this was last unset."""

    def follow(self, progress: Progress) -> None:
        for line in progress.news():
            self._since = self._clock()
            self.news = True
            if self._standing is not None:
                self._standing.take(line)

    @property
    def silent(self) -> float:
        return self._clock() - self._since

    def standings(self) -> Standings:
        if self._standing is None:
            return Standings()
        return Standings(self._standing.verdicts(), self._standing.pending)


class _Picture:
    def __init__(self, standing: Standing | None, live: Live, clock: Clock, cpu_clock: Clock) -> None:
        self._follower = _Follower(standing, clock)
        self._live = live
        self._pace = _Pace(clock, cpu_clock)
        self.last: Progress | None = None

    def show(self, progress: Progress) -> None:
        self.last = progress
        self._follower.follow(progress)
        if self._pace.due(news=self._follower.news):
            self._follower.news = False
            with self._pace.measured():
                width, silent = self._live.console.width, self._follower.silent
                picture = screen.picture(progress, self._follower.standings(), width=width, silent=silent)
                self._live.update(picture, refresh=True)


class _Lines:
    def __init__(self, standing: Standing | None, output: Console, clock: Clock) -> None:
        self._follower = _Follower(standing, clock)
        self._output = output
        self._next = LINE_SECONDS
        self._warned: set[str] = set()

    def show(self, progress: Progress) -> None:
        self._follower.follow(progress)
        if self._follower.news:
            self._follower.news = False
            self._warn(Health(progress).warnings())
        if progress.second >= self._next:
            self._next = (progress.second // LINE_SECONDS + 1) * LINE_SECONDS
            tally = self._follower.standings().tally
            standing = f"; objectives so far: {tally}" if tally else ""
            where = f"{progress.second:>4}/{progress.planned_seconds:.0f} s  {wording.plain(progress.stage):<12}"
            self._say(f"{where} {screen.quantiles(progress.lately())}  {_sums(progress)}{standing}")

    def _warn(self, warnings: Mapping[str, str]) -> None:
        """Each of them once."""
        for what, warning in warnings.items():
            if what not in self._warned:
                self._warned.add(what)
                self._say(f"warning: {warning}")

    def _say(self, line: str) -> None:
        self._output.print(line, soft_wrap=True, highlight=False, markup=False)


def _sums(progress: Progress) -> str:
    told = screen.failures(progress)
    return f"{progress.requests:,} requests, {progress.failures:,} failed{f' ({told})' if told else ''}"
