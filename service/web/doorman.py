"""Who may pass: the key, the role and the rate of a request, checked before anything else is done for it.

A key that was seen lately and has tokens left passes without waiting for anybody; that is nearly every request.
"""

from __future__ import annotations

from service.core.identity import ANONYMOUS, Role
from service.core.keyring import Keyring, token_in
from service.core.rate import RateLimiter
from service.web.exchange import Exchange


class Doorman:
    """Checks requests; without a ``keyring`` everybody is `ANONYMOUS`."""

    __slots__ = ("_keyring", "_rates")

    def __init__(self, keyring: Keyring | None, rates: RateLimiter) -> None:
        self._keyring = keyring
        self._rates = rates

    def passes(self, exchange: Exchange, role: Role) -> bool:
        """Let through who is known and has tokens left; False for whom `examine` must look at.

        ForbiddenError for whose role does not allow it.
        """
        keyring = self._keyring
        identity = ANONYMOUS if keyring is None else keyring.known(token_in(exchange.headers))
        if identity is None:
            return False
        exchange.identity = identity
        if identity.role < role:
            identity.require(role)
        if not self._rates.take(identity):
            return False
        if identity.rate is not None:
            exchange.added += self._rates.headers(identity)
        return True

    async def examine(self, exchange: Exchange, role: Role) -> None:
        """Let through after a closer look.

        UnauthenticatedError, ForbiddenError or RateLimitedError when not; DependencyError when that cannot be known.
        """
        identity = ANONYMOUS
        if self._keyring is not None:
            identity = await self._keyring.identify(token_in(exchange.headers))
        exchange.identity = identity
        identity.require(role)
        try:
            await self._rates.lease(identity)
        finally:
            exchange.added += self._rates.headers(identity)

    async def check(self, exchange: Exchange, role: Role) -> None:
        """`passes`, or else `examine`."""
        if not self.passes(exchange, role):
            await self.examine(exchange, role)
