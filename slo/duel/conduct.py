"""Conducts a duel: launch by launch both services, the load on both, the records; look by look the question whether to
go on.

    DuelError
    ├── BaseLostError     the base did not start or did not last: nothing can be said about the change
    └── HeadLostError     the head did not start or did not last: the change broke it
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import NamedTuple, Protocol, TypeVar

from slo import conductor, record
from slo.duel.contenders import Contender, Standing
from slo.duel.model import SIDES, Samples, Series, Side
from slo.duel.plan import Rhythm
from slo.duel.samples import Launch, series
from slo.duel.trust import doubts
from slo.live import Progress, Show

LONGEST_CLOCK_STEP = 2.0
"""Seconds by which the wall clock may go ahead of or behind the monotonic one in a launch."""


Act = TypeVar("Act")


class DuelError(Exception):
    """A duel came to no end; says why."""


class BaseLostError(DuelError):
    """There is nothing to compare with."""


class HeadLostError(DuelError):
    """What is to be judged does not serve."""


class Errand(NamedTuple):
    """One run of Locust in a launch."""

    scenarios: str
    """Locust files, as ``-f`` takes them."""
    arguments: Sequence[str]


class Load(Protocol):
    """What is sent to both."""

    @property
    def name(self) -> str:
        """The plan, or the Locust file."""

    def errands(self, launch: int, first: Side, folder: Path) -> tuple[Errand, Errand | None]:
        """The open model with mixed windows and blocks, and the closed one in blocks where there is one.

        ``launch`` counts from 1; the blocks begin with ``first``.
        """


class Fought(NamedTuple):
    """A duel that came to its end."""

    samples: Samples
    launches: tuple[Launch, ...]


Tell = Callable[[int, int, Progress | None], None]
"""(launch, launches at most, what its load has come to)."""


def fought(
    base: Contender,
    head: Contender,
    load: Load,
    rhythm: Rhythm,
    folder: Path,
    *,
    seed: int,
    tell: Tell,
    decided: Callable[[Samples], bool],
    counted: Sequence[Series] = (),
) -> Fought:
    """Both contenders under ``load`` until a look has ``decided``, or the rhythm ends.

    ``counted`` are series that were had otherwise and are judged together with the others. Raises `DuelError`, and
    `slo.conductor.LoadError` where the load does not run.
    """
    begun, started_at = time.monotonic(), record.utc_now()
    launches: list[Launch] = []
    steps: list[float] = []
    for look, wanted in enumerate(rhythm.looks, start=1):
        while len(launches) < wanted:
            tell(len(launches) + 1, rhythm.looks[-1], None)
            clocks = time.time() - time.monotonic()
            number = len(launches) + 1
            first: Side = "base" if (number + seed) % 2 == 0 else "head"
            launches.append(_launched(base, head, load, folder, number, first, partial(tell, number, rhythm.looks[-1])))
            steps.append(abs(time.time() - time.monotonic() - clocks))
        samples = Samples(
            id=folder.name,
            started_at=started_at,
            seconds=round(time.monotonic() - begun, 1),
            base=base.facts,
            head=head.facts,
            plan=load.name,
            rhythm=rhythm.name,
            seed=seed,
            machine=launches[0].opened.header.machine,
            looks=look,
            series=(*series(launches, rhythm.window), *counted),
            distrusts=doubts(launches, rhythm.window, clock_step=max(steps), longest=LONGEST_CLOCK_STEP),
        )
        if samples.distrusts or decided(samples):
            break
    return Fought(samples, tuple(launches))


def beside(
    base: Contender,
    head: Contender,
    load: Load,
    folder: Path,
    act: Callable[[Standing, Standing], Act],
    *,
    after: float,
) -> Act | None:
    """What ``act`` makes of both contenders while they are under the open model of ``load``, from ``after`` seconds on.

    It runs in a thread of its own. None where the load ended before it began.
    """
    begun: list[Future[Act]] = []
    with _both(base, head, "base", folder) as standing, ThreadPoolExecutor(1) as pool:

        def show(progress: Progress) -> None:
            if not begun and progress.second >= after:
                begun.append(pool.submit(act, standing["base"], standing["head"]))

        _ran(load.errands(1, "base", folder)[0], folder / "open.jsonl", standing, show)
        return begun[0].result() if begun else None


def _launched(
    base: Contender, head: Contender, load: Load, folder: Path, number: int, first: Side, show: Show
) -> Launch:
    place = folder / "launches" / str(number)
    with _both(base, head, first, place) as standing:
        opened, closed = load.errands(number, first, place)
        runs = [
            _ran(errand, place / name, standing, show)
            for errand, name in ((opened, "open.jsonl"), (closed, "closed.jsonl"))
            if errand is not None
        ]
        return Launch(
            opened=runs[0],
            closed=runs[1] if len(runs) > 1 else None,
            start_up={side: each.start_up for side, each in standing.items() if each.start_up is not None},
            first=first,
        )


@contextmanager
def _both(base: Contender, head: Contender, first: Side, folder: Path) -> Iterator[dict[Side, Standing]]:
    """Both contenders, ready; ``first`` was started first."""
    contenders = {"base": base, "head": head}
    with ExitStack() as stack:
        yield {
            side: stack.enter_context(_started(contenders[side], side, folder / side))
            for side in (SIDES if first == "base" else SIDES[::-1])
        }


@contextmanager
def _started(contender: Contender, side: Side, folder: Path) -> Iterator[Standing]:
    """A contender, whose failure to start is told as its side's."""
    with ExitStack() as stack:
        try:
            standing = stack.enter_context(contender.standing(folder))
        except (conductor.ServiceStartError, OSError) as error:
            raise _lost(side)(f"the {side} did not start: {error}") from error
        yield standing


def _lost(side: Side) -> type[DuelError]:
    return BaseLostError if side == "base" else HeadLostError


def _ran(errand: Errand, path: Path, standing: dict[Side, Standing], show: Show) -> record.Run:
    arguments = [*errand.arguments, "--host", standing["head"].url, "--base", standing["base"].url]
    for side in SIDES:
        if standing[side].pid is not None:
            arguments += [f"--{side}-pid", str(standing[side].pid)]
    try:
        conductor.load(arguments, path, show, errand.scenarios)
    except conductor.ConductorError:
        _check_standing(standing)
        raise
    _check_standing(standing)
    return record.read(path)


def _check_standing(standing: dict[Side, Standing]) -> None:
    for side in SIDES:
        if standing[side].loss:
            raise _lost(side)(f"the {side} did not last: {standing[side].loss}")
