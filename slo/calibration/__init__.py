"""What the gate knows of itself: how often it cries wolf, and how often it finds a change of a given size.

gates between equal builds ──┐                    ┌─▶ false alarms
gates with a planted change ─┴─▶ resampled gates ─┴─▶ detection power ──▶ kept, and told beside every verdict
"""

from __future__ import annotations

from slo.calibration.knowledge import CalibrationFileError, check, known, spreads

__all__ = ["CalibrationFileError", "check", "known", "spreads"]
