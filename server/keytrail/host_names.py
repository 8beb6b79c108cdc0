"""Names and addresses of hosts, as settings have them."""

import re
from ipaddress import ip_address

_NAME = re.compile(r"[a-z0-9_]([a-z0-9_.-]*[a-z0-9_])?", re.IGNORECASE)


def is_host_name(text: str) -> bool:
    """Whether a text is a name such as kms.example.com, without port; underscores are allowed, as Docker has them."""
    return _NAME.fullmatch(text) is not None


def is_address(text: str) -> bool:
    """Whether a text is an IPv4 or IPv6 address, without brackets."""
    try:
        ip_address(text)
    except ValueError:
        return False
    return True
