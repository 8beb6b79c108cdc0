"""The names of AWS's Regions, in all partitions, and which of them an account must enable.

`server/build_model.py` writes the file from botocore, when the package is built. Only this module reads it.
"""

from collections.abc import Collection, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from keytrail.spelling import suggestion

_FILE = Path(__file__).parent / "regions.json"

_WITHOUT_OPT_IN = frozenset(
    {
        *("ap-northeast-1", "ap-northeast-2", "ap-northeast-3", "ap-south-1", "ap-southeast-1", "ap-southeast-2"),
        *("ca-central-1", "eu-central-1", "eu-north-1", "eu-west-1", "eu-west-2", "eu-west-3", "sa-east-1"),
        *("us-east-1", "us-east-2", "us-west-1", "us-west-2"),
    }
)
"""The Regions of the partition `aws` that every account has: those from before March 2019 (kms-behaviour O.1)."""


@cache
def _document() -> Mapping[str, Mapping[str, Any]]:
    import json  # imported late, so that `keytrail --help` answers faster

    document: Mapping[str, Mapping[str, Any]] = json.loads(_FILE.read_bytes())
    return document


@cache
def regions_by_partition() -> Mapping[str, tuple[str, ...]]:
    """The Regions of each partition (`aws`, `aws-cn`, ...), as botocore's list had them at build time."""
    return {partition: tuple(names) for partition, names in _document()["partitions"].items()}


def domain_of(partition: str) -> str:
    """The domain of the host names of a partition: `amazonaws.com` for `aws`."""
    domain: str = _document()["domains"][partition]
    return domain


def needs_opt_in(name: str, partition: str, extra: Collection[str]) -> bool:
    """Whether an account must enable the Region before it can use it. None of `extra` needs that."""
    # unverified: that no other partition than `aws` has such Regions; AWS's docs have lists of `aws` only
    return partition == "aws" and name not in _WITHOUT_OPT_IN and name not in extra


@cache
def _known() -> frozenset[str]:
    return frozenset(name for names in regions_by_partition().values() for name in names)


def is_region(name: str, extra: Collection[str]) -> bool:
    """Whether AWS has a Region of this name, or it is one of `extra`."""
    return name in extra or name in _known()


def region_problem(name: str, extra: Collection[str]) -> str | None:
    """What is wrong with the name of a Region, and what would be right; None if it is one, or one of `extra`."""
    if is_region(name, extra):
        return None
    near = suggestion(name, {*_known(), *extra}) or "; expected one such as us-east-1"
    return f"AWS has no Region {name}{near} (--extra-regions {name}, or KEYTRAIL_EXTRA_REGIONS, would allow it)"
