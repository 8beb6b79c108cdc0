"""AWS's quotas of requests per second, and how a test asks for them.

Source: KMS Developer Guide, "Request quotas" ("Request quotas for each AWS KMS API operation", "Shared quotas").
"""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

SYMMETRIC_RATES: Mapping[str, float] = {
    **dict.fromkeys(("us-east-1", "us-west-2", "eu-west-1"), 100_000.0),
    **dict.fromkeys(
        ("us-east-2", "ap-southeast-1", "ap-southeast-2", "ap-northeast-1", "eu-central-1", "eu-west-2"), 20_000.0
    ),
}
"""The rate of Symmetric in the Regions where it is not the usual one."""

RATES: Mapping[str, float] = {
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
    "GetParametersForImport": 1.0,
    "LookupEvents": 2.0,
    **dict.fromkeys(
        (
            *("CancelKeyDeletion", "ConnectCustomKeyStore", "CreateAlias", "CreateCustomKeyStore", "CreateKey"),
            *("DeleteCustomKeyStore", "DescribeCustomKeyStores", "DisableKey", "DisableKeyRotation"),
            *("DisconnectCustomKeyStore", "EnableKey", "GetKeyLastUsage", "ReplicateKey", "RotateKeyOnDemand"),
            *("UntagResource", "UpdateAlias", "UpdateCustomKeyStore", "UpdateKeyDescription", "UpdatePrimaryRegion"),
        ),
        5.0,
    ),
    "TagResource": 10.0,
    **dict.fromkeys(
        (
            *("DeleteAlias", "DeleteImportedKeyMaterial", "EnableKeyRotation", "ImportKeyMaterial"),
            *("PutKeyPolicy", "ScheduleKeyDeletion"),
        ),
        15.0,
    ),
    **dict.fromkeys(("CreateGrant", "RetireGrant", "RevokeGrant"), 50.0),
    **dict.fromkeys(("ListGrants", "ListKeyPolicies", "ListKeyRotations", "ListRetirableGrants"), 100.0),
    **dict.fromkeys(("ListAliases", "ListKeys"), 500.0),
    **dict.fromkeys(("GetKeyPolicy", "GetKeyRotationStatus"), 1_000.0),
    **dict.fromkeys(("DescribeKey", "GetPublicKey", "ListResourceTags"), 2_000.0),
}
"""Requests per second of an account in a Region, by quota: an operation's own, or one that several share."""

_AWS = re.compile(r"aws(?:\*(?P<factor>\S+))?")


@dataclass(frozen=True, slots=True)
class RequestQuotas:
    """Which quotas are held: AWS's times a factor (None: not those), and some with a rate of the test's own.

    Its text: `off`, `aws`, `aws*0.01`, `CreateKey=1,Symmetric=5`, `aws,CreateKey=1`.
    """

    factor: float | None = None
    rates: Mapping[str, float] = field(default_factory=dict, hash=False)

    @classmethod
    def parse(cls, text: str) -> "RequestQuotas":
        """Read the text. Raises ValueError."""
        factor, rates = None, {}
        for part in (part.strip() for part in text.split(",")):
            found = _AWS.fullmatch(part)
            name, equals, rate = part.partition("=")
            if found is not None:
                factor = _positive(found["factor"] or "1", part)
            elif equals:
                if name.strip() not in RATES:
                    raise ValueError(f"there is no request quota {name!r}; choose from {', '.join(sorted(RATES))}")
                rates[name.strip()] = _positive(rate, part)
            elif part not in ("", "off"):
                raise ValueError(f"expected off, aws, aws*0.01, or rates such as Symmetric=5,CreateKey=1; got {text!r}")
        return cls(factor, rates)

    def rate(self, quota: str, region: str) -> float | None:
        """How many requests per second the quota lets through; None: any number."""
        own = self.rates.get(quota)
        if own is not None or self.factor is None or quota not in RATES:
            return own
        rate = SYMMETRIC_RATES.get(region, RATES[quota]) if quota == "Symmetric" else RATES[quota]
        return rate * self.factor

    def __bool__(self) -> bool:
        """Whether any is held."""
        return self.factor is not None or bool(self.rates)

    def __str__(self) -> str:
        """The text that `parse` reads back to an equal value."""
        parts = [] if self.factor is None else ["aws" if self.factor == 1 else f"aws*{self.factor!r}"]
        return ",".join([*parts, *(f"{name}={rate!r}" for name, rate in self.rates.items())]) or "off"


OFF = RequestQuotas()
"""Everything is let through."""


def _positive(text: str, part: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 < value <= 1e9:
        raise ValueError(f"expected a number above 0 and up to 1e9, got {part!r}")
    return value
