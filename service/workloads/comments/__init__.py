"""Sentiment, themes, emotion and language of short Spanish customer comments."""

from __future__ import annotations

from service.workloads.comments.workload import WORKLOAD

__all__ = ["WORKLOAD"]
