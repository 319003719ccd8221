"""Bulk analysis of pictures: size, format, EXIF, hashes, quality, colours, near duplicates and thumbnails."""

from __future__ import annotations

from service.workloads.images.workload import WORKLOAD

__all__ = ["WORKLOAD"]
