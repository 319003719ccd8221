"""Fetching what callers name by URL: from public addresses only, within bounds, and no faster than origins like."""
