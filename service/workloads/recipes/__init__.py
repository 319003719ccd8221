"""Photos and scans of recipes: ingredients with amounts and units, servings and steps."""

from __future__ import annotations

from service.workloads.recipes.workload import WORKLOAD

__all__ = ["WORKLOAD"]
