"""EfficientNet-Lite0 as it is run: pixels to vectors, by onnxruntime on the thread that asks.

The file is generated (``python -m service.workloads.products.recipe``). With weights of one byte it has 4.2 MB, little
enough to be kept in the repository, so that nothing is built or looked for when the service starts.
"""

from __future__ import annotations

import threading
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from collections.abc import Callable

    from service.pictures.pixels import Pixels

NETWORK: Final = Path(__file__).with_name("network.onnx")
LENGTH: Final = 512
"""Of a vector."""
STEP: Final = 32
"""Sides of a picture are a multiple of it."""

Floats = NDArray[np.float32]

_LOADING = threading.Lock()


@lru_cache(maxsize=1)
def _session() -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.enable_mem_pattern = False
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return onnxruntime.InferenceSession(NETWORK.read_bytes(), options, providers=["CPUExecutionProvider"])


def _run() -> Callable[..., Any]:
    with _LOADING:
        run: Callable[..., Any] = _session().run
        return run


def seen(pictures: Pixels) -> Floats:
    """``pictures`` (n, rows, columns, 3), BGR, as vectors (n, `LENGTH`), not quite of unit length."""
    (vectors,) = _run()(None, {"pixels": pictures})
    found: Floats = vectors
    return found
