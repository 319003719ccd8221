"""``python -m loadstone``."""

from __future__ import annotations

from loadstone import main

if __name__ == "__main__":
    main()
