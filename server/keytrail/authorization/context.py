"""What a request brings under each condition key.

Source: KMS Developer Guide, "Condition keys for AWS KMS"; IAM User Guide, "AWS global condition context keys".
A key that a request cannot have here (a VPC endpoint, a calling service) is absent, as in AWS.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial

from keytrail.authorization import recipient
from keytrail.authorization.condition_members import MEMBERS
from keytrail.authorization.conditions import Values
from keytrail.authorization.identities import PrincipalPolicies
from keytrail.authorization.new_keys import requested_region, told_of_new_key
from keytrail.authorization.request import RequestFacts
from keytrail.authorization.session_context import SESSION_KEYS, principal_tags, session_value
from keytrail.crypto.ciphertext_blob import NotABlob
from keytrail.crypto.ciphertext_blob import read as read_blob
from keytrail.domain.alias import MAX_ALIASES_PER_KEY
from keytrail.domain.arn import read_key_identifier
from keytrail.domain.grant_constraints import Constraints
from keytrail.domain.key import Key
from keytrail.domain.key_spec import SYMMETRIC_DEFAULT
from keytrail.domain.last_usage import trailing_days_without_usage
from keytrail.errors import AwsError

_CONTEXT = "kms:encryptioncontext:"
_REQUEST_TAG = "aws:requesttag/"
_RESOURCE_TAG = "aws:resourcetag/"
_PRINCIPAL_TAG = "aws:principaltag/"
_PRINCIPAL_TYPES = {"root": "Account", "user": "User", "federated-user": "FederatedUser"}
"""aws:PrincipalType by the kind of the caller; a role's sessions have AssumedRole."""

_ENCRYPT_A_DATA_KEY = frozenset(
    {
        *("GenerateDataKey", "GenerateDataKeyWithoutPlaintext"),
        *("GenerateDataKeyPair", "GenerateDataKeyPairWithoutPlaintext"),
    }
)
"""Operations without an algorithm member, to whose requests kms:EncryptionAlgorithm belongs all the same."""

_ON_GRANTS = frozenset({"CreateGrant", "ListGrants", "RevokeGrant"})
"""Operations to whose requests kms:GrantIsForAWSResource belongs."""

_NO_DEFAULT = frozenset({"kms:expirationmodel", "kms:bypasspolicylockoutsafetycheck"})
"""Null on these tells whether the member was sent."""


class RequestContext(dict[str, Values]):
    """The condition keys of one call on one key, in lower case; each is worked out when a condition asks for it."""

    def __init__(
        self,
        request: RequestFacts,
        action: str,
        key: Key | None,
        standing: PrincipalPolicies,
        given: Mapping[str, tuple[str, ...]] | None = None,
    ) -> None:
        """Of a call that needs this action (such as `kms:ReEncryptFrom`) on this key, or on none.

        `given` are values by condition key, in lower case, that go before those of the request.
        """
        self._request, self._action, self._key, self._standing = request, action, key, standing
        # ReEncrypt has two of each member; each of its actions sees its own.
        self._side = {"kms:ReEncryptFrom": "Source", "kms:ReEncryptTo": "Destination"}.get(action, "")
        super().__init__(given or {})

    def __missing__(self, name: str) -> Values:
        """The values under a condition key, in lower case; None if the request does not have it."""
        found = self[name] = self._find(name)
        return found

    def _find(self, name: str) -> Values:
        for prefix, pairs in _PAIRS.items():
            if name.startswith(prefix):
                wanted = name.removeprefix(prefix)
                return tuple(v for k, v in pairs(self).items() if k.lower() == wanted) or None
        if name.startswith(recipient.PREFIX):
            return recipient.attested(self._request.members, name)
        if name == "aws:tagkeys" and "Tags" in self._request.members:
            return tuple(self._request_tags()) or None
        if name in MEMBERS:
            return _texts(self._member(MEMBERS[name], default=name not in _NO_DEFAULT))
        if self._key is None and name in _OF_KEYS:
            return _texts(told_of_new_key(self._request, name))
        found = _KEYS.get(name)
        return _texts(found(self)) if found is not None else None

    def _member(self, name: str, *, default: bool = True) -> object:
        sent = self._request.members.get(name)
        return sent if sent is not None or not default else self._request.defaults.get(name)

    def _constraints(self) -> Mapping[str, object]:
        constraints = self._request.members.get("Constraints")
        return Constraints.read(constraints).members() if isinstance(constraints, Mapping) else {}

    def encryption_context(self) -> Mapping[str, str]:
        """The encryption context on the action's side; of a grant to be made, the one that it asks for."""
        constraints = self._constraints()
        context = (
            self._request.members.get(f"{self._side}EncryptionContext")
            or constraints.get("EncryptionContextEquals")
            or constraints.get("EncryptionContextSubset")
        )
        return context if isinstance(context, Mapping) else {}

    def _grant_constraint_type(self) -> tuple[str, ...] | None:
        kinds = ("EncryptionContextEquals", "EncryptionContextSubset")
        return tuple(kind for kind in kinds if kind in self._constraints()) or None

    def _request_tags(self) -> Mapping[str, str]:
        tags = self._request.members.get("Tags")
        return {tag["TagKey"]: tag["TagValue"] for tag in tags} if isinstance(tags, list) else {}

    def _encryption_algorithm(self) -> object:
        if self._request.operation in _ENCRYPT_A_DATA_KEY:
            return SYMMETRIC_DEFAULT
        return self._member(f"{self._side}EncryptionAlgorithm")

    def _request_alias(self) -> str | None:
        member = {"Source": "SourceKeyId", "Destination": "DestinationKeyId"}.get(self._side, "KeyId")
        name = str(self._request.members.get(member, ""))
        _, found, rest = name.partition("alias/")
        return found + rest if found else None

    def _re_encrypts_on_same_key(self) -> bool | None:
        if self._request.operation != "ReEncrypt":
            return None
        members = self._request.members
        destination = self._arn_of(str(members.get("DestinationKeyId", "")))
        if "SourceKeyId" in members:
            return self._arn_of(str(members["SourceKeyId"])) == destination
        if self._side == "Source" or self._key is None:
            return self._key is not None and self._key.arn == destination
        blob = members.get("CiphertextBlob")
        try:
            return isinstance(blob, bytes) and read_blob(blob).key_id == self._key.key_id
        except NotABlob:
            return False

    def _arn_of(self, identifier: str) -> str | None:
        """The key behind an id, ARN or alias; None if there is none."""
        try:
            named = read_key_identifier(identifier, self._request.account, self._request.region, aliases=True)
        except AwsError:
            return None
        key = self._request.store.view.named(named)
        return key.arn if key is not None else None

    @property
    def key(self) -> Key:
        """The key; only its own condition keys ask for it, and there is none without a key."""
        assert self._key is not None
        return self._key

    def _multi_region_key_type(self) -> str | None:
        related = self._request.store.multi_region_set(self.key)
        if related is None:
            return None
        return "PRIMARY" if related.primary == self.key.region else "REPLICA"

    def _trailing_days(self) -> int | None:
        if self._key is None or self._action not in ("kms:DisableKey", "kms:ScheduleKeyDeletion"):
            return None
        use = self._request.trail.last_use(self._key.arn, self._request.now)
        return trailing_days_without_usage(
            self._request.now,
            last_usage=use.timestamp if use is not None else None,
            tracking_start_date=max(self._request.settings.tracking_start, self._key.creation_date),
        )

    def _resource_aliases(self) -> tuple[str, ...] | None:
        aliases = self._request.store.view.aliases_of_after(self.key, "", MAX_ALIASES_PER_KEY)
        return tuple(alias.name for alias in aliases) or None

    def _of_session(self, name: str) -> str | None:
        return session_value(self._request.principal, name)

    def _resource_account(self) -> str:
        """Of the key; without any, what is given, or the caller's: an alias is its own, and so is a key to be made."""
        if self._key is not None:
            return self._key.account
        return (self.get("aws:resourceaccount") or (self._request.account,))[0]

    def _resource_organization(self) -> str | None:
        membership = self._standing.memberships.get(self._resource_account())
        return membership.organization_id if membership is not None else None

    def _principal_arn(self) -> str | None:
        principal = self._request.principal
        named = self._standing.arn or principal.role_arn or principal.arn
        return named if principal.kind != "service" else None

    def _user_name(self) -> str | None:
        principal = self._request.principal
        return principal.name.rpartition("/")[2] if principal.kind == "user" else None


_OF_KEYS: Mapping[str, Callable[[RequestContext], object]] = {
    "kms:keyspec": lambda of: of.key.spec,
    "kms:customermasterkeyspec": lambda of: of.key.spec,
    "kms:keyusage": lambda of: of.key.usage,
    "kms:customermasterkeyusage": lambda of: of.key.usage,
    "kms:keyorigin": lambda of: of.key.origin,
    "kms:multiregion": lambda of: of.key.multi_region,
    "kms:multiregionkeytype": RequestContext._multi_region_key_type,
    "kms:resourcealiases": RequestContext._resource_aliases,
}
"""Condition keys that tell of the key."""

_PAIRS: Mapping[str, Callable[[RequestContext], Mapping[str, str]]] = {
    _CONTEXT: RequestContext.encryption_context,
    _REQUEST_TAG: RequestContext._request_tags,
    _RESOURCE_TAG: lambda of: of._key.tags if of._key is not None else {},
    _PRINCIPAL_TAG: lambda of: principal_tags(of._request.principal, of._standing.tags),
}
"""Condition keys that end in a name of the user's, in whatever case, by what they begin with."""

_KEYS: Mapping[str, Callable[[RequestContext], object]] = {
    **_OF_KEYS,
    "kms:calleraccount": lambda of: of._request.account,
    "kms:encryptionalgorithm": RequestContext._encryption_algorithm,
    "kms:encryptioncontextkeys": lambda of: tuple(of.encryption_context()) or None,
    "kms:grantconstrainttype": RequestContext._grant_constraint_type,
    "kms:grantconstraintsourcearn": lambda of: of._constraints().get("SourceArn"),
    # No AWS service calls here on anybody's behalf.
    "kms:grantisforawsresource": lambda of: False if of._request.operation in _ON_GRANTS else None,
    "kms:requestalias": RequestContext._request_alias,
    "kms:reencryptonsamekey": RequestContext._re_encrypts_on_same_key,
    "kms:trailingdayswithoutkeyusage": RequestContext._trailing_days,
    **{name: partial(RequestContext._of_session, name=name) for name in SESSION_KEYS},
    "aws:currenttime": lambda of: of._request.now.isoformat(timespec="seconds"),
    "aws:epochtime": lambda of: int(of._request.now.timestamp()),
    "aws:principalaccount": lambda of: of._request.account,
    "aws:principalarn": RequestContext._principal_arn,
    "aws:principaltype": lambda of: _PRINCIPAL_TYPES.get(of._request.principal.kind, "AssumedRole"),
    "aws:principalisawsservice": lambda of: of._request.principal.kind == "service",
    "aws:principalservicename": lambda of: (
        of._request.principal.name if of._request.principal.kind == "service" else None
    ),
    "aws:viaawsservice": lambda of: False,
    "aws:userid": lambda of: of._request.principal.principal_id,
    "aws:username": RequestContext._user_name,
    "aws:principalorgid": lambda of: of._standing.organization_id,
    "aws:resourceaccount": RequestContext._resource_account,
    "aws:resourceorgid": RequestContext._resource_organization,
    "aws:requestedregion": lambda of: requested_region(of._request, of._action),
    "aws:sourcearn": lambda of: of._request.source_arn,
    "aws:sourceaccount": lambda of: of._request.source_account,
    "aws:sourceip": lambda of: of._request.source_ip or None,
    "aws:useragent": lambda of: of._request.user_agent or None,
    # A policy written for AWS asks for TLS, which every call to AWS has; here it is as if it had.
    "aws:securetransport": lambda of: True,
}
"""The other condition keys, by their names in lower case."""


def _texts(value: object) -> Values:
    if value is None:
        return None
    if isinstance(value, bool):
        return (str(value).lower(),)
    if isinstance(value, datetime):
        return (str(value.timestamp()),)
    if isinstance(value, (list, tuple)):
        return tuple(map(str, value))
    return (str(value),)
