"""A web server with pictures, for services that are told where pictures are: ``python -m loadtests._origin``.

Whoever sends such requests starts it on their own machine (`_keeping`), so that no load ever goes to somebody else's.
A service fetches from it only when it is allowed to: ``LOADSTONE_FETCH_ALLOW=127.0.0.1:8899``.
"""

from __future__ import annotations

from loadtests._payloads._pictures import Size

HOST, PORT = "127.0.0.1", 8899
PLACE = f"{HOST}:{PORT}"
"""What a service must be allowed to fetch from."""
ORIGIN = f"http://{PLACE}"


def path_of(size: Size, number: int) -> str:
    """Where the picture of that number is, below `ORIGIN`."""
    return f"/{size}/{number}.jpg"
