"""A load while it runs, read off the lines of its record: on a terminal as a picture, elsewhere as plain lines.

    lines of the record ─▶ Progress ─┬─▶ screen   a picture, drawn anew at most twice a second
                           Standing ─┘   display  puts it on the terminal, or writes a line every ten seconds

`Progress` knows what happened lately, `Standing` what the objectives say of it all so far, by the code that judges the
whole run. Whatever is shown, following a load never takes more of the machine than `display.LARGEST_SHARE`.
"""

from __future__ import annotations

from slo.live.display import Show, view
from slo.live.progress import Progress

__all__ = ["Progress", "Show", "view"]
