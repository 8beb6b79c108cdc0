"""Rotation: enable, disable, rotate on demand, status, list.

Source: KMS API Reference; KMS Developer Guide, "Rotate AWS KMS keys".
"""

from keytrail.call import Call, Reply
from keytrail.domain import key_rotation
from keytrail.domain.imported_material import DOES_NOT_EXPIRE, EXPIRES, MaterialState
from keytrail.domain.key import Key, Origin, Transition
from keytrail.domain.material_history import Import, PastMaterial
from keytrail.domain.refusals import not_valid_for_a_replica
from keytrail.errors import InvalidMarkerException, ValidationException
from keytrail.operation import operation
from keytrail.operations.pagination import requested_page


@operation(logged_reply="key", quota=15)
def enable_key_rotation(
    call: Call, key: Key, *, rotation_period_in_days: int = key_rotation.DEFAULT_ROTATION_PERIOD
) -> None:
    """Turn automatic rotation on, every so many days; if it is on, change the period."""
    # The default is what condition keys see; a key whose rotation is on keeps its period if none is sent.
    days = rotation_period_in_days if "RotationPeriodInDays" in call.members else None
    _change_unless_replica(call, key, lambda newest: key_rotation.enable_rotation(newest, call.now, days))


# unverified: that CloudTrail tells the key; recorded of PutKeyPolicy and RevokeGrant, samples of 2022 say null for all
@operation(logged_reply="key", quota=5)
def disable_key_rotation(call: Call, key: Key) -> None:
    """Turn automatic rotation off."""
    _change_unless_replica(call, key, key_rotation.disable_rotation)


@operation(logged_reply="key", quota=5)
def rotate_key_on_demand(call: Call, key: Key) -> Reply:
    """Rotate a key now; this takes the time of the setting `transition_time`."""
    times = call.settings.transition_time
    of_multi_region = (
        times.imported_multi_region_rotation if key.origin is Origin.EXTERNAL else times.multi_region_rotation
    )
    takes = of_multi_region if key.multi_region else times.rotation

    def rotate(newest: Key) -> Key:
        everywhere = newest.pending is None or call.store.is_imported_everywhere(newest, newest.pending.id)
        return key_rotation.rotate_on_demand(
            newest, call.now, takes, imported_everywhere=everywhere, is_replica=call.store.is_replica(newest)
        )

    call.change(key, rotate)
    return {"KeyId": key.arn}


@operation(cross_account=True, quota=1000)
def get_key_rotation_status(call: Call, key: Key) -> Reply:
    """Whether a key is rotated, and when; rotation is suspended while the key is pending deletion."""
    key_rotation.require_origin_in_kms(key)
    automatic = key_rotation.told_rotation(key)
    status: dict[str, object] = {"KeyId": key.arn, "KeyRotationEnabled": automatic is not None}
    if automatic is not None:
        status |= {"RotationPeriodInDays": automatic.period_in_days, "NextRotationDate": automatic.next_date}
    if key.on_demand is not None:
        status["OnDemandRotationStartDate"] = key.on_demand.start
    return status


@operation(quota=100)
def list_key_rotations(
    call: Call,
    key: Key,
    *,
    include_key_material: str = "ROTATIONS_ONLY",
    limit: int | None = None,
    marker: str | None = None,
) -> Reply:
    """List a key's rotations, the oldest first; or all its key materials, including the first."""
    key_rotation.require_origin_in_kms(key)
    everything = include_key_material == "ALL_KEY_MATERIAL"
    if everything and not key.is_symmetric:
        raise ValidationException("Input parameter includeKeyMaterial can only be used with symmetric keys.")
    page = requested_page(call, limit, marker, default=100, maximum=1000, filters=f"{key.arn}/{include_key_material}")
    listed = [
        past
        for past in (key_rotation.history(key) if key.is_symmetric else ())
        if everything or past.rotation_date is not None
    ]
    if everything and key.pending is not None:
        listed.append(PastMaterial(key.pending))
    ids = [past.material.id for past in listed]
    if page.after and page.after not in ids:
        raise InvalidMarkerException
    start = ids.index(page.after) + 1 if page.after else 0
    entries = [_entry(call, key, past) for past in listed[start : start + page.limit + 1]]
    return page.reply("Rotations", entries, lambda entry: str(entry["KeyMaterialId"]))


def _entry(call: Call, key: Key, past: PastMaterial) -> dict[str, object]:
    entry: dict[str, object] = {
        "KeyId": key.arn,
        "KeyMaterialId": past.material.id,
        "KeyMaterialState": _material_state(call, key, past),
    }
    if key.origin is Origin.EXTERNAL:
        entry |= _import_members(key, past.material.id)
    if past.rotation_date is not None:
        entry |= {"RotationDate": past.rotation_date, "RotationType": past.rotation_type}
    return entry


def _material_state(call: Call, key: Key, past: PastMaterial) -> MaterialState:
    if past.material == key.material:
        return MaterialState.CURRENT
    if past.material != key.pending:
        return MaterialState.NON_CURRENT
    if call.store.is_imported_everywhere(key, past.material.id):
        return MaterialState.PENDING_ROTATION
    return MaterialState.PENDING_MULTI_REGION_IMPORT_AND_ROTATION


def _import_members(key: Key, material_id: str) -> dict[str, object]:
    """The members that only imported material has; of deleted material, only its description is kept."""
    import_ = key.imports.get(material_id, Import(is_present=False))
    entry: dict[str, object] = {"ImportState": "IMPORTED" if import_.is_told else "PENDING_IMPORT"}
    if import_.is_told:
        entry["ExpirationModel"] = EXPIRES if import_.valid_to is not None else DOES_NOT_EXPIRE
    if import_.valid_to is not None:
        entry["ValidTo"] = import_.valid_to
    if import_.description is not None:
        entry["KeyMaterialDescription"] = import_.description
    return entry


def _change_unless_replica(call: Call, key: Key, transition: Transition) -> None:
    """Apply a transition to a key and its replicas; raises UnsupportedOperationException if the key is a replica."""

    def admitted(newest: Key) -> Key:
        changed = transition(newest)
        if call.store.is_replica(newest):
            raise not_valid_for_a_replica(key.arn, call.operation)
        return changed

    call.change(key, admitted)
