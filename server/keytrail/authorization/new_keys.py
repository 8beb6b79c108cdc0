"""The condition keys that tell of a key that a call is to make: CreateKey's own, and ReplicateKey's replica.

Source: KMS Developer Guide, "Condition keys for AWS KMS" and "Creating multi-Region replica keys".
"""

from collections.abc import Callable, Mapping

from keytrail.authorization.request import RequestFacts
from keytrail.domain.key import Key
from keytrail.domain.key_spec import SYMMETRIC_DEFAULT, KeyUsage

_MAKE_REPLICAS = frozenset({"kms:CreateKey", "kms:TagResource"})
"""Actions that ReplicateKey needs in the replica's Region."""


def told_of_new_key(request: RequestFacts, name: str) -> object:
    """The value under a condition key, in lower case, of the key that the call is to make, if it is to make one."""
    if request.operation == "CreateKey":
        return _OF_CREATED[name](request)
    if request.operation == "ReplicateKey" and request.used:
        return _OF_REPLICATED[name](request.used[0])
    return None


def requested_region(request: RequestFacts, action: str) -> str:
    """The Region in which the call needs the action."""
    if request.operation == "ReplicateKey" and action in _MAKE_REPLICAS:
        return str(request.members["ReplicaRegion"])
    return request.region


def _member(request: RequestFacts, name: str) -> object:
    sent = request.members.get(name)
    return sent if sent is not None else request.defaults.get(name)


def _spec(request: RequestFacts) -> object:
    return _member(request, "KeySpec") or _member(request, "CustomerMasterKeySpec") or SYMMETRIC_DEFAULT


def _usage(request: RequestFacts) -> object:
    return _member(request, "KeyUsage") or KeyUsage.ENCRYPT_DECRYPT


_OF_CREATED: Mapping[str, Callable[[RequestFacts], object]] = {
    "kms:keyspec": _spec,
    "kms:customermasterkeyspec": _spec,
    "kms:keyusage": _usage,
    "kms:customermasterkeyusage": _usage,
    "kms:keyorigin": lambda request: _member(request, "Origin"),
    "kms:multiregion": lambda request: _member(request, "MultiRegion"),
    "kms:multiregionkeytype": lambda request: "PRIMARY" if _member(request, "MultiRegion") else None,
    "kms:resourcealiases": lambda _: None,
}

# unverified: that CreateKey for a replica sees of it what it will have of its primary key
_OF_REPLICATED: Mapping[str, Callable[[Key], object]] = {
    "kms:keyspec": lambda primary: primary.spec,
    "kms:customermasterkeyspec": lambda primary: primary.spec,
    "kms:keyusage": lambda primary: primary.usage,
    "kms:customermasterkeyusage": lambda primary: primary.usage,
    "kms:keyorigin": lambda primary: primary.origin,
    "kms:multiregion": lambda _: True,
    "kms:multiregionkeytype": lambda _: "REPLICA",
    "kms:resourcealiases": lambda _: None,
}
"""By the key that is replicated: the first that the call has resolved."""
