"""Runs in the Python that has Apache Otava: series of JSON on stdin, the places of their change points on stdout."""

from __future__ import annotations

import importlib
import json
import sys
from typing import Any


def main() -> None:
    """Analyse every series with p ≤ 0.001 and no least size; all else is as Otava has it."""
    otava: Any = importlib.import_module("otava.series")
    options = otava.AnalysisOptions()
    options.max_pvalue = 0.001
    options.min_magnitude = 0.0
    answers = []
    for values in json.load(sys.stdin):
        series = otava.Series(
            "made", None, list(range(1, len(values) + 1)), {"value": otava.Metric()}, {"value": values}, {}
        )
        answers.append([int(point.index) for point in series.analyze(options).change_points["value"]])
    json.dump(answers, sys.stdout)


if __name__ == "__main__":
    main()
