"""Keytrail: a local AWS KMS endpoint for integration tests that knows when each key was last used."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from keytrail.client import KeytrailClient
    from keytrail.server import KeytrailServer

__all__ = ["KeytrailClient", "KeytrailServer"]


def __getattr__(name: str) -> object:
    """Import a class when it is first asked for: `import keytrail.values` needs neither."""
    homes = {"KeytrailClient": "keytrail.client", "KeytrailServer": "keytrail.server"}
    if name not in homes:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    found: object = getattr(import_module(homes[name]), name)
    return found


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
