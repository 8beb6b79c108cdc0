"""Request quotas: token buckets for each account and Region, by Keytrail's clock."""

import threading
from collections import Counter, OrderedDict
from collections.abc import Iterable
from datetime import datetime

from keytrail.call import Call
from keytrail.domain.key import Key
from keytrail.errors import ThrottlingException
from keytrail.faults.targets import keys_of
from keytrail.request_quotas import RequestQuotas

THROTTLED = "You have exceeded the rate at which you may call KMS. Reduce the frequency of your calls."

MOST_BUCKETS = 10_000
"""Anybody can call from any account; of more, those are forgotten that were used longest ago."""

SHARED = frozenset(
    {
        *("Decrypt", "DeriveSharedSecret", "Encrypt", "GenerateDataKey", "GenerateDataKeyWithoutPlaintext"),
        *("GenerateMac", "GenerateRandom", "ReEncrypt", "Sign", "Verify", "VerifyMac"),
    }
)
"""The operations whose quota is that of the kind of their key."""

_PAIRS = frozenset({"GenerateDataKeyPair", "GenerateDataKeyPairWithoutPlaintext"})

_Bucket = tuple[str, str, str, str]
"""Account, Region, quota, and the custom key store if the quota is one's own."""

Cost = tuple[_Bucket, int]


class Quotas:
    """What each account may call by now. Thread-safe.

    A bucket holds what one second lets through (one request, if that is less), and is filled by the clock: while it
    stands still, just so many calls pass.
    """

    def __init__(self, held: RequestQuotas) -> None:
        """Begin with full buckets."""
        self.held = held
        self._lock = threading.Lock()
        self._buckets: OrderedDict[_Bucket, tuple[float, datetime]] = OrderedDict()
        self._throttled: Counter[str] = Counter()

    def throttled(self) -> dict[str, int]:
        """How many calls each quota has turned away."""
        with self._lock:
            return dict(self._throttled)

    def admit(self, call: Call) -> None:
        """Count a call against its caller's quotas; raises ThrottlingException, and counts nothing, if one is used up.

        Cross-account calls count against the caller (KMS Developer Guide, "Request quotas").
        """
        with self._lock:
            left = {}
            for bucket, cost in _costs(call):
                rate = self.held.rate(bucket[2], bucket[1])
                if rate is None:
                    continue
                tokens = self._filled(bucket, rate, call.now)
                # What costs more than a second lets through waits for a full bucket, and leaves a debt.
                if tokens < min(cost, max(rate, 1.0)):
                    self._throttled[bucket[2]] += 1
                    message = THROTTLED if call.operation != "LookupEvents" else "Rate exceeded"
                    raise ThrottlingException(message)
                left[bucket] = tokens - cost
            for bucket, tokens in left.items():
                self._buckets[bucket] = tokens, call.now
                self._buckets.move_to_end(bucket)
            while len(self._buckets) > MOST_BUCKETS:
                self._buckets.popitem(last=False)

    def _filled(self, bucket: _Bucket, rate: float, now: datetime) -> float:
        room = max(rate, 1.0)
        tokens, last = self._buckets.get(bucket, (room, now))
        # A clock that was set back fills nothing, and takes nothing away.
        return min(room, tokens + rate * max((now - last).total_seconds(), 0.0))


def _costs(call: Call) -> Iterable[Cost]:
    """What a call costs of which quotas."""
    name, here = call.operation, (call.account, call.region)
    if name in SHARED:
        keys = keys_of(call)
        kinds = {_kind(key) for key in keys} or {"Symmetric"}
        yield from (((*here, kind, ""), 1) for kind in sorted(kinds))
        # A call on a key in a custom key store counts on the store's quota and on the account's.
        stores = {key.custom_key_store_id for key in keys if key.custom_key_store_id is not None}
        yield from (((*here, "CustomKeyStore", store), 1) for store in sorted(stores))
    elif name in _PAIRS:
        yield (*here, f"GenerateDataKeyPair:{call.members.get('KeyPairSpec')}", ""), 1
    else:
        yield (*here, name, ""), 1
    there = call.members.get("ReplicaRegion" if name == "ReplicateKey" else "PrimaryRegion")
    if isinstance(there, str) and name == "ReplicateKey":
        yield (call.account, there, "CreateKey", ""), 2
    elif isinstance(there, str) and name == "UpdatePrimaryRegion" and there != call.region:
        yield (call.account, there, name, ""), 1


def _kind(key: Key) -> str:
    """The shared quota of a key's operations."""
    for start, quota in (("RSA_", "RSA"), ("ECC_", "ECC"), ("SM2", "ECC"), ("ML_DSA", "ML_DSA")):
        if key.spec.startswith(start):
            return quota
    return "Symmetric"
