"""Pictures a second and core: ours and Pillow's analysis of the same files, in turns."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from itertools import product
from statistics import median
from time import perf_counter, process_time

import msgspec

from service.pictures.decoding import decoded
from service.pictures.pixels import Pixels, Pyramid, fitted, grey
from service.workloads.images import colours, hashes, quality
from service.workloads.images import thumbnails as thumbnails_made
from service.workloads.images.analysis import analysed
from service.workloads.images.items import Item
from service.workloads.images.messages import ThumbnailFormat, ThumbnailSize, ThumbnailWish
from tests.benchmarks.images import pillow
from tests.benchmarks.images.photos import with_megapixels

MEGAPIXELS = (0.2, 1.0, 10.0)
SIZES: tuple[ThumbnailSize, ...] = ("small", "medium", "large")
FORMS: tuple[ThumbnailFormat | None, ...] = (None, "jpeg", "webp")
GOALS = {(0.2, "jpeg"): 120.0, (1.0, "jpeg"): 50.0}
"""Pictures a second and core that are to be reached."""


class Pace(msgspec.Struct, frozen=True):
    """How fast one kind of picture was analysed by both; processor seconds a picture, medians over the files."""

    megapixels: float
    thumbnails: str
    files: int
    kilobytes: float
    """Mean size of the files."""
    seconds: float
    pillow_seconds: float
    clock_seconds: float

    @property
    def goal(self) -> float | None:
        """Pictures a second and core that are to be reached."""
        return GOALS.get((self.megapixels, self.thumbnails))


class Stage(msgspec.Struct, frozen=True):
    """What one stage of the analysis of a picture takes, in processor seconds."""

    name: str
    seconds: tuple[float, ...]
    """For each of `MEGAPIXELS`."""


def wishes_for(form: ThumbnailFormat | None) -> tuple[ThumbnailWish, ...]:
    """The three usual thumbnails in one format; none for None."""
    return tuple(ThumbnailWish(size=size, format=form) for size in SIZES) if form else ()


def paces(photos: Sequence[Pixels], rounds: int, tell: Callable[[str], None]) -> list[Pace]:
    """Each kind of picture, with each kind of thumbnails."""
    found = []
    for megapixels, form in product(MEGAPIXELS, FORMS):
        tell(f"{megapixels:g} MP, {form or 'no'} thumbnails")
        files = [with_megapixels(photo, megapixels) for photo in photos]
        found.append(_pace(files, megapixels, form, rounds))
    return found


def _pace(files: Sequence[bytes], megapixels: float, form: ThumbnailFormat | None, rounds: int) -> Pace:
    wishes = wishes_for(form)
    ours: list[float] = []
    theirs: list[float] = []
    clock: list[float] = []
    for content in files:
        item = Item(content=content, thumbnails=wishes)
        each: tuple[list[float], list[float], list[float]] = ([], [], [])
        for turn in range(rounds + 1):
            cpu, wall = _timed(partial(analysed, item))
            other, _ = _timed(partial(pillow.analysed, content, wishes))
            if turn:  # the first turn warms up
                for values, value in zip(each, (cpu, other, wall), strict=True):
                    values.append(value)
        for values, found in zip((ours, theirs, clock), each, strict=True):
            values.append(median(found))
    return Pace(
        megapixels=megapixels,
        thumbnails=form or "none",
        files=len(files),
        kilobytes=sum(map(len, files)) / len(files) / 1_000,
        seconds=median(ours),
        pillow_seconds=median(theirs),
        clock_seconds=median(clock),
    )


def stages(photos: Sequence[Pixels], rounds: int) -> list[Stage]:
    """Where the time of an analysis with JPEG thumbnails goes."""
    tables = []
    for megapixels in MEGAPIXELS:
        columns = [_stages(with_megapixels(photo, megapixels), rounds) for photo in photos]
        tables.append({name: median(column[name] for column in columns) for name in columns[0]})
    return [Stage(name, tuple(table[name] for table in tables)) for name in tables[0]]


def _stages(content: bytes, rounds: int) -> dict[str, float]:
    wishes = wishes_for("jpeg")
    pixels = decoded(content, quality.EDGE).pixels
    pyramid = Pyramid(pixels)
    fine, small = fitted(grey(pixels), quality.EDGE), hashes.prepared(grey(pyramid.at(hashes.EDGE)))
    for wish in wishes:
        pyramid.at(thumbnails_made.edge_of(wish.size))
    steps: dict[str, Callable[[], object]] = {
        "header, EXIF, decoding": lambda: decoded(content, quality.EDGE),
        "grey, scaling": lambda: (fitted(grey(pixels), quality.EDGE), Pyramid(pixels).at(colours.EDGE)),
        "PDQ, pHash": lambda: (hashes.pdq(small), hashes.phash(small)),
        "quality": lambda: quality.quality_of(fine, small),
        "colours": lambda: colours.dominant(pyramid.at(colours.EDGE)),
        "encoding 3 JPEG thumbnails": lambda: thumbnails_made.made(pyramid, wishes, b""),
        "all": lambda: analysed(Item(content=content, thumbnails=wishes)),
    }
    return {name: median(_timed(step)[0] for _ in range(rounds)) for name, step in steps.items()}


def _timed(work: Callable[[], object]) -> tuple[float, float]:
    """Processor seconds and seconds of the clock."""
    cpu, wall = process_time(), perf_counter()
    work()
    return process_time() - cpu, perf_counter() - wall
