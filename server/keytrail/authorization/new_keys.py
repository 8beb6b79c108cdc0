"""The condition keys that tell of a key that a call is to make: CreateKey's own, and ReplicateKey's replica.

Source: KMS Developer Guide, "Condition keys for AWS KMS" and "Creating multi-Region replica keys".
"""

from collections.abc import Callable, Mapping

from keytrail.call import Call
from keytrail.domain.key import Key
from keytrail.domain.key_spec import SYMMETRIC_DEFAULT, KeyUsage

_MAKE_REPLICAS = frozenset({"kms:CreateKey", "kms:TagResource"})
"""Actions that ReplicateKey needs in the replica's Region."""


def told_of_new_key(call: Call, name: str) -> object:
    """The value under a condition key, in lower case, of the key that the call is to make, if it is to make one."""
    if call.operation == "CreateKey":
        return _OF_CREATED[name](call)
    if call.operation == "ReplicateKey" and call.keys:
        return _OF_REPLICATED[name](call.keys[0])
    return None


def requested_region(call: Call, action: str) -> str:
    """The Region in which the call needs the action."""
    if call.operation == "ReplicateKey" and action in _MAKE_REPLICAS:
        return str(call.members["ReplicaRegion"])
    return call.region


def _member(call: Call, name: str) -> object:
    sent = call.members.get(name)
    return sent if sent is not None else call.defaults.get(name)


def _spec(call: Call) -> object:
    return _member(call, "KeySpec") or _member(call, "CustomerMasterKeySpec") or SYMMETRIC_DEFAULT


def _usage(call: Call) -> object:
    return _member(call, "KeyUsage") or KeyUsage.ENCRYPT_DECRYPT


_OF_CREATED: Mapping[str, Callable[[Call], object]] = {
    "kms:keyspec": _spec,
    "kms:customermasterkeyspec": _spec,
    "kms:keyusage": _usage,
    "kms:customermasterkeyusage": _usage,
    "kms:keyorigin": lambda call: _member(call, "Origin"),
    "kms:multiregion": lambda call: _member(call, "MultiRegion"),
    "kms:multiregionkeytype": lambda call: "PRIMARY" if _member(call, "MultiRegion") else None,
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
