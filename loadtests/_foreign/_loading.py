"""How Locust loads somebody's file: what is wrong with it is said in a sentence, and its shapes are left out."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any, NoReturn

from locust import main

_BAD_INPUT = 2


def say(sentence: str) -> None:
    """Tell people."""
    sys.stderr.write(f"loadstone: {sentence}\n")
    sys.stderr.flush()


def refuse(sentence: str) -> NoReturn:
    """End the process, which cannot do what it was asked for."""
    say(sentence)
    sys.exit(_BAD_INPUT)


def watch() -> None:
    """Look at every Locust file that is loaded from here on."""
    locust_main: Any = main
    load = locust_main.load_locustfile

    def loaded(path: str) -> tuple[dict[str, Any], list[Any]]:
        name = Path(path).name
        try:
            users, shapes = load(path)
        except Exception as error:
            refuse(f"{name} cannot be loaded: {_told(error)}")
        except SystemExit as error:
            refuse(f"{name} ended Locust while it was loaded, with {error.code!r}")
        if not users:
            refuse(f"{name} has no user class: a subclass of HttpUser or FastHttpUser that is not abstract")
        if shapes:
            names = ", ".join(type(shape).__name__ for shape in shapes)
            say(f"{names} of {name} is left out, as the duel decides how long it takes and how many users there are")
        return users, []

    locust_main.load_locustfile = loaded


def _told(error: Exception) -> str:
    if isinstance(error, SyntaxError):
        return f"line {error.lineno}: {error.msg}"
    return f"{type(error).__name__}: {error}".splitlines()[0]
