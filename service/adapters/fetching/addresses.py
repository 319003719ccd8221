"""Which addresses are public. What is not said to be is not.

IPv4 is public but for the networks of IANA's special-purpose registry (RFC 6890) that are not global, the anycast
prefix of 6to4, and one address at which a cloud answers its guests. IPv6 is public in 2000::/3, which is all that is
assigned so far, but for what carries another address inside (6to4, Teredo, ISATAP) or serves documentation and
protocols. NAT64, IPv4-mapped, unique local, link-local and multicast addresses lie outside of it.
"""

from __future__ import annotations

from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Final

_NOT_PUBLIC_V4: Final = tuple(
    map(
        IPv4Network,
        (
            "0.0.0.0/8",  # this network
            "10.0.0.0/8",
            "100.64.0.0/10",  # behind a carrier's NAT; at 100.100.100.200 a cloud's metadata
            "127.0.0.0/8",
            "168.63.129.16/32",  # a cloud's services for its guests
            "169.254.0.0/16",  # link-local; at 169.254.169.254 the metadata of most clouds
            "172.16.0.0/12",
            "192.0.0.0/24",  # protocols
            "192.0.2.0/24",  # documentation
            "192.88.99.0/24",  # relays of 6to4
            "192.168.0.0/16",
            "198.18.0.0/15",  # benchmarks
            "198.51.100.0/24",  # documentation
            "203.0.113.0/24",  # documentation
            "224.0.0.0/4",  # multicast
            "240.0.0.0/4",  # reserved, and broadcast
        ),
    )
)
_PUBLIC_V6: Final = IPv6Network("2000::/3")
_NOT_PUBLIC_V6: Final = tuple(
    map(
        IPv6Network,
        (
            "2001::/23",  # protocols, Teredo among them
            "2001:db8::/32",  # documentation
            "2002::/16",  # 6to4
            "3fff::/20",  # documentation
        ),
    )
)
_ISATAP: Final = 0x5EFE
_ISATAP_GLOBAL_BIT: Final = 0x0200_0000
"""Set in the identifier where the IPv4 address inside is said to be unique."""


@lru_cache(4096)
def is_public(address: str) -> bool:
    """Whether anybody's server may be at ``address``; False for what is no address in its usual form."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return False
    if isinstance(parsed, IPv4Address):
        return not any(parsed in network for network in _NOT_PUBLIC_V4)
    return parsed.scope_id is None and parsed in _PUBLIC_V6 and not _carries_another(parsed)


def _carries_another(address: IPv6Address) -> bool:
    identifier = int(address) >> 32 & 0xFFFF_FFFF
    return identifier & ~_ISATAP_GLOBAL_BIT == _ISATAP or any(address in network for network in _NOT_PUBLIC_V6)
