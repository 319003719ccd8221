"""What a page says: from text in boxes to title, servings, ingredients and steps."""

from __future__ import annotations

from service.workloads.recipes.understanding.recipe import understood

__all__ = ["understood"]
