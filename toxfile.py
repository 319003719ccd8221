"""One virtual environment for every act of ``tox.ini``, so that the second command installs nothing again.

tox rebuilds an environment folder when another act used it last, because it compares their names.
Here the acts compare as one; what is installed still decides whether the folder is rebuilt.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tox.plugin import impl
from tox.tox_env.api import ToxEnv
from tox.tox_env.info import Info
from tox.tox_env.python.virtual_env.runner import VirtualEnvRunner
from tox.tox_env.register import ToxEnvRegister


class SharedInfo(Info):
    """What tox remembers of the folder, without the name of the act that used it."""

    @contextmanager
    def compare(self, value: Any, section: str, sub_section: str | None = None) -> Iterator[tuple[bool, Any | None]]:
        """Compare as tox does, all acts under one name."""
        if section == ToxEnv.__name__ and isinstance(value, dict):
            value = {**value, "name": "shared"}
        with super().compare(value, section, sub_section) as outcome:
            yield outcome


class SharedEnvironment(VirtualEnvRunner):
    """A virtual environment that several acts share."""

    @staticmethod
    def id() -> str:
        """The name by which ``tox.ini`` asks for it: ``runner = shared``."""
        return "shared"

    @property
    def cache(self) -> Info:
        """The memory of the folder."""
        return SharedInfo(self.env_dir)


@impl
def tox_register_tox_env(register: ToxEnvRegister) -> None:
    """Make the runner known."""
    register.add_run_env(SharedEnvironment)
