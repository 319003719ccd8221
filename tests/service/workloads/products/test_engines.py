"""The engines get along with one another in one process, whichever is needed first."""

from __future__ import annotations

import subprocess
import sys

import pytest

FIRST_USES = {
    "pictures": "pictures.vectors([picture('tiny', 1).content])",
    "texts": "engine.queries(['mesa'])",
    "searches": "index.search(Query(text=np.eye(1, engine.LENGTH, dtype=np.float32)[0]))",
}
ORDERS = [(first, *(name for name in FIRST_USES if name != first)) for first in FIRST_USES]
SETTING = """
import numpy as np
from loadtests._payloads._pictures import picture
from service.sentences import engine
from service.workloads.products import pictures
from service.workloads.products.index import Entry, Index, Query
index = Index()
index.add([Entry("a", None, np.eye(1, engine.LENGTH, dtype=np.float32)[0])])
"""


@pytest.mark.parametrize("order", ORDERS, ids=" ".join)
def test_no_order_of_first_uses_ends_the_process(order: tuple[str, ...]) -> None:
    program = "\n".join([SETTING, *(FIRST_USES[name] for name in order)])
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, check=False, timeout=60)
    assert (ended.returncode, ended.stderr) == (0, b"")
