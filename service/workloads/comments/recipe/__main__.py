"""Builds the comments model: ``python -m service.workloads.comments.recipe``."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from statistics import median

import numpy as np
from rich.console import Console
from rich.progress import Progress
from threadpoolctl import threadpool_limits

from service.sentences.engine import passages
from service.workloads.comments import model
from service.workloads.comments.alphabet import Flags
from service.workloads.comments.analysis import analysed
from service.workloads.comments.features import Features, extract
from service.workloads.comments.heads import HEADS, THEME
from service.workloads.comments.messages import Quality
from service.workloads.comments.recipe import card, corpus, training, vocabulary
from service.workloads.comments.recipe.measures import HeadReport, report
from service.workloads.comments.signals import SIGNALS

_STEP = 64
_ROUNDS = 9
_EVERY = 5


def _embedded(texts: Sequence[str], kept: Path | None, progress: Progress) -> training.Table:
    """Embeddings of ``texts``, as far as possible from the file ``kept``, which then holds all of them."""
    names = [sha256(text.encode()).hexdigest() for text in texts]
    known = dict(np.load(kept, allow_pickle=False)) if kept and kept.exists() else {}
    missing = {name: text for name, text in zip(names, texts, strict=True) if name not in known}
    task = progress.add_task("sentence embeddings", total=len(missing))
    entries = list(missing.items())
    for start in range(0, len(entries), _STEP):
        share = entries[start : start + _STEP]
        known |= zip([name for name, _ in share], passages([text for _, text in share]), strict=True)
        progress.advance(task, len(share))
    if kept and missing:
        np.savez(kept, allow_pickle=False, **known)
    return np.array([known[name] for name in names], dtype=np.float64)


def _themed(features: Features, parts: training.Ordinals) -> Flags:
    """Comments of parts with labelled themes, and those without any word of a theme, which have none."""
    labelled = np.isin(parts, [corpus.TRAINING.index(name) for name in corpus.THEMED])
    columns = [SIGNALS.index(name) for name in THEME.labels]
    return labelled | ~features.signals[:, columns].any(axis=1)


def built(
    comments: Sequence[corpus.Labelled], parts: training.Ordinals, kept: Path | None, progress: Progress
) -> training.Arrays:
    """The arrays of the model file."""
    texts = [comment.text for comment in comments]
    lexicon = vocabulary.compiled()
    features = extract(texts, lexicon)
    truth = training.Truth(corpus.targets(comments), parts, _themed(features, parts))
    embeddings = _embedded(texts, kept, progress)
    task = progress.add_task("regressions", total=4)
    fast, fast_fit = training.fit_fast(features, truth)
    progress.advance(task)
    good, good_fit = training.fit_good(embeddings, features.signals.astype(np.float64), truth)
    progress.advance(task)
    arrays = {**fast, **good, **vocabulary.arrays(lexicon)}
    fits = {"fast": (fast_fit,), "good": (good_fit, fast_fit)}
    for name, used in fits.items():
        left_out = np.hstack([fit.left_out for fit in used])
        weights, bias = training.fit_finish(left_out, np.hstack([fit.crossed for fit in used]), truth)
        chances = model.Finish(*(x.astype(np.float32) for x in (weights, bias))).probabilities(
            left_out.astype(np.float32)
        )
        arrays |= {
            f"{name}_finish": weights,
            f"{name}_finish_bias": bias,
            f"{name}_thresholds": training.theme_thresholds(chances, truth),
        }
        progress.advance(task)
    return arrays


def measured(path: Path, progress: Progress) -> dict[tuple[Quality, str], list[HeadReport]]:
    """Every head's report on the parts that were held back, per path and part."""
    made = model.load(path)
    reports: dict[tuple[Quality, str], list[HeadReport]] = {}
    qualities: tuple[Quality, ...] = ("fast", "good")
    task = progress.add_task("measurement", total=len(qualities) * len(corpus.TESTS))
    for quality in qualities:
        for part in corpus.TESTS:
            truth = corpus.read(part)
            told = analysed([comment.text for comment in truth], quality, made)
            reports[quality, part] = [report(head, truth, told) for head in HEADS]
            progress.advance(task)
    return reports


def speed(path: Path) -> dict[Quality, float]:
    """Comments a minute on one core, by this thread's processor time: the median batch of comments not seen before."""
    made = model.load(path)
    texts = [comment.text for part in corpus.training() for comment in part][::_EVERY]
    sizes: dict[Quality, int] = {"fast": 100, "good": 32}
    rates = {}
    for quality, size in sizes.items():
        spent = []
        for start in range(0, _ROUNDS * size, size):
            before = time.thread_time()
            analysed(texts[start : start + size], quality, made)
            spent.append(time.thread_time() - before)
        rates[quality] = 60 * size / median(spent)
    return rates


def main() -> int:
    """Build the model, measure it, write both down."""
    parser = argparse.ArgumentParser(prog="python -m service.workloads.comments.recipe", description=main.__doc__)
    parser.add_argument("--model", type=Path, default=model.MODEL, help="where the model goes (%(default)s)")
    parser.add_argument("--card", type=Path, default=card.CARD, help="where the model card goes (%(default)s)")
    parser.add_argument("--embeddings", type=Path, help="keep embeddings in this file, to build again sooner")
    options = parser.parse_args()
    console = Console()
    by_part = corpus.training()
    comments = [comment for part in by_part for comment in part]
    parts = np.repeat(np.arange(len(by_part)), [len(part) for part in by_part])
    # One thread, because the order in which several add up would show in the last bits of the weights.
    with threadpool_limits(1), Progress(console=console, disable=not sys.stdout.isatty()) as progress:
        arrays = built(comments, parts, options.embeddings, progress)
        facts = model.Facts(data_sha256=corpus.hashes(), training_comments=len(comments))
        model.save(options.model, arrays, facts)
        reports = measured(options.model, progress)
    text = card.rendered(facts, options.model, reports, speed(options.model))
    options.card.write_text(text, encoding="utf-8")
    console.print(text, markup=False, highlight=False)
    return 0


if __name__ == "__main__":
    sys.exit(main())
