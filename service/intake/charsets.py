"""Uploads say in which charset they are; what they say is held to what is read."""

from __future__ import annotations

from typing import Final

from python_multipart.multipart import parse_options_header

from service.intake.errors import UploadError

_READ: Final = frozenset({"utf-8", "utf8", "us-ascii", "ascii"})
"""ASCII is UTF-8, too."""


def require_utf8(content_type: bytes) -> None:
    """UploadError when ``content_type``, a header's value, names another charset; none named is UTF-8."""
    _, parameters = parse_options_header(content_type)
    named = parameters.get(b"charset", b"utf-8").decode("latin-1").strip().lower()
    if named not in _READ:
        raise UploadError(
            f"The upload says that it is in {named[:40]!r}; only UTF-8 is read. Convert it, and send it so."
        )
