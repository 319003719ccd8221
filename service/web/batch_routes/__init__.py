"""The routes of batches: sending one, watching it, steering it, and getting what came of it."""

from __future__ import annotations

from service.web.batch_routes.desk import BatchDesk
from service.web.batch_routes.routes import BATCH_ROUTES, batch_routes

__all__ = ["BATCH_ROUTES", "BatchDesk", "batch_routes"]
