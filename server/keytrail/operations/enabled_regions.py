"""The Regions of the caller's partition, and which of them its account has enabled: for EC2 and Account Management.

Source: kms-behaviour O. Keytrail has no operation that enables a Region, and works in all of them. In AWS an account
has keys only in Regions that it has enabled. So one that needs to be enabled is so while the account has keys there.
"""

from collections.abc import Sequence
from typing import NamedTuple

from keytrail.call import Call
from keytrail.domain.arn import partition_of
from keytrail.regions import needs_opt_in, regions_by_partition


class AccountRegion(NamedTuple):
    """A Region as an account has it."""

    name: str
    partition: str
    opt_in: bool
    """Whether an account must enable it before it can use it."""
    enabled: bool


def regions_of(call: Call) -> Sequence[AccountRegion]:
    """All Regions of the partition that the call was sent to, in the order of their names."""
    partition, extra = partition_of(call.region), call.settings.extra_regions
    names = {*regions_by_partition()[partition], *(name for name in extra if partition_of(name) == partition)}
    return [_account_region(call, name, partition) for name in sorted(names)]


def _account_region(call: Call, name: str, partition: str) -> AccountRegion:
    opt_in = needs_opt_in(name, partition, call.settings.extra_regions)
    enabled = not opt_in or bool(call.view.keys_after(call.account, name, "", 1))
    return AccountRegion(name, partition, opt_in, enabled)
