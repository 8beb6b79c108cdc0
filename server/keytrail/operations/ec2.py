"""DescribeRegions of Amazon EC2, which many tools ask for the Regions of an account.

Source: EC2 API Reference, "DescribeRegions", "DryRun" and "Filters"; kms-behaviour O.2.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from fnmatch import translate

from keytrail.call import Call, Reply
from keytrail.errors import InvalidParameterValue
from keytrail.operation import operation
from keytrail.operations.enabled_regions import AccountRegion, regions_of
from keytrail.regions import domain_of

_Filter = Mapping[str, object]


def _check_members(members: Mapping[str, object]) -> None:
    """Check the names of the filters."""
    for each in _filters(members):
        if each.get("Name") not in _FILTERS:
            raise InvalidParameterValue(f"The filter '{each.get('Name') or 'null'}' is invalid")


@operation(service="ec2", authorization="*", modelled=False, rules=_check_members, logged_request=False)
def describe_regions(
    call: Call,
    *,
    region_names: Sequence[str] = (),
    all_regions: bool = False,
    filters: Sequence[_Filter] = (),
) -> Reply:
    """Describe the Regions that the account has enabled, those that it names, or all of them."""
    call.further_parameters = _request_parameters(call.members)
    regions = regions_of(call)
    # unverified: that the message names all unknown Regions, and how it separates them; reported with one of them
    # (awslabs/amazon-s3-tar-tool #7)
    if unknown := [name for name in region_names if name not in {region.name for region in regions}]:
        raise InvalidParameterValue(f"Invalid region: [{', '.join(unknown)}]")
    listed = [
        region
        for region in regions
        if (region.name in region_names if region_names else all_regions or region.enabled)
        and all(_matches(region, each) for each in filters)
    ]
    return {"Regions": [{name: of(region) for name, of in _MEMBERS.items()} for region in listed]}


def _endpoint(region: AccountRegion) -> str:
    return f"ec2.{region.name}.{domain_of(region.partition)}"


def _opt_in_status(region: AccountRegion) -> str:
    if not region.opt_in:
        return "opt-in-not-required"
    return "opted-in" if region.enabled else "not-opted-in"


# unverified: the values of Geography, so it is left out; AWS's docs and recordings have them of zones only
_MEMBERS: Mapping[str, Callable[[AccountRegion], str]] = {
    "OptInStatus": _opt_in_status,
    "RegionName": lambda region: region.name,
    "Endpoint": _endpoint,
}
"""The members of a Region in the answer."""

_FILTERS: Mapping[str, Callable[[AccountRegion], str]] = {
    "endpoint": _endpoint,
    "opt-in-status": _opt_in_status,
    "region-name": lambda region: region.name,
}
"""What a filter compares its values with, by its name."""


def _filters(members: Mapping[str, object]) -> Sequence[_Filter]:
    filters = members.get("Filters", ())
    assert isinstance(filters, Sequence)
    return filters


def _values(given: _Filter) -> Sequence[str]:
    values = given.get("Values", ())
    assert isinstance(values, Sequence)
    return values


def _matches(region: AccountRegion, given: _Filter) -> bool:
    """Whether one of a filter's values matches; `*` and `?` in them are wildcards."""
    text = _FILTERS[str(given["Name"])](region)
    return any(re.fullmatch(translate(value.replace("[", "[[]")), text) for value in _values(given))


def _request_parameters(members: Mapping[str, object]) -> dict[str, object]:
    """The requestParameters of the event, in the form that EC2's events have: lists are `items` of a set."""
    # unverified: the names; in records of other EC2 operations, such as DescribeInstances, lists have this form
    parameters: dict[str, object] = {}
    names = members.get("RegionNames", ())
    assert isinstance(names, Sequence)
    parameters["regionSet"] = _set([{"regionName": name} for name in names])
    if filters := _filters(members):
        shown = [{"name": each["Name"], "valueSet": _set([{"value": v} for v in _values(each)])} for each in filters]
        parameters["filterSet"] = _set(shown)
    if "AllRegions" in members:
        parameters["allRegions"] = members["AllRegions"]
    return parameters


def _set(items: list[dict[str, object]]) -> dict[str, object]:
    return {"items": items} if items else {}
