"""Who asks: the tenant whose data it is about, and the role that says what may be done."""

from __future__ import annotations

import re
from enum import IntEnum
from typing import Final

from service.core.bucket import Rate
from service.core.call import PUBLIC_TENANT
from service.core.errors import ForbiddenError

_TENANT = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")


class Role(IntEnum):
    """What a key may be used for. Each role includes those before it.

    =====  ===============================================================
    role   may
    =====  ===============================================================
    read   see the jobs of its tenant and their answers
    write  have something analysed, at once or as a job
    admin  look into the cache of the service, invalidate it and warm it
    =====  ===============================================================

    Analysing needs ``write`` though it changes nothing: a key that only shows answers somewhere, in a dashboard, cannot
    be used to spend the tenant's rate. What tells of the service alone (``/health``, ``/metrics``, ``/docs``) needs no
    key: it names no tenant, and must be readable when the database that knows the keys is away.
    """

    READ = 1
    WRITE = 2
    ADMIN = 3

    @property
    def word(self) -> str:
        """As it is written: ``read``, ``write``, ``admin``."""
        return self.name.lower()


ROLES: Final = {role.word: role for role in Role}
"""The roles by their words."""


class Identity:
    """Somebody whose key was checked. ``rate`` is None for who may ask as often as they like."""

    __slots__ = ("key_id", "rate", "role", "tenant")

    def __init__(self, key_id: str, tenant: str, role: Role, rate: Rate | None = None) -> None:
        self.key_id = key_id
        """The public part of the key."""
        self.tenant = tenant
        self.role = role
        self.rate = rate

    def require(self, role: Role) -> None:
        """ForbiddenError unless this identity may do what needs ``role``."""
        if self.role < role:
            raise ForbiddenError(self.role.word, role.word)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Identity) and self._facts() == other._facts()

    def __hash__(self) -> int:
        return hash(self.key_id)

    def __repr__(self) -> str:
        return f"Identity({self.key_id}, tenant={self.tenant}, role={self.role.word})"

    def _facts(self) -> tuple[str, str, Role, Rate | None]:
        return self.key_id, self.tenant, self.role, self.rate


ANONYMOUS: Final = Identity("anonymous", PUBLIC_TENANT, Role.ADMIN)
"""Everybody, where no keys are asked for."""


def is_tenant_name(text: str) -> bool:
    """Whether a tenant may be called so: a letter or digit, then up to 63 more or any of ``_ . -``."""
    return _TENANT.fullmatch(text) is not None
