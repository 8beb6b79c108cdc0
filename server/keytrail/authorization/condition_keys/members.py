"""Condition keys whose value is a member of the request."""

from collections.abc import Mapping
from functools import partial

from keytrail.authorization.condition_keys.context import RequestContext, condition_key

_MEMBERS: Mapping[str, str] = {
    "kms:DataKeyPairSpec": "KeyPairSpec",
    "kms:EncapsulationAlgorithm": "EncapsulationAlgorithm",
    "kms:GranteePrincipal": "GranteePrincipal",
    "kms:GranteeServicePrincipal": "GranteeServicePrincipal",
    "kms:GrantOperations": "Operations",
    "kms:KeyAgreementAlgorithm": "KeyAgreementAlgorithm",
    "kms:MacAlgorithm": "MacAlgorithm",
    "kms:MessageType": "MessageType",
    "kms:PrimaryRegion": "PrimaryRegion",
    "kms:ReplicaRegion": "ReplicaRegion",
    "kms:RetiringPrincipal": "RetiringPrincipal",
    "kms:RetiringServicePrincipal": "RetiringServicePrincipal",
    "kms:RotationPeriodInDays": "RotationPeriodInDays",
    "kms:ScheduleKeyDeletionPendingWindowInDays": "PendingWindowInDays",
    "kms:SigningAlgorithm": "SigningAlgorithm",
    "kms:ValidTo": "ValidTo",
    "kms:WrappingAlgorithm": "WrappingAlgorithm",
    "kms:WrappingKeySpec": "WrappingKeySpec",
    "sts:ExternalId": "ExternalId",
    "sts:RoleSessionName": "RoleSessionName",
    "sts:SourceIdentity": "SourceIdentity",
    "sts:TransitiveTagKeys": "TransitiveTagKeys",
}
"""By condition key: the member whose value it has, or whose default if it was not sent."""

_SENT: Mapping[str, str] = {
    "kms:BypassPolicyLockoutSafetyCheck": "BypassPolicyLockoutSafetyCheck",
    "kms:ExpirationModel": "ExpirationModel",
}
"""The same without defaults, so that a `Null` condition can check whether the member was sent."""


def _member(context: RequestContext, member: str) -> object:
    return context.member(member)


def _sent(context: RequestContext, member: str) -> object:
    return context.facts.members.get(member)


for _key, _name in _MEMBERS.items():
    condition_key(_key)(partial(_member, member=_name))
for _key, _name in _SENT.items():
    condition_key(_key)(partial(_sent, member=_name))
