"""The members of a seed document about faults: fault rules, and errors behind custom key stores."""

from typing import Annotated, Literal

from msgspec import Meta

from keytrail.seeds.member_types import AccountId, FaultService, Members, RegionName


class LatencyMember(Members, frozen=True, kw_only=True):
    """A random latency in milliseconds. Sigma is the standard deviation of the logarithm."""

    distribution: Literal["uniform", "normal", "lognormal"]
    low: float | None = None
    high: float | None = None
    mean: float | None = None
    deviation: float | None = None
    median: float | None = None
    sigma: float | None = None


MOST_COUNTED = 10_000_000
"""The most calls that a fault rule may have counted when it is added: their random numbers are drawn again."""


class FaultMember(Members, frozen=True, kw_only=True):
    """A fault rule: which calls it is about, which of them it strikes (by default all), and what happens to those."""

    service: FaultService = "kms"
    operations: str | list[str] = []
    key_id: Annotated[str, Meta(min_length=1, description="id or ARN of a key, or of an alias")] | None = None
    account: Annotated[AccountId, Meta(description="12 digits, in quotes: the caller's")] | None = None
    region: RegionName | None = None
    call: Annotated[int, Meta(ge=1, description="strike on the n-th call alone")] | None = None
    count: Annotated[int, Meta(ge=1, description="strike so many times")] | None = None
    probability: Annotated[float, Meta(ge=0, le=1)] | None = None
    seed: int = 0
    error: Annotated[str, Meta(description="code of an error: KMSInternalException")] | None = None
    message: Annotated[str, Meta(max_length=8192)] | None = None
    latency: Annotated[float, Meta(description="milliseconds")] | LatencyMember | None = None
    drop: Literal["before", "after"] | None = None
    truncate: Annotated[int, Meta(ge=0, description="bytes of the body that are sent")] | None = None
    calls: Annotated[
        int, Meta(ge=0, le=MOST_COUNTED, description="how many calls it was about so far", examples=[3])
    ] = 0
    hits: Annotated[int, Meta(ge=0, le=MOST_COUNTED, description="how many of these it struck", examples=[2])] = 0


class ExternalErrorMember(Members, frozen=True, kw_only=True):
    """An error of a cluster, proxy, VPC endpoint service or external key, which operations that need it answer."""

    cloud_hsm_cluster_id: str | None = None
    xks_proxy_uri_endpoint: str | None = None
    xks_proxy_vpc_endpoint_service_name: str | None = None
    xks_key_id: str | None = None
    error: Annotated[str, Meta(description="code of an error", examples=["CloudHsmClusterNotActiveException"])]
