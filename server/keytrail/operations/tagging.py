"""The operations of the AWS Resource Groups Tagging API, on the tags of keys.

Source: Resource Groups Tagging API Reference; answers of 2026-09 (radkawar/stackd, folder resourcegroupstaggingapi);
kms-behaviour K.
"""

import binascii
import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from itertools import islice

from keytrail.call import Call, Refused, Reply
from keytrail.domain.arn import partition_of
from keytrail.domain.forwarding_service import ForwardingService
from keytrail.domain.key import Key
from keytrail.messages import Later
from keytrail.operation import operation
from keytrail.service_errors import (
    ConstraintViolationException,
    InvalidParameterException,
    PaginationTokenExpiredException,
)
from keytrail.store.tagged_keys import TagFilter

TOKEN_LIFE = timedelta(minutes=15)
"""How long a pagination token is good for. Source: API Reference, PaginationTokenExpiredException."""

_SERVICE, _MODEL = ForwardingService("tagging"), "resourcegroupstaggingapi"
_TYPES = frozenset({"kms", "kms:key"})
"""The resource type filters that keys fit."""

# unverified: both; the API Reference names only the limits of what can be asked for
_RESOURCES_PER_PAGE = 50
_NAMES_PER_PAGE = 100

_MAX_RESOURCES_PER_PAGE = 100
_MIN_TAGS_PER_PAGE, _MAX_TAGS_PER_PAGE = 100, 500

_COMPLIANT = {
    "NoncompliantKeys": (),
    "KeysWithNoncompliantValues": (),
    "MissingTagKeys": (),
    "ComplianceStatus": True,
}
"""The ComplianceDetails of every resource in an account without tag policies, which are not here."""

Tags = Sequence[Mapping[str, object]]


def _check_get_resources(members: Mapping[str, object]) -> None:
    """Check what a request has beside a list of ARNs, which allows nothing of it; then all ranges."""
    sizes = members.keys() & {"ResourcesPerPage", "TagsPerPage"}
    if members.get("ResourceARNList"):
        if sizes:
            raise InvalidParameterException("Page size is not supported with ResourceARNList.")
        if members.get("TagFilters"):
            raise InvalidParameterException("Filters is not allowed when providing a resource list.")
        if members.get("ResourceTypeFilters"):
            raise InvalidParameterException("ResourceTypeFilters is not allowed when providing a ResourceARNList.")
    if members.get("ExcludeCompliantResources") and not members.get("IncludeComplianceDetails"):
        raise InvalidParameterException("You must specify the IncludeComplianceDetails parameter and set it to true.")
    # unverified: the words about ranges; the API Reference says only which code they have
    _require_between(members, "ResourcesPerPage", 1, _MAX_RESOURCES_PER_PAGE)
    _require_between(members, "TagsPerPage", _MIN_TAGS_PER_PAGE, _MAX_TAGS_PER_PAGE)
    filters = members.get("ResourceTypeFilters")
    if isinstance(filters, list) and "" in filters:
        raise InvalidParameterException(" is unsupported ResourceType.")


def _require_between(members: Mapping[str, object], name: str, least: int, most: int) -> None:
    value = members.get(name, least)
    if isinstance(value, int) and not least <= value <= most:
        raise InvalidParameterException(f"{name} must be between {least} and {most}.")


@operation(service=_MODEL, authorization="*", rules=_check_get_resources)
def get_resources(
    call: Call,
    *,
    pagination_token: str = "",
    tag_filters: Sequence[Mapping[str, object]] = (),
    resources_per_page: int = _RESOURCES_PER_PAGE,
    tags_per_page: int | None = None,
    resource_type_filters: Sequence[str] = (),
    include_compliance_details: bool = False,
    exclude_compliant_resources: bool = False,
    resource_arn_list: Sequence[str] = (),
) -> Reply:
    """List the keys that have tags, or had some, with their tags: those that fit the filters, or those in the list.

    There are no tag policies, so every key is compliant.
    """
    filters = [_tag_filter(each) for each in tag_filters]
    query = (sorted(filters), sorted(resource_type_filters), sorted(resource_arn_list), exclude_compliant_resources)
    after = _position(call, query, pagination_token) or ""
    token = ""
    if resource_arn_list:
        found = [call.view.key(arn) for arn in dict.fromkeys(resource_arn_list)]
        keys = [key for key in found if key is not None and key.ever_tagged and _is_here(call, key)]
    elif resource_type_filters and not _TYPES & set(resource_type_filters):
        keys = []
    else:
        listed = call.view.tagged_keys.after(call.account, call.region, filters, after, resources_per_page)
        keys = list(islice(listed, _fitting_in_page(listed, tags_per_page)))
        # As recorded: a page that is full has a token, even if nothing follows.
        if len(listed) == resources_per_page or len(keys) < len(listed):
            token = _token(call, query, keys[-1].key_id)
    if exclude_compliant_resources:
        keys = []
    compliance = {"ComplianceDetails": _COMPLIANT} if include_compliance_details else {}
    mappings = [{"ResourceARN": key.arn, "Tags": _tags_of(key), **compliance} for key in keys]
    return {"PaginationToken": token, "ResourceTagMappingList": mappings}


def _tag_filter(member: Mapping[str, object]) -> TagFilter:
    key, values = member.get("Key"), member.get("Values", ())
    if not isinstance(key, str) or not isinstance(values, Sequence):
        # unverified: the words; the API Reference says only that a filter must have a key
        raise InvalidParameterException("A TagFilter must contain a Key.")
    return key, tuple(values)


def _is_here(call: Call, key: Key) -> bool:
    return key.account == call.account and key.region == call.region


def _fitting_in_page(keys: Sequence[Key], tags_per_page: int | None) -> int:
    """How many of the keys have together at most so many tags, where a key without tags counts as one with one."""
    if tags_per_page is None:
        return len(keys)
    count = 0
    for number, key in enumerate(keys):
        count += max(len(key.tags), 1)
        if count > tags_per_page:
            return number
    return len(keys)


def _tags_of(key: Key) -> Tags:
    """The tags of a key, in the order in which they were added."""
    return [{"Key": name, "Value": value} for name, value in key.tags.items()]


@operation(service=_MODEL, authorization="*")
def get_tag_keys(call: Call, *, pagination_token: str = "") -> Reply:
    """List the tag keys in use in the account and Region."""
    after = _position(call, (), pagination_token)
    names = call.view.tagged_keys.tag_keys_after(call.account, call.region, after, _NAMES_PER_PAGE)
    return {"PaginationToken": _token_after_page(call, (), names), "TagKeys": names}


@operation(service=_MODEL, authorization="*")
def get_tag_values(call: Call, *, key: str, pagination_token: str = "") -> Reply:
    """List the values in use of a tag key in the account and Region, in the order of their characters."""
    after = _position(call, (key,), pagination_token)
    names = call.view.tagged_keys.tag_values_after(call.account, call.region, key, after, _NAMES_PER_PAGE)
    return {"PaginationToken": _token_after_page(call, (key,), names), "TagValues": names}


# ---- Pagination tokens: they name the list, the last entry of its page, and the moment


def _token_after_page(call: Call, query: object, names: Sequence[str]) -> str:
    return _token(call, query, names[-1]) if len(names) == _NAMES_PER_PAGE else ""


def _token(call: Call, query: object, last: str) -> str:
    place = f"{call.now.isoformat()}/{last}".encode()
    return binascii.b2a_base64(_seal(call, query, place) + place, newline=False).decode()


def _position(call: Call, query: object, token: str) -> str | None:
    """The last entry of the page before; None on the first page.

    Raises InvalidParameterException for a token that is not of this list, and PaginationTokenExpiredException.
    """
    if not token:
        return None
    # unverified: the words of both refusals; not in AWS's docs, recordings or issues
    try:
        data = binascii.a2b_base64(token.encode(), strict_mode=True)
    except ValueError:
        data = b""
    seal, place = data[:_SEAL], data[_SEAL:]
    if not place or _seal(call, query, place) != seal:
        raise InvalidParameterException("The PaginationToken is not valid.")
    moment, _, last = place.decode().partition("/")
    if call.now - datetime.fromisoformat(moment) > TOKEN_LIFE:
        raise PaginationTokenExpiredException("The PaginationToken has expired.")
    return last


_SEAL = 16


def _seal(call: Call, query: object, place: bytes) -> bytes:
    """Bytes that only a token of this list and this place has."""
    list_id = repr((call.operation, call.account, call.region, query))
    return hashlib.sha256(list_id.encode() + place).digest()[:_SEAL]


# ---- Tagging: KMS's own operations, called for each key on behalf of the caller


def _check_arns(members: Mapping[str, object]) -> None:
    arns = members["ResourceARNList"]
    assert isinstance(arns, list)
    for arn in arns:
        words = arn.split(":", 5)
        if len(words) < 6 or words[0] != "arn" or words[2] != "kms" or not words[5].startswith("key/"):
            raise InvalidParameterException(f"{arn} is not a valid AmazonResourceName (ARN)")


def _check_tag_resources(members: Mapping[str, object]) -> None:
    _check_arns(members)
    tags = members["Tags"]
    assert isinstance(tags, Mapping)
    if any(name.lower().startswith("aws:") for name in tags):
        raise InvalidParameterException("The caller isn't allowed to modify system tags.")


@operation(service=_MODEL, authorization="*", rules=_check_tag_resources, logged_reply="reply")
def tag_resources(call: Call, *, resource_arn_list: Sequence[str], tags: Mapping[str, str]) -> Later[Reply]:
    """Add tags to keys, by KMS's TagResource for each."""
    pairs = [{"TagKey": name, "TagValue": value} for name, value in tags.items()]
    return _for_each(call, "TagResource", resource_arn_list, {"Tags": pairs})


@operation(service=_MODEL, authorization="*", rules=_check_arns, logged_reply="reply")
def untag_resources(call: Call, *, resource_arn_list: Sequence[str], tag_keys: Sequence[str]) -> Later[Reply]:
    """Remove tags from keys, by KMS's UntagResource for each."""
    return _for_each(call, "UntagResource", resource_arn_list, {"TagKeys": tag_keys})


def _for_each(call: Call, name: str, arns: Sequence[str], members: Mapping[str, object]) -> Later[Reply]:
    """The reply after KMS's operation was called for each key; FailedResourcesMap has what KMS refused.

    It is a `Later`, for fault rules can make KMS slow.
    """
    partition = partition_of(call.region)
    elsewhere = next((arn for arn in arns if arn.split(":")[1] != partition), None)
    if elsewhere is not None:  # unverified: the words; the API Reference says only which code it is
        raise InvalidParameterException(f"{elsewhere} is not a valid AmazonResourceName (ARN)")

    def work() -> Reply:
        failed = {}
        for arn in dict.fromkeys(arns):
            refused = call.forward(call, _SERVICE, name, {"KeyId": arn, **members})
            if refused is not None:
                failed[arn] = _failure(refused)
        return {"FailedResourcesMap": failed}

    return Later(work)


def _failure(refused: Refused) -> Reply:
    message = {} if refused.message is None else {"ErrorMessage": refused.message}
    return {"StatusCode": refused.status, "ErrorCode": refused.code, **message}


# ---- Tag policies: an account that has none


@operation(service=_MODEL, authorization="*")
def list_required_tags(call: Call, *, next_token: str = "", max_results: int = 200) -> Reply:
    """List the tags that tag policies require: none."""
    _position(call, (), next_token)
    return {"RequiredTags": ()}


@operation(service=_MODEL, authorization="*")
def get_compliance_summary(call: Call) -> Reply:
    """Refuse, as for every account without tag policies."""
    raise _no_tag_policies()


@operation(service=_MODEL, authorization="*")
def describe_report_creation(call: Call) -> Reply:
    """Refuse, as for every account without tag policies."""
    raise _no_tag_policies()


@operation(service=_MODEL, authorization="*")
def start_report_creation(call: Call) -> Reply:
    """Refuse, as for every account without tag policies."""
    # unverified: recorded only of the other two; the model declares it for all three
    raise _no_tag_policies()


def _no_tag_policies() -> ConstraintViolationException:
    return ConstraintViolationException(
        "Access to tag policies is not enabled. To enable it, run the AWS Organizations EnableAWSServiceAccess action "
        "and specify tagpolicies.tag.amazonaws.com for the service principal."
    )
