"""The names of AWS's Regions, in all partitions.

`server/build_model.py` writes the file from botocore, when the package is built. Only this module reads it.
"""

from collections.abc import Collection, Mapping
from functools import cache
from pathlib import Path

from keytrail.spelling import suggestion

_FILE = Path(__file__).parent / "regions.json"


@cache
def regions_by_partition() -> Mapping[str, tuple[str, ...]]:
    """The Regions of each partition (`aws`, `aws-cn`, ...), as botocore's list had them at build time."""
    import json  # imported late, so that `keytrail --help` answers faster

    document = json.loads(_FILE.read_bytes())
    return {partition: tuple(names) for partition, names in document["partitions"].items()}


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
