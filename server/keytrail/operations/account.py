"""ListRegions of AWS Account Management.

Source: Account Management API Reference; requests and answers of 2026-09 (radkawar/stackd, account/regions.json and
account/validation.json; kms-behaviour O.1).
"""

import hashlib
from collections.abc import Mapping, Sequence

from keytrail.call import Call, Reply
from keytrail.errors import AccessDeniedException, FieldValidationFailed, ValidationException
from keytrail.operation import operation
from keytrail.operations.enabled_regions import AccountRegion, regions_of

_PAGE, _MAX_PAGE = 20, 50
_MAX_TOKEN = 1000
_STATUSES = ("ENABLED", "ENABLING", "DISABLING", "DISABLED", "ENABLED_BY_DEFAULT")
_POSSIBLE = ",".join(f'"{status}"' for status in _STATUSES)


def _check_members(members: Mapping[str, object]) -> None:
    """Check the service model's constraints, in the words of the JSON schema validator that Account Management has."""
    # unverified: the words for numbers and lengths; those for enums were recorded, and are of a validator whose other
    # words are known (java-json-tools/json-schema-validator, its messages)
    size = members.get("MaxResults", _PAGE)
    assert isinstance(size, int)
    if size < 1:
        raise _invalid(f"numeric instance is lower than the required minimum (minimum: 1, found: {size})")
    if size > _MAX_PAGE:
        raise _invalid(f"numeric instance is greater than the required maximum (maximum: {_MAX_PAGE}, found: {size})")
    token = str(members.get("NextToken", ""))
    if len(token) > _MAX_TOKEN:
        found = f"length: {len(token)}, maximum allowed: {_MAX_TOKEN}"
        raise _invalid(f'string "{token}" is too long ({found})')
    statuses = members.get("RegionOptStatusContains", ())
    assert isinstance(statuses, Sequence)
    for status in statuses:
        if status not in _STATUSES:
            raise _invalid(f'instance value ("{status}") not found in enum (possible values: [{_POSSIBLE}])')


def _invalid(problem: str) -> ValidationException:
    return ValidationException(f"[{problem}]")


@operation(service="account", authorization="*", modelled=False, rules=_check_members)
def list_regions(
    call: Call,
    *,
    account_id: str | None = None,
    max_results: int = _PAGE,
    next_token: str | None = None,
    region_opt_status_contains: Sequence[str] = (),
) -> Reply:
    """List the Regions of the caller's partition with their status in the caller's account, by their names."""
    if account_id is not None:  # it takes trusted access for Account Management, which no organization here has
        raise AccessDeniedException(f"User: {call.principal.arn} is not authorized to perform: account:ListRegions")
    regions = [region for region in regions_of(call) if _is_listed(region, region_opt_status_contains)]
    first = 0
    if next_token is not None:
        position = {_token(call, region, region_opt_status_contains): at for at, region in enumerate(regions)}
        if next_token not in position:
            raise FieldValidationFailed("NextToken", "NextToken is malformed")
        first = position[next_token]
    shown = regions[first : first + max_results]
    reply: dict[str, object] = {
        "Regions": [{"RegionName": region.name, "RegionOptStatus": _status(region)} for region in shown]
    }
    if first + max_results < len(regions):
        reply["NextToken"] = _token(call, regions[first + max_results], region_opt_status_contains)
    return reply


def _status(region: AccountRegion) -> str:
    if not region.opt_in:
        return "ENABLED_BY_DEFAULT"
    return "ENABLED" if region.enabled else "DISABLED"


def _is_listed(region: AccountRegion, statuses: Sequence[str]) -> bool:
    return not statuses or _status(region) in statuses


def _token(call: Call, next_region: AccountRegion, statuses: Sequence[str]) -> str:
    """The token of a page that begins with a Region; it works only for the same list."""
    page = repr((call.account, sorted(set(statuses)), next_region.name))
    return hashlib.sha256(page.encode()).hexdigest()
