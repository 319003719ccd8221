"""Which functions made requests dearer, and how: from counts of the same requests in both trees, and from samples."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final, Literal, NamedTuple, TypeAlias

from loadstone.both_trees import REPLAY, Trees, replay_alike
from profiles.blame import Blamed, blamed, outer
from profiles.culprit import Suspect, suspects
from profiles.diff import difference
from profiles.recording import SUFFIX, Recording
from profiles.renderers import flamegraph, speedscope
from profiles.source import Source
from profiles.stacks import Profile, Stack
from slo import profiling
from slo.duel.model import Culprit, Series

KINDS: Final = {
    "deterministic": ("bytecodes", "calls"),
    "memory": ("bytes", "allocations"),
    "waits": ("waited", "queries"),
}
"""What is counted in one replay: its units."""
METRICS: Final = {
    "bytecodes": "bytecodes",
    "calls": "calls",
    "bytes": "allocated-bytes",
    "allocations": "allocations",
    "waited": "waited",
    "queries": "queries-per-request",
}
"""The metric of `slo.duel.metrics` of each unit."""
MICROSECONDS: Final = 1e-6
PARTS: Final = 10
"""Stretches of sampling: their spread is the interval, and with few of them nobody can be named for certain."""
EDITED_CONFIDENCE, CONFIDENCE = 0.99, 0.999
"""Of the rise of a function in samples: one that the change edits needs less evidence than the hundreds that it does
not."""
MOST: Final = 5
"""Culprits of one unit, at most."""

Kind: TypeAlias = Literal["cpu", "wait", "query", "allocations", "payload"]
NAMED_BY: Final[Mapping[str, tuple[Kind, str]]] = {
    "waited": ("wait", "waited µs"),
    "queries": ("query", "queries"),
    "bytecodes": ("cpu", "bytecodes"),
    "bytes": ("allocations", "bytes"),
}
"""Units by which functions are named, with the kind of the culprit and its word for the unit."""

OnStep = Callable[[str], None]
Sides: TypeAlias = tuple[Recording, Recording]


class Counted(NamedTuple):
    """What came of counting the same requests in two trees."""

    series: tuple[Series, ...]
    culprits: tuple[Culprit, ...]
    """Who explains most first, kind by kind."""
    flame_graphs: tuple[tuple[str, str], ...]
    """(title, file name) in the folder."""
    blind: tuple[str, ...]
    """Sentences about what could not be counted."""


class Sampled(NamedTuple):
    """What came of sampling both running services."""

    culprits: tuple[Culprit, ...]
    flame_graphs: tuple[tuple[str, str], ...]
    blind: tuple[str, ...]


def counted(
    folder: Path,
    plan: str,
    requests: int,
    seed: int | None,
    base_tree: Path,
    head_tree: Path,
    *,
    base_python: Path | None = None,
    on_step: OnStep = lambda step: None,
) -> Counted:
    """Answer so many requests of ``plan`` in both trees, a third of them to warm up, and compare what it took.

    What cannot be counted is told in ``blind`` and left out. The recordings and drawings stay in ``folder``.
    """
    if not replay_alike(base_tree, head_tree):
        return Counted(
            (), (), (), (f"nothing was counted: the change edits {' or '.join(REPLAY)}, which replay requests",)
        )
    file = profiling.drawn(folder / "requests.jsonl", plan, requests, seed)
    blind: list[str] = []
    sides: dict[str, Sides] = {}
    with profiling.side_by_side() as pool:
        for kind, units in KINDS.items():
            on_step(f"counting {' and '.join(units)} in both trees")
            base = pool.submit(profiling.counted, folder / "base", file, kind, tree=base_tree, python=base_python)
            head = pool.submit(profiling.counted, folder / "head", file, kind, tree=head_tree)
            try:
                sides |= _compared(base.result(), head.result())
            except profiling.ProfilingError as error:
                blind.append(f"{' and '.join(units)} were not counted: {error}")
    blind += [
        f"{unit} were not counted: one of the trees does not tell them"
        for unit in METRICS
        if unit not in sides and not any(unit in sentence for sentence in blind)
    ]
    return Counted(
        series=tuple(_series(unit, *sides[unit]) for unit in METRICS if unit in sides),
        culprits=named(sides, base_tree, head_tree),
        flame_graphs=tuple(
            drawing for unit in METRICS if unit in sides for drawing in _drawings(folder, unit, *sides[unit])
        ),
        blind=tuple(blind),
    )


def named(sides: Mapping[str, Sides], base_tree: Path, head_tree: Path) -> tuple[Culprit, ...]:
    """Who made requests dearer in the units that were counted on both sides, kind by kind; calls must be among them."""
    if "calls" not in sides:
        return ()
    trees = Trees(Source(base_tree), Source(head_tree))
    calls = sides["calls"]
    joined = {unit: [_own(each, trees) for each in sides[unit]] for unit in ("calls", "bytes") if unit in sides}
    return tuple(
        _culprit(unit, each, joined, trees, calls[1].profile().stacks)
        for unit in NAMED_BY
        if unit in sides
        for each in blamed(*sides[unit], calls, is_ours=trees.has, is_edited=trees.edits.has)[:MOST]
    )


def sampled(
    folder: Path,
    base: Sequence[int],
    head: Sequence[int],
    *,
    base_metrics: str,
    head_metrics: str,
    base_tree: Path,
    head_tree: Path,
    seconds: int = 20,
    rate: int = 250,
) -> Sampled:
    """Sample the worker processes of both running services at the same time, under whatever load they are.

    ``base_metrics`` and ``head_metrics`` are the URLs at which each side tells how many requests it answered. It sees
    time in C code as well, which no count does; its costs have intervals. A missing right is told in ``blind``.
    """
    files = [folder / f"{side}-samples{SUFFIX}" for side in ("base", "head")]
    folder.mkdir(parents=True, exist_ok=True)
    with profiling.side_by_side() as pool:
        looks = [
            pool.submit(profiling.looked_into, file, pids, seconds, metrics=metrics, rate=rate, parts=PARTS)
            for file, pids, metrics in zip(files, (base, head), (base_metrics, head_metrics), strict=True)
        ]
        try:
            for look in looks:
                look.result()
        except profiling.ProfilingError as error:
            return Sampled((), (), (f"CPU time was not sampled: {error}",))
    return compared_samples(folder, Recording.load(files[0]), Recording.load(files[1]), base_tree, head_tree)


def compared_samples(folder: Path, base: Recording, head: Recording, base_tree: Path, head_tree: Path) -> Sampled:
    """What became of the functions of the project between two recordings of samples, and the drawings in ``folder``."""
    trees = Trees(Source(base_tree), Source(head_tree))
    culprits = [
        Culprit(
            kind="cpu", unit="samples", function=each.change.frame, place=trees.place(each.change.frame),
            before=each.change.own.before, after=each.change.own.after,
            low=each.change.own.low, high=each.change.own.high,
            share=each.share, explains=each.explains, touched=trees.edits.has(each.change.frame),
            touched_callees=trees.edited_below(each.change.frame, head.profile().stacks),
        )
        for each in _named_by_samples(_folded(base, trees), _folded(head, trees), trees)[:MOST]
    ]  # fmt: skip
    return Sampled(tuple(culprits), tuple(_drawings(folder, "samples", base, head)), ())


def _named_by_samples(base: Recording, head: Recording, trees: Trees) -> list[Suspect]:
    """Edited functions first, then the others, who explains most first in both."""
    likely, certain = (suspects(difference(base, head, confidence)) for confidence in (EDITED_CONFIDENCE, CONFIDENCE))
    edited = [each for each in likely if trees.edits.has(each.change.frame)]
    return [*edited, *(each for each in certain if not trees.edits.has(each.change.frame))]


def _compared(base: Sequence[Path], head: Sequence[Path]) -> dict[str, Sides]:
    """The recordings that both sides have, by unit."""
    before, after = ({(found := Recording.load(path)).unit: found for path in paths} for paths in (base, head))
    return {unit: (before[unit], after[unit]) for unit in before if unit in after}


def _series(unit: str, base: Recording, head: Recording) -> Series:
    scale = MICROSECONDS if unit == "waited" else 1.0
    costs = [recording.profile().total * scale / recording.answered for recording in (base, head)]
    return Series(
        metric=METRICS[unit], base=costs[0], head=costs[1],
        base_events=round(base.answered), head_events=round(head.answered),
    )  # fmt: skip


def _culprit(
    unit: str,
    each: Blamed,
    joined: Mapping[str, Sequence[Mapping[str, float]]],
    trees: Trees,
    stacks: Mapping[Stack, int],
) -> Culprit:
    kind, word = NAMED_BY[unit]
    calls, sizes = joined["calls"], joined.get("bytes")
    return Culprit(
        kind=kind,
        unit=word,
        function=each.frame,
        place=trees.place(each.frame),
        before=each.before,
        after=each.before + each.rise,
        low=each.rise,
        high=each.rise,
        share=each.share,
        explains=each.explains,
        calls_before=calls[0].get(each.frame, 0.0),
        calls_after=calls[1].get(each.frame, 0.0),
        bytes_before=sizes[0].get(each.frame, 0.0) if sizes else None,
        bytes_after=sizes[1].get(each.frame, 0.0) if sizes else None,
        touched=trees.edits.has(each.frame),
        touched_callees=trees.edited_below(each.frame, stacks),
        detail=each.detail,
    )


def _own(recording: Recording, trees: Trees) -> Mapping[str, float]:
    """The cost of each function of the project for each request; of bytes, with what it has done outside."""
    costs: dict[str, float] = {}
    for stack, cost in recording.profile().stacks.items():
        frames = stack[-1:] if recording.unit == "calls" else tuple(frame for frame in stack if trees.has(frame))[-1:]
        for frame in frames:
            name = outer(frame) if recording.unit != "calls" else frame
            costs[name] = costs.get(name, 0.0) + cost / recording.answered
    return costs


def _folded(recording: Recording, trees: Trees) -> Recording:
    """``recording`` with what lies outside of the project charged to the function of the project that called it.

    Stacks without any such function are threads of the server and the interpreter, which wait, and are left out.
    """
    parts = []
    for profile in recording.profiles():
        stacks: dict[Stack, int] = {}
        for stack, cost in profile.stacks.items():
            place = tuple(trees.name(frame) for frame in stack if trees.has(frame))
            if place:
                stacks[place] = stacks.get(place, 0) + cost
        parts.append(Profile(profile.unit, stacks))
    return Recording.of_profiles(parts, recording.requests, recording.of)


def _drawings(folder: Path, unit: str, base: Recording, head: Recording) -> list[tuple[str, str]]:
    """A differential flame graph and both sides for speedscope, in ``folder``."""
    title = f"{unit} for each request, base → head"
    before, after = base.profile(), head.profile()
    drawn = flamegraph.render(after, title, per=head.answered, before=before, per_before=base.answered)
    files = [
        (f"{title}: flame graph", f"{unit}.svg", drawn.encode("utf-8")),
        (f"{unit} of base, for speedscope", f"{unit}-base.speedscope.json", speedscope.render(before, f"base {unit}")),
        (f"{unit} of head, for speedscope", f"{unit}-head.speedscope.json", speedscope.render(after, f"head {unit}")),
    ]
    for _, name, content in files:
        (folder / name).write_bytes(content)
    return [(told, name) for told, name, _ in files]
