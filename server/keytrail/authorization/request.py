"""RequestFacts: what authorization has to know of a request, be it a call of an operation or one of `explain`."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from keytrail.crypto.attestation import Attestation
from keytrail.domain.forwarding_service import ForwardingService
from keytrail.domain.key import Key
from keytrail.domain.principal import Principal
from keytrail.settings import Settings
from keytrail.store import Store
from keytrail.trail import Trail


@dataclass(slots=True, kw_only=True)
class RequestFacts:
    """Who calls which operation, when, from where and with which members. `now` is the request's only time."""

    operation: str
    principal: Principal
    region: str
    now: datetime
    request_id: str
    store: Store
    trail: Trail
    settings: Settings
    source_ip: str = ""
    user_agent: str = ""
    source_arn: str | None = None
    """The ARN of the resource on whose behalf an AWS service calls; None for other callers."""
    source_account: str | None = None
    """The account of that resource."""
    via: ForwardingService | None = None
    """The AWS service that makes the request on behalf of the caller; None for the caller's own requests."""
    defaults: Mapping[str, object] = field(default_factory=dict)
    """The operation's defaults, by member."""
    cross_account: bool = False
    """Whether the operation works on other accounts' keys."""
    members: Mapping[str, object] = field(default_factory=dict)
    """The request's members, as they were sent."""
    attestation: Attestation | None = None
    """The content of the attestation document in the request's Recipient; None without one."""
    keys: list[Key] = field(default_factory=list)
    """The keys that the caller has been allowed to use so far: the resources of the request's event."""

    @property
    def account(self) -> str:
        """The caller's account."""
        return self.principal.account
