"""Commands that are known by a line and imported when they run, and refusals as one sentence each."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NoReturn

import rich_click as click

from slo.exits import ExitCode


class Offer(click.RichCommand):
    """A command that lies in ``module``, under ``attribute`` or its name; what is told of it here is ``line``.

    The module says by ``REFUSALS`` which exceptions are sentences for the user.
    """

    def __init__(self, module: str, name: str, line: str, attribute: str = "") -> None:
        super().__init__(name=name, help=line)
        self._module = module
        self._attribute = attribute or name

    def make_context(
        self, info_name: str | None, args: list[str], parent: click.Context | None = None, **extra: Any
    ) -> click.Context:
        """The context of the command itself, which takes over from here."""
        return self.real().make_context(info_name, args, parent, **extra)

    def real(self) -> click.RichCommand:
        """The command; from now on, what its module refuses is a sentence."""
        module = importlib.import_module(self._module)
        FrontDoor.refusals |= set(module.REFUSALS)
        command: click.RichCommand = getattr(module, self._attribute)
        return command


class FrontDoor(click.RichGroup):
    """The group of all commands."""

    refusals: frozenset[type[Exception]] = frozenset()
    """Of the commands that were imported."""

    def invoke(self, ctx: click.Context) -> object:
        """Run the command that was asked for; one that is stopped has judged nothing."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            refuse("stopped", ExitCode.UNJUDGED)
        except Exception as error:
            if isinstance(error, tuple(self.refusals)):
                refuse(_sentence(error))
            raise


def refuse(sentence: object, code: ExitCode = ExitCode.USAGE) -> NoReturn:
    """End the command with a sentence."""
    click.echo(f"loadstone: {sentence}", err=True)
    sys.exit(code)


@contextmanager
def refusing(*kinds: type[Exception], code: ExitCode = ExitCode.USAGE) -> Iterator[None]:
    """Turn errors of ``kinds`` into one sentence and an exit code."""
    try:
        yield
    except kinds as error:
        refuse(_sentence(error), code)


def _sentence(error: Exception) -> object:
    """``error`` in words; the system's own ones name the file first."""
    if isinstance(error, OSError) and error.filename and error.strerror:
        return f"{error.filename}: {error.strerror}"
    return error
