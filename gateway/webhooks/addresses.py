"""Which addresses webhooks may reach: public unicast ones, and what the operator allowed."""

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_network

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

REFUSED: dict[str, tuple[str, ...]] = {
    "unspecified": ("0.0.0.0/8", "::/128"),
    "loopback": ("127.0.0.0/8", "::1/128"),
    "private": ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7", "fec0::/10"),
    "link-local": ("169.254.0.0/16", "fe80::/10"),
    "shared (carrier-grade NAT)": ("100.64.0.0/10",),
    "multicast": ("224.0.0.0/4", "ff00::/8"),
    "IPv4 inside IPv6": ("::ffff:0:0/96", "::/96", "::ffff:0:0:0/96"),
    "translated (NAT64)": ("64:ff9b::/96", "64:ff9b:1::/48"),
    "tunnelled (6to4, Teredo)": ("2002::/16", "2001::/32", "192.88.99.0/24"),
    "reserved": (
        "192.0.0.0/24",
        "192.0.2.0/24",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "240.0.0.0/4",
        "100::/64",
        "2001::/23",
        "2001:db8::/32",
        "3fff::/20",
        "5f00::/16",
    ),
}
"""The IANA special-purpose registries (RFC 6890 and successors), and ranges that hide an IPv4 address.

A hidden address is refused whatever it is: no receiver needs to be reached that way.
"""

_RANGES = tuple((ip_network(text), kind) for kind, texts in REFUSED.items() for text in texts)
_PUBLIC_V6 = IPv6Network("2000::/3")
_ISATAP = (0x0000_5EFE, 0x0200_5EFE)
"""Upper half of an interface identifier that holds an IPv4 address (RFC 5214, section 6.1)."""


def reason_to_refuse(address: Address, *, allowed: Sequence[Network] = ()) -> str | None:
    """Return what kind of address this is, if nothing may be sent there; null if it may.

    Args:
        address: where a connection would go.
        allowed: networks of the operator's own, which may be reached whatever they are.
    """
    if any(address.version == network.version and address in network for network in allowed):
        return None
    for network, kind in _RANGES:
        if address.version == network.version and address in network:
            return kind
    if isinstance(address, IPv6Address) and _is_odd(address):
        return "reserved"
    return None if address.is_global else "reserved"


def _is_odd(address: IPv6Address) -> bool:
    """Tell whether an address is outside the public range, has a zone, or has an IPv4 address as its
    interface.
    """
    upper_half = int(address) >> 32 & 0xFFFF_FFFF
    return address not in _PUBLIC_V6 or address.scope_id is not None or upper_half in _ISATAP
