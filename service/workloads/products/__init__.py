"""Products: a tenant's catalogue, found by text and by picture."""

from __future__ import annotations

from service.workloads.products.workload import WORKLOAD

__all__ = ["WORKLOAD"]
