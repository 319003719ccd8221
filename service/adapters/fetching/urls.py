"""URLs, read so strictly that nobody can read them in another way than is done here.

What is sent is put together anew from the parts that were checked. Hosts are names or addresses in their usual form:
what libraries take for an address in decimal, octal or hexadecimal digits, or short of some, is refused.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address
from typing import Final, NamedTuple
from urllib.parse import quote, urljoin

from service.adapters.fetching import failures
from service.adapters.fetching.addresses import is_public
from service.core.errors import AnalysisError

LONGEST_URL = 2048
PORTS: Final = frozenset({80, 443})

_NOT_IN_URLS: Final = r"\\\s\x00-\x20\x7f-\x9f\ud800-\udfff"
_URL: Final = re.compile(
    rf"(https?)://(\[[0-9a-f:.]+\]|[^/?#@:%\[\]{_NOT_IN_URLS}]+)(?::([0-9]{{1,5}}))?([/?][^#{_NOT_IN_URLS}]*)?"
    rf"(?:#[^{_NOT_IN_URLS}]*)?",
    re.IGNORECASE,
)
_NAME: Final = re.compile(r"(?:[a-z0-9_-]{1,63}\.)*[a-z0-9_-]{1,63}")
_NUMBER_AT_THE_END: Final = re.compile(r"(?:.*\.)?(?:[0-9]+|0x[0-9a-f]*)")
_DEFAULT_PORTS: Final = {"http": 80, "https": 443}
_PLAIN: Final = re.compile(r"[!$%&'()*+,\-./0-9:;=?@A-Z_a-z~\[\]]*")
_PLAIN_MARKS: Final = "!$%&'()*+,/:;=?@~[]"


class Target(NamedTuple):
    """What is fetched: the checked parts of a URL."""

    scheme: str
    host: str
    """In lower case and ASCII; an IPv6 address stands in brackets."""
    port: int
    path: str
    """With the query, and nothing in it that would have to be quoted."""
    is_allowed: bool
    """The origin is on the list of those that need not be public."""

    @property
    def origin(self) -> str:
        """Who answers: ``host:port``."""
        return f"{self.host}:{self.port}"

    @property
    def url(self) -> str:
        """All of it; its port only where it is not that of the scheme."""
        port = "" if self.port == _DEFAULT_PORTS[self.scheme] else f":{self.port}"
        return f"{self.scheme}://{self.host}{port}{self.path}"


@dataclass(frozen=True, slots=True)
class Rules:
    """What may be fetched. ``allowed`` are origins (``host:port``) that need not be public, at any port."""

    allowed: frozenset[str] = frozenset()
    ports: frozenset[int] = PORTS
    is_public: Callable[[str], bool] = is_public

    def target(self, url: str) -> Target:
        """What ``url`` names; AnalysisError, ``invalid`` or ``address-refused``, where that may not be fetched."""
        if len(url) > LONGEST_URL:
            raise failures.invalid(f"the URL has {len(url):,} characters; at most {LONGEST_URL:,} are read")
        return self._target(url)

    def redirected(self, target: Target, location: str) -> Target:
        """Where ``location``, which came in the answer of ``target``, leads; AnalysisError where it may not."""
        if not location.strip():
            raise failures.redirected("a redirect does not say where it leads")
        try:
            followed = self._target(urljoin(target.url, location.strip().replace(" ", "%20")))
        except ValueError:
            raise failures.redirected("a redirect leads to no URL") from None
        except AnalysisError as error:
            if error.kind == failures.INVALID:
                raise failures.redirected(f"a redirect leads astray: {error.reason}") from None
            raise
        if target.scheme == "https" and followed.scheme == "http":
            raise failures.redirected("a redirect leads from https to http")
        return followed

    def _target(self, url: str) -> Target:
        match = _URL.fullmatch(url)
        if match is None:
            raise failures.invalid(_complaint(url))
        written_scheme, written_host, port_text, path = match.groups("")
        scheme = written_scheme.lower()
        host, address = _host(written_host)
        if host is None:
            raise failures.invalid("the host of the URL is no name and no address in its usual form")
        port = int(port_text) if port_text else _DEFAULT_PORTS[scheme]
        is_allowed = bool(self.allowed) and f"{host}:{port}" in self.allowed
        if not is_allowed:
            if port not in self.ports:
                known = " and ".join(map(str, sorted(self.ports)))
                raise failures.invalid(f"the URL names the port {port}; only {known} are asked")
            if address and not self.is_public(address):
                raise failures.address_refused()
        return Target(scheme, host, port, _path(path), is_allowed)


@lru_cache(4096)
def _host(text: str) -> tuple[str | None, str]:
    """The host as it is asked for, None for one that is none; and the address, empty where it is a name."""
    host = text.lower()
    if host[0] == "[":
        return _bracketed(host)
    if not host.isascii():
        host = _ascii(host)
    host = host.removesuffix(".")
    if _NUMBER_AT_THE_END.fullmatch(host):
        try:
            return host, str(IPv4Address(host))
        except ValueError:
            return None, ""
    return (host, "") if len(host) <= 253 and _NAME.fullmatch(host) else (None, "")


def _bracketed(host: str) -> tuple[str | None, str]:
    try:
        address = str(IPv6Address(host[1:-1]))
    except ValueError:
        return None, ""
    return f"[{address}]", address


def _ascii(host: str) -> str:
    """An international name as it stands in the DNS; empty for one that cannot."""
    from yarl import URL  # is there with the client that fetches, and is not loaded before

    try:
        return (URL.build(scheme="http", host=host).raw_host or "").lower()
    except ValueError:
        return ""


def _path(text: str) -> str:
    path = text if text.startswith("/") else f"/{text}"
    return path if _PLAIN.fullmatch(path) else quote(path, safe=_PLAIN_MARKS)


def _complaint(url: str) -> str:
    scheme, separator, rest = url.partition("://")
    if not separator or scheme.lower() not in _DEFAULT_PORTS:
        return "this is no URL that begins with http:// or https://"
    if re.search(rf"[{_NOT_IN_URLS}]", url):
        return "the URL has a space, a backslash or a control character in it"
    if "@" in re.split("[/?#]", rest, maxsplit=1)[0]:
        return "the URL has a user name or password in it"
    return "the URL has no sound host and port"
