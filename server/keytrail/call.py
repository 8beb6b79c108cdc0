"""Call: what an operation knows of its request, and the steps that it may take with a key."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from keytrail.domain.arn import KeyIdentifier, read_key_identifier
from keytrail.domain.aws_managed_key import require_allowed
from keytrail.domain.credential import Credential
from keytrail.domain.grant import Grant
from keytrail.domain.key import Key, KeyState, Transition
from keytrail.domain.key_spec import KeyUsage
from keytrail.domain.principal import Principal
from keytrail.domain.service_event import of_change
from keytrail.settings import Settings
from keytrail.store import DelayedView, Store
from keytrail.store.aws_managed_keys import bring_into_being
from keytrail.trail import Event, Trail, event_of_service_event

Reply = Mapping[str, object]
"""An answer: KMS's member names, bytes as bytes, moments as aware datetimes; absent members left out."""


@dataclass(frozen=True, slots=True)
class Later:
    """What an operation gives in place of its reply when the rest of it is slow (an RSA signature).

    `work` gives the reply or raises, as the operation would. It runs in a thread: not on the event loop, under no lock.
    """

    work: Callable[[], Reply]


class Authorizer(Protocol):
    """Who decides whether a caller may."""

    def authorize(self, call: "Call", action: str, key: Key | None, named: KeyIdentifier | None) -> None:
        """Raise AccessDeniedException unless the caller may do the action on the key.

        `key` is None where there is none; `named` is None for a key that only a ciphertext names.
        """

    def authorize_on(self, call: "Call", action: str, resource: str) -> None:
        """Raise AccessDeniedException unless the caller's own policies let it do the action on an alias or on `*`."""

    def authorize_retiring(self, call: "Call", grant: Grant, key: Key) -> None:
        """Raise AccessDeniedException unless it is for the caller to retire the grant."""

    def check_key_policy(self, call: "Call", document: str, key: Key | None, *, bypass_lockout: bool) -> None:
        """Raise MalformedPolicyDocumentException for a document that KMS would not take.

        `key` is the key that it is for; None for one that is still to be made.
        """


class TokenService(Protocol):
    """Who knows of access keys, roles and policies what STS must know."""

    def require_trust(self, call: "Call", action: str, role_arn: str) -> None:
        """Raise AccessDeniedException unless the role's trust policy lets the caller do the action."""

    def longest_session(self, role_arn: str) -> int:
        """For how many seconds a role may be assumed at most."""

    def issue(self, principal: Principal, expiration: datetime, token_size: int) -> Credential:
        """Fresh temporary credentials; the token has at least so many characters."""

    def account_of(self, access_key_id: str) -> str:
        """The account of an access key; raises UnrecognizedClientException for one that nobody has."""

    def session_policy(self, document: str) -> str:
        """The document, once it is a policy for a session; raises MalformedPolicyDocumentException."""

    def managed_policy(self, role_arn: str, arn: str) -> str:
        """The text of a managed policy that a role may have; raises ValidationException for one not known."""


@dataclass(slots=True, kw_only=True)
class Call:
    """One call of one operation. `now` is the call's only time."""

    operation: str
    principal: Principal
    region: str
    now: datetime
    request_id: str
    store: Store
    trail: Trail
    settings: Settings
    authorizer: Authorizer
    tokens: TokenService
    source_ip: str = ""
    user_agent: str = ""
    source_arn: str | None = None
    """The resource for which a service of AWS calls."""
    source_account: str | None = None
    defaults: Mapping[str, object] = field(default_factory=dict)
    """What the members that are not sent stand for."""
    cross_account: bool = False
    """Whether the operation works on other accounts' keys."""
    read_only: bool = False
    """Whether the operation changes nothing; asked for only where changes show late."""
    states: frozenset[KeyState] = frozenset()
    """The key states in which the operation works."""
    usage: KeyUsage | None = None
    """The key usage that the operation needs."""
    members: Mapping[str, object] = field(default_factory=dict)
    """The request as it came, for the trail."""
    used: list[Key] = field(default_factory=list)
    """The keys that were resolved and authorized, in the order of the event's resources."""
    resources: list[tuple[str, str]] | None = None
    """(account, ARN) of the event's resources where these are not just the keys."""
    additional: dict[str, object] = field(default_factory=dict)
    """CloudTrail's additionalEventData."""
    logged: dict[str, object] = field(default_factory=dict)
    """Members that CloudTrail shows among the requestParameters though they were not sent."""
    elements: Mapping[str, object] | None = None
    """CloudTrail's responseElements where these are neither the key nor the whole reply."""
    further_events: list[Event] = field(default_factory=list)
    """Events that come of the call besides its own: the record in another Region, a rotation done at once."""

    @property
    def account(self) -> str:
        """The caller's account."""
        return self.principal.account

    @property
    def view(self) -> Store | DelayedView:
        """Where the operation looks things up: a read as they are seen, a write as they newly are."""
        return self.store.view if self.read_only else self.store

    @property
    def dry_run(self) -> bool:
        """Whether the operation is to check everything and change nothing."""
        return bool(self.members.get("DryRun"))

    def resolve(self, identifier: str, *, aliases: bool, action: str | None = None) -> Key:
        """The key that the caller named, once the caller may use it.

        Raises NotFoundException, InvalidArnException or AccessDeniedException as the KMS API Reference's
        "KeyId" and "Cross-account use" say: of another account's key it never shows whether it exists.
        """
        named = read_key_identifier(identifier, self.account, self.region, aliases=aliases)
        at_home = named.account == self.account
        if at_home and named.alias is not None and self.operation == "DescribeKey":
            bring_into_being(self.store, named, self.now)
        view = self.view
        key = view.require_named(named) if at_home else view.named(named)
        self.authorize(key, action, named)
        assert key is not None  # an unknown foreign key is never authorized
        return key

    def authorize(
        self, key: Key | None, action: str | None = None, named: KeyIdentifier | None = None, *, shown: bool = True
    ) -> None:
        """Let the caller use the key, or raise AccessDeniedException; an authorized key becomes a resource if shown."""
        # What a write changes it finds as it newly is; whether it may is decided by what is seen.
        seen = key if key is None or self.store.view is self.store else self.store.view.of(key)
        self.authorizer.authorize(self, action or f"kms:{self.operation}", seen, named)
        if key is None:
            return
        require_allowed(key, action or f"kms:{self.operation}", self.principal)
        if shown:
            self.used.append(key)

    def authorize_on(self, resource: str, action: str | None = None) -> None:
        """Let the caller's own policies decide on an alias (its ARN), or on `*`; or raise AccessDeniedException."""
        self.authorizer.authorize_on(self, action or f"kms:{self.operation}", resource)

    def admit(self, key: Key) -> None:
        """Check the key's usage, then its state, against what the operation needs."""
        if self.usage is not None:
            key.require_usage(self.usage, self.operation)
        key.require_state(self.states)

    def change(self, key: Key, transition: Transition) -> Key:
        """Apply a transition to the newest value of the key, if its state still allows the operation."""
        before: list[Key] = []

        def admitted(newest: Key) -> Key:
            newest.require_state(self.states)
            before.append(newest)
            return transition(newest)

        changed = self.store.change(key.arn, admitted)
        replicated = self.store.is_replicated(changed)
        happened = of_change(before[-1], changed, self.now, replicated=replicated)
        self.further_events += map(event_of_service_event, happened)
        return changed
