"""The workloads this build serves: one package and one line here for each."""

from __future__ import annotations

from service.core.workload import AnyWorkload
from service.workloads.comments import WORKLOAD as comments
from service.workloads.images import WORKLOAD as images

WORKLOADS: tuple[AnyWorkload, ...] = (comments, images)
