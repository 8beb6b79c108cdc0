"""Call: what an operation knows of its request, and the steps that it may take with a key."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from keytrail.authentication.callers import Callers
from keytrail.authorization.authorizer import Authorizer
from keytrail.authorization.request import RequestFacts
from keytrail.domain.arn import KeyIdentifier, read_key_identifier
from keytrail.domain.aws_managed_key import require_allowed
from keytrail.domain.custom_key import NOT_CUSTOM, CustomKey
from keytrail.domain.forwarding_service import ForwardingService
from keytrail.domain.grant import Grant
from keytrail.domain.key import Key, KeyState, Transition
from keytrail.domain.key_spec import KeyUsage
from keytrail.domain.service_event import service_events_of
from keytrail.store import Store, View
from keytrail.store.aws_managed_keys import ensure_aws_managed_key
from keytrail.trail import Event, event_of_service_event

Reply = Mapping[str, object]
"""What an operation returns: values by KMS's member names; bytes as bytes, moments as aware datetimes."""


class Refused(NamedTuple):
    """How KMS refused a call that a service made on behalf of a caller."""

    status: int
    code: str
    message: str | None


class AuthorizationForgotten(Exception):
    """An operation changes something, or returns, before its caller has been authorized: a bug of ours."""


@dataclass(slots=True, kw_only=True)
class Call(RequestFacts):
    """One call of one operation: facts for authorization, what the operation needs, what its event shows."""

    authorizer: Authorizer
    callers: Callers
    forward: Callable[["Call", ForwardingService, str, Mapping[str, object]], Refused | None]
    """Makes a call of KMS, on behalf of this call's caller, by a service; gives None for a success. It may wait."""
    custom: CustomKey = NOT_CUSTOM
    """The id and material that tags have chosen for the key that CreateKey makes."""
    read_only: bool = False
    """Whether the operation changes nothing."""
    states: frozenset[KeyState] = frozenset()
    """The key states in which the operation works."""
    usage: KeyUsage | None = None
    """The key usage that the operation needs."""
    authorized: bool = False
    """Whether authorization has let the caller through, at least once."""
    resources: list[tuple[str, str]] | None = None
    """(account, ARN) of the event's resources; None: those of `keys`, in their order."""
    additional_event_data: dict[str, object] = field(default_factory=dict)
    """CloudTrail's additionalEventData."""
    further_parameters: dict[str, object] = field(default_factory=dict)
    """What CloudTrail shows in requestParameters besides the members that were sent."""
    response_elements: Mapping[str, object] | None = None
    """CloudTrail's responseElements; None: what the operation's `logged_reply` says."""
    further_events: list[Event] = field(default_factory=list)
    """Events that the call causes besides its own: the event in another Region, a rotation that happens at once."""

    @property
    def writable_store(self) -> Store:
        """The store, for the operation to change it.

        Raises AuthorizationForgotten before the caller has been authorized.
        """
        if not self.authorized:
            raise AuthorizationForgotten(self.operation)
        return self.store

    @property
    def view(self) -> View:
        """Where the operation looks things up: a read in the visible state, a write in the newest one."""
        return self.store.visible if self.read_only else self.store.newest

    @property
    def dry_run(self) -> bool:
        """Whether the operation is to check everything and change nothing."""
        return bool(self.members.get("DryRun"))

    def resolve(self, identifier: str, *, aliases: bool, action: str | None = None) -> Key:
        """Find the key that the caller named, and authorize the caller to use it.

        Raises NotFoundException, InvalidArnException or AccessDeniedException as the KMS API Reference says under
        "KeyId" and "Cross-account use". A refusal never shows whether another account's key exists.
        """
        named = read_key_identifier(identifier, self.account, self.region, aliases=aliases)
        own_account = named.account == self.account
        # A service's first use of its own key creates it, too.
        if own_account and named.alias is not None and (self.operation == "DescribeKey" or self.via is not None):
            ensure_aws_managed_key(self.store, named, self.now)
        view = self.view
        key = view.require_named(named) if own_account else view.named(named)
        self.authorize(key, action, named)
        assert key is not None  # another account's key that does not exist is never authorized
        return key

    def authorize(
        self, key: Key | None, action: str | None = None, named: KeyIdentifier | None = None, *, in_event: bool = True
    ) -> None:
        """Raise AccessDeniedException unless the caller may use the key. `in_event`: it is a resource of the event."""
        # Authorization goes by what is visible, even if the operation works with the newest value.
        visible = self.store.visible.key(key.arn) or key if key is not None else None
        self.authorizer.authorize(self, action or f"kms:{self.operation}", visible, named)
        self.authorized = True
        if key is None:
            return
        require_allowed(key, action or f"kms:{self.operation}", self.principal, forwarded=self.via is not None)
        if in_event:
            self.keys.append(key)

    def authorize_on(self, resource: str, action: str | None = None) -> None:
        """Raise AccessDeniedException unless the caller's own policies allow it on an alias (its ARN) or on `*`."""
        self.authorizer.authorize_on(self, action or f"kms:{self.operation}", resource)
        self.authorized = True

    def authorize_retiring(self, grant: Grant, key: Key) -> None:
        """Raise AccessDeniedException unless the caller may retire the grant; its key becomes a resource."""
        self.authorizer.authorize_retiring(self, grant, key)
        self.authorized = True
        self.keys.append(key)

    def authorize_role(self, role_arn: str, action: str) -> None:
        """Raise AccessDeniedException unless the role's trust policy and the caller's own policies allow it."""
        self.authorizer.authorize_role(self, action, role_arn)
        self.authorized = True

    def admit(self, key: Key) -> None:
        """Check the key's usage, then its state, against what the operation needs."""
        if self.usage is not None:
            key.require_usage(self.usage, self.operation)
        key.require_state(self.states)

    def change(self, key: Key, transition: Transition) -> Key:
        """Apply a transition to the newest value of the key, if its state still allows the operation."""
        before = key

        def admitted(newest: Key) -> Key:
            nonlocal before
            newest.require_state(self.states)
            before = newest
            return transition(newest)

        changed = self.writable_store.change(key.arn, admitted)
        happened = service_events_of(before, changed, self.now, is_replicated=self.store.is_replicated(changed))
        self.further_events += map(event_of_service_event, happened)
        return changed
