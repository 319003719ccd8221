"""What an origin says to one request, and what that means."""

from __future__ import annotations

from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Final, NamedTuple

_GOOD: Final = frozenset({200, 203})
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_PAUSES: Final = frozenset({429, 503})


class Answer(NamedTuple):
    """A status, what matters of the headers, and the content of a good answer."""

    status: int
    content: bytes = b""
    media_type: str = ""
    location: str = ""
    retry_after: str = ""

    @property
    def is_redirect(self) -> bool:
        """What is asked for is elsewhere."""
        return self.status in _REDIRECTS

    @property
    def is_good(self) -> bool:
        """It has what is asked for."""
        return is_good(self.status)

    def pause(self, now: datetime) -> float:
        """Seconds for which the origin asks to be left alone; 0 when it does not, or not so that it is understood."""
        if self.status not in _PAUSES:
            return 0.0
        if self.retry_after.isascii() and self.retry_after.isdecimal():
            return float(self.retry_after[:9])
        try:
            return max(0.0, parsedate_to_datetime(self.retry_after).timestamp() - now.timestamp())
        except ValueError:
            return 0.0


def is_good(status: int) -> bool:
    """Whether what is asked for comes with this status."""
    return status in _GOOD
