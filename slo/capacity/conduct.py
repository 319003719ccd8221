"""One capacity test or several, from what is asked for to what was found."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec

from slo import conductor
from slo.capacity.model import Capacity
from slo.capacity.plan import Course
from slo.capacity.resources import Place
from slo.capacity.search import Range
from slo.capacity.steps import Measure, Observed, objectives
from slo.capacity.summary import Found, summarise
from slo.capacity.survey import NotLoadedError, ServiceLostError, Setting, Survey
from slo.spec import Specifications


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked for."""

    name: str
    base: Mapping[str, Any]
    """The plan in plain values."""
    specifications: Specifications
    environment: str
    limits: Range
    course: Course
    seed: int
    folder: Path
    repeat: int = 1
    generators: int = 1
    price_per_hour: float | None = None

    @property
    def measure(self) -> Measure:
        """What every step is judged by; raises `SpecError`."""
        mix: Mapping[str, float] = self.base["mix"]
        return Measure(objectives(self.specifications, self.base["objectives"], self.environment, mix))


Tell = Callable[[Observed], None]


def capacities(wish: Wish, url: str | None, tell: Tell) -> Iterator[Capacity]:
    """One test after the other, against ``url`` or, each time anew, a service on embedded servers.

    ``tell`` hears of every step. Raises `CapacityError` or `ConductorError`.
    """
    for number in range(1, wish.repeat + 1):
        folder = wish.folder / f"test-{number}" if wish.repeat > 1 else wish.folder
        # Another seed each time, or the last test's answers would be known to a service that goes on running.
        seed = wish.seed + (number - 1) * wish.limits.steps
        if url is not None:
            yield _capacity(wish, url, folder, seed, tell)
            continue
        with conductor.service(folder / "service") as service:
            yield _capacity(wish, service.url, folder, seed, tell, service)


def _capacity(
    wish: Wish, url: str, folder: Path, seed: int, tell: Tell, service: conductor.Service | None = None
) -> Capacity:
    cores = service.cores if service is not None else set()
    place = Place(float(len(cores)), _memory()) if cores else Place()
    setting = Setting(
        name=wish.name,
        url=url,
        base=wish.base,
        limits=wish.limits,
        course=wish.course,
        measure=wish.measure._replace(place=place),
        seed=seed,
        folder=folder,
        cores=cores,
        generators=wish.generators,
    )
    survey = Survey(setting)
    observed = []
    for each in survey:
        if service is not None and service.loss:
            raise ServiceLostError(service.loss)
        tell(each)
        observed.append(each)
    if survey.header is None:
        raise NotLoadedError("no step was run")
    return summarise(
        Found(
            setting=setting,
            header=survey.header,
            observed=tuple(observed),
            estimate=survey.search.estimate(),
            carried=survey.search.carried,
            ceiling=survey.search.ceiling,
            environment=wish.environment,
            price_per_hour=wish.price_per_hour,
        )
    )


def _memory() -> float:
    return float(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
