"""Keys: create, describe, list, enable, disable, describe anew, delete.

Source: KMS API Reference, each operation's page; KMS Developer Guide, "Deleting AWS KMS keys".
"""

from collections.abc import Mapping, Sequence

from keytrail.call import Call, Reply
from keytrail.crypto.randomness import new_uuid
from keytrail.domain import key as states
from keytrail.domain import key_rotation
from keytrail.domain.imported_material import require_importable
from keytrail.domain.key import Key, KeyState, Origin
from keytrail.domain.key_material import KeyMaterial, is_supported
from keytrail.domain.key_spec import SYMMETRIC_DEFAULT, require_in_region, usage_for
from keytrail.domain.multi_region import MultiRegionSet
from keytrail.domain.refusals import no_cryptography
from keytrail.domain.tag import read_tags
from keytrail.errors import ValidationException
from keytrail.messages import Later
from keytrail.operation import operation
from keytrail.operations.kms import keys_in_custom_key_stores
from keytrail.operations.kms.key_metadata import key_metadata
from keytrail.operations.pagination import requested_page

MIN_WAITING_PERIOD, MAX_WAITING_PERIOD = 7, 30


@operation(authorization="*", logged_reply="reply", quota=5)
def create_key(
    call: Call,
    *,
    policy: str | None = None,
    description: str = "",
    key_usage: str | None = None,
    customer_master_key_spec: str | None = None,
    key_spec: str | None = None,
    origin: str = Origin.AWS_KMS,
    custom_key_store_id: str | None = None,
    bypass_policy_lockout_safety_check: bool = False,
    tags: Sequence[Mapping[str, str]] = (),
    multi_region: bool = False,
    xks_key_id: str | None = None,
) -> Reply | Later[Reply]:
    """Create a key with fresh material; with Origin EXTERNAL, without material, which is to be imported."""
    if key_spec is not None and customer_master_key_spec is not None:
        raise ValidationException(
            "You cannot specify KeySpec and CustomerMasterKeySpec in the same request. "
            "CustomerMasterKeySpec is deprecated."
        )
    spec = key_spec or customer_master_key_spec or SYMMETRIC_DEFAULT
    usage = usage_for(spec, key_usage)
    call.further_parameters.update(
        Description=description,
        Origin=origin,
        BypassPolicyLockoutSafetyCheck=bypass_policy_lockout_safety_check,
        CustomerMasterKeySpec=spec,
        KeySpec=spec,
        KeyUsage=usage,
    )
    if tags:
        call.authorize_on("*", "kms:TagResource")
    require_in_region(spec, call.region)
    if origin == Origin.EXTERNAL:
        require_importable(spec)
    keys_in_custom_key_stores.require_store_for_key(
        call, Origin(origin), custom_key_store_id, xks_key_id, spec=spec, multi_region=multi_region
    )
    if not is_supported(spec):
        raise no_cryptography(spec)
    if policy is not None:
        call.authorizer.check_key_policy(call, policy, None, bypass_lockout=bypass_policy_lockout_safety_check)
    imported = origin == Origin.EXTERNAL
    call.custom.require_key_id(multi_region=multi_region)
    key_id = call.custom.key_id or (f"mrk-{new_uuid().replace('-', '')}" if multi_region else new_uuid())

    def make(material: KeyMaterial | None) -> Reply:
        key = Key(
            account=call.account,
            region=call.region,
            key_id=key_id,
            creation_date=call.now,
            description=description,
            spec=spec,
            usage=usage,
            origin=Origin(origin),
            state=KeyState.PENDING_IMPORT if imported else KeyState.ENABLED,
            material=material,
            policy=policy,
            tags=read_tags((tag["TagKey"], tag["TagValue"]) for tag in tags),
            custom_key_store_id=custom_key_store_id,
            xks_key_id=xks_key_id,
        )
        related = MultiRegionSet(call.region) if multi_region else None
        sets = [((key.account, key.key_id), related)] if related else []
        call.writable_store.add(
            [key], sets, counted=True, check=lambda: keys_in_custom_key_stores.require_still_connected(call, key)
        )
        call.keys.append(key)
        return {"KeyMetadata": {**key_metadata(key, related), **keys_in_custom_key_stores.key_members(call, key)}}

    if imported:
        call.custom.require_no_material()
        return make(None)
    if call.custom.material is not None:
        return Later(lambda: make(call.custom.require_material(spec)))
    material = KeyMaterial.at_hand(spec)
    return make(material) if material is not None else Later(lambda: make(KeyMaterial.fresh(spec)))


@operation(aliases=True, cross_account=True, grantable="any", quota=2000)
def describe_key(call: Call, key: Key) -> Reply:
    """A key's metadata, which has no policy, aliases, grants or tags."""
    metadata = key_metadata(key, call.store.multi_region_set(key))
    return {"KeyMetadata": {**metadata, **keys_in_custom_key_stores.key_members(call, key)}}


@operation(authorization="*", quota=500)
def list_keys(
    call: Call,
    *,
    limit: int | None = None,
    marker: str | None = None,
    resource_owners: Sequence[str] = ("SELF",),
) -> Reply:
    """List the account's keys in the Region. No key is shared through AWS RAM here, so only SELF lists any."""
    page = requested_page(
        call, limit, marker, default=100, maximum=1000, filters=",".join(sorted(set(resource_owners)))
    )
    keys: Sequence[Key] = ()
    if "SELF" in resource_owners:
        keys = call.view.keys_after(call.account, call.region, page.after, page.limit + 1)
    reply = page.reply("Keys", keys, lambda key: key.key_id)
    return {**reply, "Keys": [{"KeyArn": key.arn, "KeyId": key.key_id} for key in keys[: page.limit]]}


@operation(states=states.SWITCHABLE, logged_reply="key", quota=5)
def enable_key(call: Call, key: Key) -> None:
    """Enable a disabled key; an enabled one stays enabled."""
    rotates = not call.store.is_replica(key)
    call.change(
        key, lambda newest: key_rotation.rotate_if_overdue(newest.enable(), call.now) if rotates else newest.enable()
    )


@operation(states=states.SWITCHABLE, logged_reply="key", quota=5)
def disable_key(call: Call, key: Key) -> None:
    """Disable a key; a disabled one stays disabled."""
    call.change(key, Key.disable)


# unverified: that CloudTrail tells the key; recorded of PutKeyPolicy and RevokeGrant, samples of 2022 say null for all
@operation(states=states.NOT_PENDING_DELETION, logged_reply="key", quota=5)
def update_key_description(call: Call, key: Key, *, description: str) -> None:
    """Replace a key's description."""
    call.change(key, lambda newest: newest.update_description(description))


def _check_waiting_period(members: Mapping[str, object]) -> None:
    days = members.get("PendingWindowInDays", MAX_WAITING_PERIOD)
    if isinstance(days, int) and not MIN_WAITING_PERIOD <= days <= MAX_WAITING_PERIOD:
        raise ValidationException(f"PendingWindowInDays must be between {MIN_WAITING_PERIOD} and {MAX_WAITING_PERIOD}")


@operation(states=states.DELETABLE, rules=_check_waiting_period, logged_reply="reply", quota=15)
def schedule_key_deletion(call: Call, key: Key, *, pending_window_in_days: int = MAX_WAITING_PERIOD) -> Reply:
    """Delete a key after a waiting period; a multi-Region primary waits for its replicas first."""

    def schedule(newest: Key) -> Key:
        related = call.store.multi_region_set(newest)
        has_replicas = related is not None and related.primary == newest.region and bool(related.replicas)
        return newest.schedule_deletion(call.now, pending_window_in_days, has_replicas=has_replicas)

    pending = call.change(key, schedule)
    keys_in_custom_key_stores.show_backing_keys(call, pending)
    reply: dict[str, object] = {"KeyId": pending.arn, "KeyState": pending.state}
    if pending.deletion_date is not None:
        reply["DeletionDate"] = pending.deletion_date
    return {**reply, "PendingWindowInDays": pending_window_in_days}


@operation(logged_reply="key", quota=5)
def cancel_key_deletion(call: Call, key: Key) -> Reply:
    """End a key's waiting period without deleting it; its state becomes Disabled."""
    return {"KeyId": call.change(key, Key.cancel_deletion).arn}
