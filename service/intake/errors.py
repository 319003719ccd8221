"""What ends an upload; a line that is no row only is refused."""

from __future__ import annotations


class UploadError(Exception):
    """The upload as a whole cannot be read; the message is a sentence for its sender."""
