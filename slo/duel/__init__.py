"""Base against head: both run side by side, and every difference is judged with known error rates.

launches of both services ─▶ run records ─▶ `samples` ─▶ `verdict` ─▶ `model.Duel` ─▶ slo.reports.duel
                                                counts of both trees ─▶ `culprits` ─┘
"""
