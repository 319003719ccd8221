"""The statistics of the evidence: every formula with its source, and what it was seen to hold."""

from __future__ import annotations

from slo.stats.differences import difference, growth
from slo.stats.quantiles import median, quantile_interval
from slo.stats.ratios import mean_ratio
from slo.stats.shares import (
    block_length,
    blocks,
    clopper_pearson,
    deciding_events,
    design_effect,
    effective_sample,
    ratio_interval,
)
from slo.stats.values import Estimate, Interval, Sample

__all__ = [
    "Estimate",
    "Interval",
    "Sample",
    "block_length",
    "blocks",
    "clopper_pearson",
    "deciding_events",
    "design_effect",
    "difference",
    "effective_sample",
    "growth",
    "mean_ratio",
    "median",
    "quantile_interval",
    "ratio_interval",
]
