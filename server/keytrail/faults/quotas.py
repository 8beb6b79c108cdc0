"""Request quotas: a token bucket for each quota of an account in a Region, filled by Keytrail's clock.

Source: KMS Developer Guide, "Request quotas" ("Request quotas for each AWS KMS API operation", "Shared quotas").
"""

import threading
from collections import Counter, OrderedDict
from collections.abc import Iterable, Mapping
from datetime import datetime

from keytrail.call import Call
from keytrail.domain.key import Key
from keytrail.errors import ThrottlingException
from keytrail.faults.targets import keys_of
from keytrail.operation import BY_KEY, BY_KEY_PAIR_SPEC, Operation
from keytrail.operations import SERVICES
from keytrail.request_quotas import RequestQuotas


def throttled(service: str) -> ThrottlingException:
    """The refusal of a call beyond a quota."""
    if service != "kms":
        return ThrottlingException("Rate exceeded")
    return ThrottlingException(
        "You have exceeded the rate at which you may call KMS. Reduce the frequency of your calls."
    )


MAX_BUCKETS = 10_000
"""How many buckets are kept, because anybody can call from any account; the least recently used go first."""

SYMMETRIC_RATES: Mapping[str, float] = {
    **dict.fromkeys(("us-east-1", "us-west-2", "eu-west-1"), 100_000.0),
    **dict.fromkeys(
        ("us-east-2", "ap-southeast-1", "ap-southeast-2", "ap-northeast-1", "eu-central-1", "eu-west-2"), 20_000.0
    ),
}
"""The rate of the quota Symmetric in the Regions where it is higher."""

_SHARED_RATES: Mapping[str, float] = {
    "Symmetric": 10_000.0,
    **dict.fromkeys(("RSA", "ECC", "ML_DSA"), 1_000.0),
    "CustomKeyStore": 1_800.0,
    **{
        f"GenerateDataKeyPair:{spec}": 100.0
        for spec in ("ECC_NIST_P256", "ECC_NIST_P384", "ECC_NIST_P521", "ECC_SECG_P256K1", "ECC_NIST_EDWARDS25519")
    },
    "GenerateDataKeyPair:SM2": 25.0,
    "GenerateDataKeyPair:RSA_2048": 20.0,
    "GenerateDataKeyPair:RSA_3072": 4.0,
    "GenerateDataKeyPair:RSA_4096": 1.0,
}
"""Requests per second of the quotas that several operations share: by kind of key, custom key store, KeyPairSpec."""

RATES: Mapping[str, float] = {
    **_SHARED_RATES,
    **{
        operation.name: float(operation.quota)
        for service in SERVICES.values()
        for operation in service.operations.values()
        if isinstance(operation.quota, (int, float))
    },
}
"""Requests per second of an account in a Region, by quota: an operation's own, or one that several share."""


def require_known(quotas: RequestQuotas) -> None:
    """Raise ValueError for a quota that AWS does not have."""
    for name in quotas.rates:
        if name not in RATES:
            raise ValueError(f"there is no request quota {name!r}; choose from {', '.join(sorted(RATES))}")


_Bucket = tuple[str, str, str, str]
"""Account, Region, quota, and the id of the custom key store ("" unless the quota is CustomKeyStore)."""

_Cost = tuple[_Bucket, int]
"""A bucket, and how many requests the call counts as in it."""


class Quotas:
    """How many more calls each account may make now. Thread-safe.

    A full bucket has room for the calls of one second, and for one call at least. The clock fills it: while the clock
    stands still, only what is in the bucket passes.
    """

    def __init__(self, configured: RequestQuotas) -> None:
        """Begin with full buckets. Raises ValueError for a quota that AWS does not have."""
        require_known(configured)
        self._configured = configured
        self._lock = threading.Lock()
        self._buckets: OrderedDict[_Bucket, tuple[float, datetime]] = OrderedDict()
        self._throttled: Counter[str] = Counter()

    def throttled(self) -> dict[str, int]:
        """How many calls each quota has refused."""
        with self._lock:
            return dict(self._throttled)

    def admit(self, operation: Operation, call: Call) -> None:
        """Count a call against its caller's quotas. If one is used up, raise ThrottlingException and count nothing.

        Cross-account calls count against the caller (KMS Developer Guide, "Request quotas").
        """
        with self._lock:
            remaining = {}
            for bucket, cost in _costs(operation, call):
                rate = self.rate(bucket[2], bucket[1])
                if rate is None:
                    continue
                tokens = self._filled(bucket, rate, call.now)
                # A call that costs more than a full bucket needs a full bucket, and leaves a negative one.
                if tokens < min(cost, max(rate, 1.0)):
                    self._throttled[bucket[2]] += 1
                    raise throttled(operation.service)
                remaining[bucket] = tokens - cost
            for bucket, tokens in remaining.items():
                self._buckets[bucket] = tokens, call.now
                self._buckets.move_to_end(bucket)
            while len(self._buckets) > MAX_BUCKETS:
                self._buckets.popitem(last=False)

    def rate(self, quota: str, region: str) -> float | None:
        """How many requests per second a quota allows; None: any number."""
        own = self._configured.rates.get(quota)
        if own is not None or self._configured.factor is None or quota not in RATES:
            return own
        rate = SYMMETRIC_RATES.get(region, RATES[quota]) if quota == "Symmetric" else RATES[quota]
        return rate * self._configured.factor

    def _filled(self, bucket: _Bucket, rate: float, now: datetime) -> float:
        room = max(rate, 1.0)
        tokens, last = self._buckets.get(bucket, (room, now))
        # A clock that was set back changes nothing.
        return min(room, tokens + rate * max((now - last).total_seconds(), 0.0))


def _costs(operation: Operation, call: Call) -> Iterable[_Cost]:
    """The buckets that a call counts in, each with how many requests it counts as."""
    name, here = operation.name, (call.account, call.region)
    if operation.quota == BY_KEY:
        keys = keys_of(call)
        kinds = {_kind(key) for key in keys} or {"Symmetric"}
        yield from (((*here, kind, ""), 1) for kind in sorted(kinds))
        # A call on a key in a custom key store counts against the store's quota and the account's.
        stores = {key.custom_key_store_id for key in keys if key.custom_key_store_id is not None}
        yield from (((*here, "CustomKeyStore", store), 1) for store in sorted(stores))
    elif operation.quota == BY_KEY_PAIR_SPEC:
        yield (*here, f"GenerateDataKeyPair:{call.members.get('KeyPairSpec')}", ""), 1
    else:
        yield (*here, name, ""), 1
    other_region = call.members.get("ReplicaRegion" if name == "ReplicateKey" else "PrimaryRegion")
    if isinstance(other_region, str) and name == "ReplicateKey":
        yield (call.account, other_region, "CreateKey", ""), 2
    elif isinstance(other_region, str) and name == "UpdatePrimaryRegion" and other_region != call.region:
        yield (call.account, other_region, name, ""), 1


def _kind(key: Key) -> str:
    """The quota that all cryptographic operations on such keys share."""
    for start, quota in (("RSA_", "RSA"), ("ECC_", "ECC"), ("SM2", "ECC"), ("ML_DSA", "ML_DSA")):
        if key.spec.startswith(start):
            return quota
    return "Symmetric"
