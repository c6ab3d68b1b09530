"""Which IP addresses belong to the public internet: the guard of a server that fetches what strangers name."""

from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network

_GLOBAL_UNICAST = IPv6Network("2000::/3")
"""The IPv6 addresses that are neither local nor another way to write an IPv4 address."""
_NOT_PUBLIC = tuple(
    map(
        ip_network,
        (
            "192.0.0.0/24",  # protocol assignments, and Oracle's metadata
            "192.88.99.0/24",  # the relay of 6to4
            "168.63.129.16/32",  # what every machine of Azure trusts
            "2001::/23",  # protocol assignments: Teredo, ORCHID
            "2001:db8::/32",  # documentation, as the last line
            "2002::/16",  # 6to4
            "3fff::/20",
        ),
    )
)
"""IANA's special-purpose addresses that some version of Python's `is_global` lets pass, and one of Azure's."""


def is_public(address: str) -> bool:
    """Whether an IP address belongs to the public internet and to nothing else.

    Not public: private, loopback, link-local, carrier-grade NAT, reserved, multicast and unspecified addresses,
    and IPv6 addresses that stand for an IPv4 address (mapped, 6to4, Teredo, NAT64).
    """
    ip: IPv4Address | IPv6Address = ip_address(address)
    if isinstance(ip, IPv6Address) and ip not in _GLOBAL_UNICAST:
        return False
    return ip.is_global and not ip.is_multicast and not any(ip in network for network in _NOT_PUBLIC)
