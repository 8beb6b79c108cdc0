"""Forwarded: what a service that calls KMS on behalf of a caller says of that caller, in place of a signature."""

from typing import NamedTuple

from keytrail.domain.forwarding_service import ForwardingService
from keytrail.domain.principal import Principal


class Forwarded(NamedTuple):
    """The caller, by the principal or by an access key, the Region, and the service."""

    service: ForwardingService
    region: str
    principal: Principal | None = None
    access_key_id: str | None = None
    """Of whom, where there is no principal; None: the root of the default account."""
