"""RapidOCR: PP-OCR's networks read photos as well as print. Their files come with the package; nothing is fetched."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np

from service.pictures.pixels import Pixels
from service.workloads.recipes.reading.regions import Quads

DETECTION_EDGE: Final = 1_280
"""Pixels of the longer side at which text is looked for; it is read at full size."""
TOGETHER: Final = 60.0
"""Regions of like length are read at once: so many times as long as they are high, all in all, for memory's sake."""
MOST: Final = 12
"""Regions that are."""
LEAST: Final = 8
"""Pixels of a side; in less, nothing can be read."""

_DETECTOR: Final = "PP-OCRv6_det_small.onnx"
_RECOGNISER: Final = "PP-OCRv6_rec_small.onnx"
_CLASSIFIER: Final = "ch_ppocr_mobile_v2.0_cls_mobile.onnx"


class Line(NamedTuple):
    """What was read in one region."""

    text: str
    confidence: float
    """Mean probability of its letters: 0 to 1."""


class Rapid:
    """Finds and reads text in BGR pictures, regions in ``threads`` threads; for one caller at a time."""

    def __init__(self, threads: int) -> None:
        self._threads = ThreadPoolExecutor(threads)

    @cached_property
    def _engine(self) -> Any:
        import rapidocr

        models = Path(rapidocr.__file__).parent / "models"
        return rapidocr.RapidOCR(
            params={
                "Global.log_level": "critical",
                "EngineConfig.onnxruntime.intra_op_num_threads": 1,
                "EngineConfig.onnxruntime.inter_op_num_threads": 1,
                "Det.model_path": str(models / _DETECTOR),
                "Det.limit_type": "max",
                "Det.limit_side_len": DETECTION_EDGE,
                "Cls.model_path": str(models / _CLASSIFIER),
                "Rec.model_path": str(models / _RECOGNISER),
                "Rec.rec_batch_num": MOST,
            }
        )

    def found(self, pixels: Pixels) -> Quads:
        """Where there is text in ``pixels``."""
        if min(pixels.shape[:2]) < LEAST:
            return np.empty((0, 4, 2), np.float32)
        found = self._engine(pixels, use_det=True, use_cls=False, use_rec=False)
        if found.boxes is None or not len(found.boxes):
            return np.empty((0, 4, 2), np.float32)
        return np.asarray(found.boxes, np.float32)

    def upright(self, regions: Sequence[Pixels]) -> list[float]:
        """How sure one is that each of ``regions`` is not upside down: 1 to -1, at a tenth of the price of reading."""
        _, seen = self._engine.cls_and_rotate(list(regions))
        return [float(score) if label == "0" else -float(score) for label, score in seen.cls_res]

    def read(self, regions: Sequence[Pixels]) -> list[Line]:
        """The text in each of ``regions``, in order."""
        if not regions:
            return []
        lines: dict[int, Line] = {}
        parts = _parts([region.shape[1] / region.shape[0] for region in regions])
        for part, read in zip(parts, self._threads.map(lambda part: self._read(regions, part), parts), strict=True):
            lines.update(zip(part, read, strict=True))
        return [lines[place] for place in range(len(regions))]

    def _read(self, regions: Sequence[Pixels], part: Sequence[int]) -> list[Line]:
        read = self._engine.recognize_txt([regions[place] for place in part])
        return [Line(text, float(score)) for text, score in zip(read.txts, read.scores, strict=True)]


def _parts(lengths: Sequence[float]) -> list[list[int]]:
    """Places of regions that are read at once, by their ``lengths``; all of a part are made as long as its longest."""
    parts: list[list[int]] = []
    for place in sorted(range(len(lengths)), key=lengths.__getitem__):
        if not parts or len(parts[-1]) == MOST or (len(parts[-1]) + 1) * lengths[place] > TOGETHER:
            parts.append([])
        parts[-1].append(place)
    return parts
