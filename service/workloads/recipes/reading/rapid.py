"""RapidOCR: PP-OCR's networks read photos as well as print. Their files come with the package; nothing is fetched."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from math import ceil
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np

from service.pictures.pixels import Pixels, fitted
from service.workloads.recipes.reading.regions import Quads

DETECTION_PIXELS: Final = 1_500_000
"""A larger picture is made smaller to look for text in it; it is read at full size."""
MOST_SIDE: Final = 4_000
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
                "Det.limit_side_len": MOST_SIDE,
                "Global.max_side_len": MOST_SIDE,
                "Cls.model_path": str(models / _CLASSIFIER),
                "Rec.model_path": str(models / _RECOGNISER),
                "Rec.rec_batch_num": 1,
            }
        )

    def found(self, pixels: Pixels) -> Quads:
        """Where there is text in ``pixels``."""
        scale = min(1.0, (DETECTION_PIXELS / (pixels.shape[0] * pixels.shape[1])) ** 0.5)
        small = fitted(pixels, ceil(scale * max(pixels.shape[:2])))
        return self.glanced(small) * np.float32(max(pixels.shape[:2]) / max(small.shape[:2]))

    def glanced(self, pixels: Pixels) -> Quads:
        """Where there is text in ``pixels``, none of which is left out."""
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
        return list(self._threads.map(self._read, regions))

    def _read(self, region: Pixels) -> Line:
        """One at a time: several at once are padded to the longest, and no faster."""
        read = self._engine.recognize_txt([region])
        return Line(read.txts[0], float(read.scores[0]))
