"""The service: one heart (`core`), independent arms, one hand that wires (`app`)."""

from __future__ import annotations

import os

# Lanes have threads of their own. Those of NumPy's BLAS wait for one another by spinning: on two busy cores they make a
# product of small matrices forty times as slow. It looks when NumPy is imported, which is later than this.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
