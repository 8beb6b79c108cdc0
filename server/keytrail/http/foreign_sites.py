"""Refusing what pages of other sites send to the control API: any page in a browser on this machine could reach it.

A page can point its own name to this machine (DNS rebinding): then it speaks to its own origin, and may read the
answers, but the Host header has its name. A page can also send a form across sites: then the Origin header has its
own. Sources: RFC 6454 (Origin); RFC 6761, RFC 6762 and ICANN's resolution of 2024 on `.internal` (names that no public
DNS has).
"""

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from keytrail.host_names import is_address
from keytrail.settings import Settings

_HOST = re.compile(r"(?P<name>\[[0-9a-fA-F:.]+\]|[\w.-]+)(?::[0-9]*)?")
_PRIVATE = ("localhost", "internal", "local", "test")
"""Top-level domains that no public DNS has."""
_SHOWN = 100
"""Characters of a header that a message shows."""


def why_foreign(environ: Mapping[str, Any], settings: Settings) -> str | None:
    """Why a request may be the work of another site's page, and what to do if it is not; None for all others.

    Clients other than browsers send no Origin. Under an address, `localhost`, a name without dots, and a name below a
    private top-level domain nobody but the owner of this network can put a page.
    """
    host, origin = environ.get("HTTP_HOST", ""), environ.get("HTTP_ORIGIN", "")
    if host and not _is_own(_name_of(host), settings):
        return (
            f"This is not answered under the name {host[:_SHOWN]!r}, which a page of another site could have. Use the "
            "server's address, localhost or a name without dots; if the name is yours, start the server with "
            "KEYTRAIL_CONTROL_HOSTS and the name."
        )
    if origin and not _is_same(origin, host, environ.get("wsgi.url_scheme", "http"), settings):
        return (
            f"This is not answered to a page of {origin[:_SHOWN]!r}, but only to the server's own. If the page is "
            "yours, start the server with KEYTRAIL_CONTROL_HOSTS and the name of its host."
        )
    return None


def _name_of(host: str) -> str:
    """The name or address in a Host header, in lower case and without its port; empty if there is none."""
    found = _HOST.fullmatch(host)
    return found["name"].lower().removesuffix(".") if found is not None else ""


def _is_own(name: str, settings: Settings) -> bool:
    if not name:
        return False
    if name == settings.host.lower() or _is_configured(name, settings):
        return True
    if "." not in name and "[" not in name:
        return True
    return name.rpartition(".")[2] in _PRIVATE or is_address(name.removeprefix("[").removesuffix("]"))


def _is_configured(name: str, settings: Settings) -> bool:
    return any(name == configured.lower() for configured in settings.control_hosts)


def _is_same(origin: str, host: str, scheme: str, settings: Settings) -> bool:
    """Whether an origin is the server's own, or of a host that is configured.

    A proxy may speak HTTPS for us, so the page of what came by HTTP can be of either scheme. That of what came by HTTPS
    cannot be one of HTTP: that is another server, on another port if both are left out.
    """
    try:
        place = urlsplit(origin)
    except ValueError:
        return False
    if not place.netloc:  # `null`, which a sandboxed frame sends
        return False
    own = place.netloc.lower() == host.lower() and (scheme, place.scheme) != ("https", "http")
    return own or _is_configured(_name_of(place.netloc), settings)
