"""Condition keys about the key of a request: an existing one, or the one that CreateKey or ReplicateKey creates.

Source: KMS Developer Guide, "Condition keys for AWS KMS" and "Creating multi-Region replica keys".
"""

from collections.abc import Callable, Mapping
from typing import NamedTuple

from keytrail.authorization.condition_keys.context import RequestContext, condition_key
from keytrail.domain.alias import MAX_ALIASES_PER_KEY
from keytrail.domain.key import Key
from keytrail.domain.key_spec import SYMMETRIC_DEFAULT, KeyUsage
from keytrail.domain.last_usage import trailing_days_without_usage


class _NewKey(NamedTuple):
    """The attributes of a key that is to be created, under the names of `Key`."""

    spec: object
    usage: object
    origin: object
    multi_region: bool
    multi_region_key_type: str | None


def _key_to_create(context: RequestContext) -> _NewKey:
    multi_region = bool(context.member("MultiRegion"))
    return _NewKey(
        spec=context.member("KeySpec") or context.member("CustomerMasterKeySpec") or SYMMETRIC_DEFAULT,
        usage=context.member("KeyUsage") or KeyUsage.ENCRYPT_DECRYPT,
        origin=context.member("Origin"),
        multi_region=multi_region,
        multi_region_key_type="PRIMARY" if multi_region else None,
    )


def _replica_to_create(context: RequestContext) -> _NewKey | None:
    """The replica of the primary key, which is the first key that the caller was allowed to use."""
    if not context.facts.keys:
        return None
    primary = context.facts.keys[0]
    # unverified: that conditions on kms:CreateKey see these attributes of a replica; not in AWS's docs or recordings
    return _NewKey(primary.spec, primary.usage, primary.origin, True, "REPLICA")


_NEW_KEYS: Mapping[str, Callable[[RequestContext], _NewKey | None]] = {
    "CreateKey": _key_to_create,
    "ReplicateKey": _replica_to_create,
}


def _key(context: RequestContext) -> Key | _NewKey | None:
    """The key that the action is on, or else the key that the request is to create."""
    if context.key is not None:
        return context.key
    new_key = _NEW_KEYS.get(context.facts.operation)
    return new_key(context) if new_key is not None else None


@condition_key("kms:KeySpec", "kms:CustomerMasterKeySpec")
def key_spec(context: RequestContext) -> object:
    """The key's spec, such as SYMMETRIC_DEFAULT."""
    key = _key(context)
    return key.spec if key is not None else None


@condition_key("kms:KeyUsage", "kms:CustomerMasterKeyUsage")
def key_usage(context: RequestContext) -> object:
    """The key's usage, such as ENCRYPT_DECRYPT."""
    key = _key(context)
    return key.usage if key is not None else None


@condition_key("kms:KeyOrigin")
def key_origin(context: RequestContext) -> object:
    """The origin of the key's material, such as AWS_KMS."""
    key = _key(context)
    return key.origin if key is not None else None


@condition_key("kms:MultiRegion")
def multi_region(context: RequestContext) -> object:
    """Whether the key is a multi-Region key."""
    key = _key(context)
    return key.multi_region if key is not None else None


@condition_key("kms:MultiRegionKeyType")
def multi_region_key_type(context: RequestContext) -> object:
    """PRIMARY or REPLICA. Requests on single-Region keys do not have this condition key."""
    key = _key(context)
    if key is None or isinstance(key, _NewKey):
        return key.multi_region_key_type if key is not None else None
    keys = context.facts.store.multi_region_set(key)
    if keys is None:
        return None
    return "PRIMARY" if keys.primary == key.region else "REPLICA"


@condition_key("kms:ResourceAliases")
def resource_aliases(context: RequestContext) -> object:
    """The names of the key's aliases."""
    if context.key is None:
        return None
    aliases = context.facts.store.visible.aliases_of_after(context.key, "", MAX_ALIASES_PER_KEY)
    return [alias.name for alias in aliases]


@condition_key("kms:TrailingDaysWithoutKeyUsage")
def trailing_days_without_key_usage(context: RequestContext) -> object:
    """Whole days since the last use; without a use, since tracking of the key began. Source: kms-behaviour C.7."""
    key, facts = context.key, context.facts
    if key is None or context.action not in ("kms:DisableKey", "kms:ScheduleKeyDeletion"):
        return None
    use = facts.trail.last_use(key.arn, facts.now)
    return trailing_days_without_usage(
        facts.now,
        last_usage=use.timestamp if use is not None else None,
        tracking_start_date=max(facts.settings.tracking_start, key.creation_date),
    )


@condition_key("aws:ResourceAccount")
def resource_account(context: RequestContext) -> str:
    """The account in the resource's ARN; for `*`, the caller's account."""
    parts = context.resource.split(":")
    return parts[4] if len(parts) > 5 else context.facts.account


@condition_key("aws:ResourceOrgID")
def resource_organization(context: RequestContext) -> object:
    """The organization of the resource's account."""
    (account,) = context["aws:resourceaccount"] or ("",)
    membership = context.policies.memberships.get(account)
    return membership.organization_id if membership is not None else None
