"""Tesseract, where it is installed: a program of the system, which is quick with clean print.

Its table has a row for each word (https://tesseract-ocr.github.io/tessdoc/Command-Line-Usage.html, ``tsv``).
"""

from __future__ import annotations

import csv
import os
import shutil
import subprocess
from functools import lru_cache
from io import StringIO
from itertools import groupby
from typing import Final, NamedTuple

import cv2

from service.core.errors import AnalysisError
from service.pictures.pixels import Pixels
from service.workloads.recipes.page import Box, Span

PROGRAM: Final = "tesseract"
LANGUAGES: Final = ("spa", "eng")
LONGEST_SECONDS: Final = 15.0
WIDE: Final = 1.5
"""A gap of so many heights of a line parts columns, and not words."""

_WORD: Final = "5"
"""The level of words in the table."""
_SPLIT_AND_READ: Final = "3"
"""Page segmentation: fully automatic, without a look at the orientation."""


class Printed(NamedTuple):
    """Text as it was read, and how sure one can be of all of it."""

    span: Span
    lowest: float
    """Confidence of its least sure word."""


@lru_cache(maxsize=1)
def languages() -> tuple[str, ...]:
    """Those of `LANGUAGES` that are installed; none where there is no tesseract."""
    if shutil.which(PROGRAM) is None:
        return ()
    try:
        listed = subprocess.run(
            (PROGRAM, "--list-langs"), capture_output=True, text=True, timeout=LONGEST_SECONDS, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return ()
    there = listed.stdout.split()
    return tuple(language for language in LANGUAGES if language in there)


def read(pixels: Pixels) -> list[Printed]:
    """What stands in ``pixels``, in spans without wide gaps; AnalysisError when tesseract gives up."""
    _, file = cv2.imencode(".bmp", pixels)
    command = (PROGRAM, "stdin", "stdout", "-l", "+".join(languages()), "--psm", _SPLIT_AND_READ, "tsv")
    try:
        done = subprocess.run(
            command,
            input=file.tobytes(),
            capture_output=True,
            timeout=LONGEST_SECONDS,
            check=True,
            env={**os.environ, "OMP_THREAD_LIMIT": "1"},
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise AnalysisError("tesseract gave up on the picture", "not-read", may_pass=True) from error
    return spans_of(done.stdout.decode("utf-8", "replace"))


def spans_of(table: str) -> list[Printed]:
    """The spans in tesseract's ``table``."""
    rows = csv.DictReader(StringIO(table), delimiter="\t", quoting=csv.QUOTE_NONE)
    words = [row for row in rows if row["level"] == _WORD and row["text"] and row["text"].strip()]
    spans: list[Printed] = []
    for _, line in groupby(words, key=lambda row: (row["block_num"], row["par_num"], row["line_num"])):
        together: list[Span] = []
        for word in map(_word, line):
            if together and word.box.left - together[-1].box.right > WIDE * word.box.height:
                spans.append(_joined(together))
                together = []
            together.append(word)
        spans.append(_joined(together))
    return spans


def _word(row: dict[str, str]) -> Span:
    left, top, width, height = (float(row[name]) for name in ("left", "top", "width", "height"))
    confidence = min(1.0, max(0.0, float(row["conf"]) / 100))
    return Span(row["text"].strip(), confidence, Box(left, top, left + width, top + height))


def _joined(words: list[Span]) -> Printed:
    letters = sum(len(word.text) for word in words)
    span = Span(
        " ".join(word.text for word in words),
        sum(len(word.text) * word.confidence for word in words) / letters,
        Box(
            min(word.box.left for word in words),
            min(word.box.top for word in words),
            max(word.box.right for word in words),
            max(word.box.bottom for word in words),
        ),
    )
    return Printed(span, min(word.confidence for word in words))
