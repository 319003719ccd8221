"""The workloads this build serves: one package and one line here for each."""

from __future__ import annotations

from service.core.workload import AnyWorkload
from service.workloads.comments import WORKLOAD as comments
from service.workloads.images import WORKLOAD as images
from service.workloads.products import WORKLOAD as products
from service.workloads.recipes import WORKLOAD as recipes

WORKLOADS: tuple[AnyWorkload, ...] = (comments, images, products, recipes)
