"""Objectives, budgets, indicators, statistics, verdicts and reports: the room that judges."""
