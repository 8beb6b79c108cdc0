"""Condition keys about the key of a request: one that exists, or one that CreateKey or ReplicateKey is about to make.

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
    """What conditions ask of a key that is about to be made, named as a Key names it."""

    spec: object
    usage: object
    origin: object
    multi_region: bool
    multi_region_key_type: str | None


def _created(context: RequestContext) -> _NewKey:
    multi_region = bool(context.member("MultiRegion"))
    return _NewKey(
        spec=context.member("KeySpec") or context.member("CustomerMasterKeySpec") or SYMMETRIC_DEFAULT,
        usage=context.member("KeyUsage") or KeyUsage.ENCRYPT_DECRYPT,
        origin=context.member("Origin"),
        multi_region=multi_region,
        multi_region_key_type="PRIMARY" if multi_region else None,
    )


def _replica(context: RequestContext) -> _NewKey | None:
    """Of the first key that the request has resolved: the primary key."""
    if not context.facts.keys:
        return None
    primary = context.facts.keys[0]
    # unverified: that CreateKey for a replica sees of it what it will have of its primary key
    return _NewKey(primary.spec, primary.usage, primary.origin, True, "REPLICA")


_NEW_KEYS: Mapping[str, Callable[[RequestContext], _NewKey | None]] = {
    "CreateKey": _created,
    "ReplicateKey": _replica,
}


def _key(context: RequestContext) -> Key | _NewKey | None:
    """The key that the action is on; else the key that the request is about to make."""
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
    """What the key is for, such as ENCRYPT_DECRYPT."""
    key = _key(context)
    return key.usage if key is not None else None


@condition_key("kms:KeyOrigin")
def key_origin(context: RequestContext) -> object:
    """Where the key's material comes from, such as AWS_KMS."""
    key = _key(context)
    return key.origin if key is not None else None


@condition_key("kms:MultiRegion")
def multi_region(context: RequestContext) -> object:
    """Whether the key is a multi-Region key."""
    key = _key(context)
    return key.multi_region if key is not None else None


@condition_key("kms:MultiRegionKeyType")
def multi_region_key_type(context: RequestContext) -> object:
    """PRIMARY or REPLICA; no other key has the condition key."""
    key = _key(context)
    if key is None or isinstance(key, _NewKey):
        return key.multi_region_key_type if key is not None else None
    related = context.facts.store.multi_region_set(key)
    if related is None:
        return None
    return "PRIMARY" if related.primary == key.region else "REPLICA"


@condition_key("kms:ResourceAliases")
def resource_aliases(context: RequestContext) -> object:
    """The names of the key's aliases."""
    if context.key is None:
        return None
    aliases = context.facts.store.visible.aliases_of_after(context.key, "", MAX_ALIASES_PER_KEY)
    return [alias.name for alias in aliases]


@condition_key("kms:TrailingDaysWithoutKeyUsage")
def trailing_days_without_key_usage(context: RequestContext) -> object:
    """Whole days since the last use, or since there could have been one. Source: kms-behaviour C.7."""
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
    """The account in the resource's ARN; of `*`, the caller's."""
    parts = context.resource.split(":")
    return parts[4] if len(parts) > 5 else context.facts.account


@condition_key("aws:ResourceOrgID")
def resource_organization(context: RequestContext) -> object:
    """The organization of the resource's account."""
    (account,) = context["aws:resourceaccount"] or ("",)
    membership = context.policies.memberships.get(account)
    return membership.organization_id if membership is not None else None
