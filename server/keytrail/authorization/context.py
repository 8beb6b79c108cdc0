"""What a request brings under each condition key.

Source: KMS Developer Guide, "Condition keys for AWS KMS"; IAM User Guide, "AWS global condition context keys".
A key that a request cannot have here (a VPC endpoint, an organization, a calling service) is absent, as in AWS; so are
those of tags and aliases of the resource, which KMS does not take in key policies.
"""

from collections.abc import Callable, Mapping
from datetime import datetime

from keytrail.authorization import recipient
from keytrail.authorization.conditions import Values
from keytrail.call import Call
from keytrail.crypto.ciphertext_blob import NotABlob
from keytrail.crypto.ciphertext_blob import read as read_blob
from keytrail.domain.arn import read_key_identifier
from keytrail.domain.key import Key
from keytrail.domain.key_spec import SYMMETRIC_DEFAULT
from keytrail.domain.last_usage import trailing_days_without_usage
from keytrail.errors import AwsError

_CONTEXT = "kms:encryptioncontext:"
_REQUEST_TAG = "aws:requesttag/"
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

_MEMBERS: Mapping[str, str] = {
    "kms:bypasspolicylockoutsafetycheck": "BypassPolicyLockoutSafetyCheck",
    "kms:datakeypairspec": "KeyPairSpec",
    "kms:encapsulationalgorithm": "EncapsulationAlgorithm",
    "kms:expirationmodel": "ExpirationModel",
    "kms:granteeprincipal": "GranteePrincipal",
    "kms:granteeserviceprincipal": "GranteeServicePrincipal",
    "kms:grantoperations": "Operations",
    "kms:keyagreementalgorithm": "KeyAgreementAlgorithm",
    "kms:macalgorithm": "MacAlgorithm",
    "kms:messagetype": "MessageType",
    "kms:primaryregion": "PrimaryRegion",
    "kms:replicaregion": "ReplicaRegion",
    "kms:retiringprincipal": "RetiringPrincipal",
    "kms:retiringserviceprincipal": "RetiringServicePrincipal",
    "kms:rotationperiodindays": "RotationPeriodInDays",
    "kms:schedulekeydeletionpendingwindowindays": "PendingWindowInDays",
    "kms:signingalgorithm": "SigningAlgorithm",
    "kms:validto": "ValidTo",
    "kms:wrappingalgorithm": "WrappingAlgorithm",
    "kms:wrappingkeyspec": "WrappingKeySpec",
    "aws:tagkeys": "TagKeys",
}
"""Condition keys that are members of the request, sent or by default."""

_NO_DEFAULT = frozenset({"kms:expirationmodel", "kms:bypasspolicylockoutsafetycheck"})
"""Null on these tells whether the member was sent."""


class RequestContext:
    """The condition keys of one call on one key; each is worked out when a condition asks for it."""

    def __init__(self, call: Call, action: str, key: Key) -> None:
        """Of a call that needs this action (such as `kms:ReEncryptFrom`) on this key."""
        self._call, self._action, self._key = call, action, key
        # ReEncrypt has two of each member; each of its actions sees its own.
        self._side = {"kms:ReEncryptFrom": "Source", "kms:ReEncryptTo": "Destination"}.get(action, "")

    def __call__(self, name: str) -> Values:
        """The values under a condition key, in lower case; None if the request does not have it."""
        if name.startswith(_CONTEXT):
            wanted = name.removeprefix(_CONTEXT)
            return tuple(v for k, v in self._encryption_context().items() if k.lower() == wanted) or None
        if name.startswith(_REQUEST_TAG):
            wanted = name.removeprefix(_REQUEST_TAG)
            return _texts(next((v for k, v in self._request_tags().items() if k.lower() == wanted), None))
        if name.startswith(recipient.PREFIX):
            return recipient.attested(self._call.members, name)
        if name == "aws:tagkeys" and "Tags" in self._call.members:
            return tuple(self._request_tags()) or None
        if name in _MEMBERS:
            return _texts(self._member(_MEMBERS[name], default=name not in _NO_DEFAULT))
        found = _KEYS.get(name)
        return _texts(found(self)) if found is not None else None

    def _member(self, name: str, *, default: bool = True) -> object:
        sent = self._call.members.get(name)
        return sent if sent is not None or not default else self._call.defaults.get(name)

    def _constraints(self) -> Mapping[str, object]:
        constraints = self._call.members.get("Constraints")
        return constraints if isinstance(constraints, Mapping) else {}

    def _encryption_context(self) -> Mapping[str, str]:
        constraints = self._constraints()
        context = (
            self._call.members.get(f"{self._side}EncryptionContext")
            or constraints.get("EncryptionContextEquals")
            or constraints.get("EncryptionContextSubset")
        )
        return context if isinstance(context, Mapping) else {}

    def _grant_constraint_type(self) -> tuple[str, ...] | None:
        kinds = ("EncryptionContextEquals", "EncryptionContextSubset")
        return tuple(kind for kind in kinds if kind in self._constraints()) or None

    def _request_tags(self) -> Mapping[str, str]:
        tags = self._call.members.get("Tags")
        return {tag["TagKey"]: tag["TagValue"] for tag in tags} if isinstance(tags, list) else {}

    def _encryption_algorithm(self) -> object:
        if self._call.operation in _ENCRYPT_A_DATA_KEY:
            return SYMMETRIC_DEFAULT
        return self._member(f"{self._side}EncryptionAlgorithm")

    def _request_alias(self) -> str | None:
        member = {"Source": "SourceKeyId", "Destination": "DestinationKeyId"}.get(self._side, "KeyId")
        name = str(self._call.members.get(member, ""))
        _, found, rest = name.partition("alias/")
        return found + rest if found else None

    def _re_encrypts_on_same_key(self) -> bool | None:
        if self._call.operation != "ReEncrypt":
            return None
        members = self._call.members
        destination = self._arn_of(str(members.get("DestinationKeyId", "")))
        if "SourceKeyId" in members:
            return self._arn_of(str(members["SourceKeyId"])) == destination
        if self._side == "Source":
            return self._key.arn == destination
        blob = members.get("CiphertextBlob")
        try:
            return isinstance(blob, bytes) and read_blob(blob).key_id == self._key.key_id
        except NotABlob:
            return False

    def _arn_of(self, identifier: str) -> str | None:
        """The key behind an id, ARN or alias; None if there is none."""
        try:
            named = read_key_identifier(identifier, self._call.account, self._call.region, aliases=True)
        except AwsError:
            return None
        key = self._call.store.named(named)
        return key.arn if key is not None else None

    def _multi_region_key_type(self) -> str | None:
        related = self._call.store.multi_region_set(self._key)
        if related is None:
            return None
        return "PRIMARY" if related.primary == self._key.region else "REPLICA"

    def _trailing_days(self) -> int | None:
        if self._action not in ("kms:DisableKey", "kms:ScheduleKeyDeletion"):
            return None
        use = self._call.trail.last_use(self._key.arn, self._call.now)
        return trailing_days_without_usage(
            self._call.now,
            last_usage=use.timestamp if use is not None else None,
            tracking_start_date=max(self._call.settings.tracking_start, self._key.creation_date),
        )

    def _user_name(self) -> str | None:
        principal = self._call.principal
        return principal.name.rpartition("/")[2] if principal.kind == "user" else None


_KEYS: Mapping[str, Callable[[RequestContext], object]] = {
    "kms:calleraccount": lambda of: of._call.account,
    "kms:keyspec": lambda of: of._key.spec,
    "kms:customermasterkeyspec": lambda of: of._key.spec,
    "kms:keyusage": lambda of: of._key.usage,
    "kms:customermasterkeyusage": lambda of: of._key.usage,
    "kms:keyorigin": lambda of: of._key.origin,
    "kms:multiregion": lambda of: of._key.multi_region,
    "kms:multiregionkeytype": RequestContext._multi_region_key_type,
    "kms:encryptionalgorithm": RequestContext._encryption_algorithm,
    "kms:encryptioncontextkeys": lambda of: tuple(of._encryption_context()) or None,
    "kms:grantconstrainttype": RequestContext._grant_constraint_type,
    "kms:grantconstraintsourcearn": lambda of: of._constraints().get("SourceArn"),
    # No AWS service calls here on anybody's behalf.
    "kms:grantisforawsresource": lambda of: False if of._call.operation in _ON_GRANTS else None,
    "kms:requestalias": RequestContext._request_alias,
    "kms:reencryptonsamekey": RequestContext._re_encrypts_on_same_key,
    "kms:trailingdayswithoutkeyusage": RequestContext._trailing_days,
    "aws:currenttime": lambda of: of._call.now.isoformat(timespec="seconds"),
    "aws:epochtime": lambda of: int(of._call.now.timestamp()),
    "aws:principalaccount": lambda of: of._call.account,
    "aws:principalarn": lambda of: of._call.principal.role_arn or of._call.principal.arn,
    "aws:principaltype": lambda of: _PRINCIPAL_TYPES.get(of._call.principal.kind, "AssumedRole"),
    "aws:principalisawsservice": lambda of: False,
    "aws:viaawsservice": lambda of: False,
    "aws:userid": lambda of: of._call.principal.principal_id,
    "aws:username": RequestContext._user_name,
    "aws:requestedregion": lambda of: of._call.region,
    "aws:resourceaccount": lambda of: of._key.account,
    "aws:sourceip": lambda of: of._call.source_ip or None,
    "aws:useragent": lambda of: of._call.user_agent or None,
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
