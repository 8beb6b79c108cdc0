"""Rotation: the checks of its operations, and how they and the clock change a key.

Source: KMS API Reference; KMS Developer Guide, "Rotate AWS KMS keys"; error messages as recorded from AWS.
"""

from dataclasses import replace
from datetime import datetime, timedelta

from keytrail.domain.key import CUSTOM_KEY_STORE_ORIGINS, USABLE, Key, KeyManager, KeyState, Origin
from keytrail.domain.key_material import KeyMaterial
from keytrail.domain.material_history import AutomaticRotation, Import, OnDemandRotation, PastMaterial, RotationType
from keytrail.domain.refusals import not_valid_for_a_replica, wrong_origin
from keytrail.errors import (
    ConflictException,
    KMSInvalidStateException,
    LimitExceededException,
    UnsupportedOperationException,
)

DEFAULT_ROTATION_PERIOD = 365
"""Days."""
MAX_ON_DEMAND_ROTATIONS = 25
_NO_ON_DEMAND_BEFORE_AUTOMATIC = timedelta(minutes=20)


def require_origin_in_kms(key: Key) -> None:
    """Raise UnsupportedOperationException if the key is in a custom key store."""
    if key.origin in CUSTOM_KEY_STORE_ORIGINS:
        raise wrong_origin(key.arn, key.origin)


def _require_setting(key: Key) -> None:
    # AWS refuses symmetric keys of Origin EXTERNAL, and all keys that are PendingImport.
    external = key.origin is Origin.EXTERNAL and (key.is_symmetric or key.state is KeyState.PENDING_IMPORT)
    if external or key.origin in CUSTOM_KEY_STORE_ORIGINS:
        raise wrong_origin(key.arn, key.origin)
    key.require_state(USABLE)


def told_rotation(key: Key) -> AutomaticRotation | None:
    """The automatic rotation that GetKeyRotationStatus tells; None: it says that rotation is off.

    A key that is pending deletion says so, and an AWS managed key that was never rotated.
    # unverified: that it tells its rotation later; AWS's docs say so of all AWS managed keys, fresh ones were recorded
    """
    fresh = key.manager is KeyManager.AWS and not key.materials
    return None if fresh or key.state is KeyState.PENDING_DELETION else key.automatic


def enable_rotation(key: Key, now: datetime, days: int | None) -> Key:
    """The key after EnableKeyRotation. A period that changes counts from now on.

    `days`: the period; None: the one that the key has, or the default if rotation was off.

    Raises UnsupportedOperationException for its origin or spec, DisabledException or KMSInvalidStateException for its
    state.
    """
    _require_setting(key)
    if not key.is_symmetric:
        raise UnsupportedOperationException
    period = key.automatic.period_in_days if key.automatic is not None else None
    days = days or period or DEFAULT_ROTATION_PERIOD
    if days == period:
        return key
    return replace(key, automatic=AutomaticRotation(days, now + timedelta(days=days)))


def disable_rotation(key: Key) -> Key:
    """The key after DisableKeyRotation, which AWS also accepts for asymmetric and HMAC keys.

    Raises UnsupportedOperationException for its origin, DisabledException or KMSInvalidStateException for its state.
    """
    _require_setting(key)
    return replace(key, automatic=None)


def rotate_on_demand(
    key: Key, now: datetime, duration: timedelta, *, imported_everywhere: bool = True, is_replica: bool = False
) -> Key:
    """The key after RotateKeyOnDemand, or in a rotation of this duration; the automatic schedule stays.

    While a rotation is under way, a further request changes nothing.
    `imported_everywhere`: whether the pending material of an imported key is in all its replicas.

    Raises UnsupportedOperationException for a replica, the key's origin or spec, DisabledException or
    KMSInvalidStateException for its state or a missing pending material, LimitExceededException, or ConflictException
    shortly before an automatic rotation.
    """
    require_origin_in_kms(key)
    key.require_state(USABLE)
    if not key.is_symmetric:
        raise UnsupportedOperationException
    if is_replica:
        # unverified: that state and spec are refused first; not in AWS's docs, recordings or issues
        raise not_valid_for_a_replica(key.arn, "RotateKeyOnDemand")
    if key.origin is Origin.EXTERNAL and key.pending is None:
        raise KMSInvalidStateException(f"No available key material pending rotation for the key: {key.arn}.")
    if not imported_everywhere:
        raise KMSInvalidStateException(
            "Cannot perform key material rotation: "
            "Key material has not been imported for replicas of the Multi-Region key."
        )
    if key.on_demand is not None:
        return key
    if key.automatic is not None and key.automatic.next_date - now <= _NO_ON_DEMAND_BEFORE_AUTOMATIC:
        raise ConflictException(  # unverified: the words; not in AWS's docs, recordings or issues
            f"An automatic rotation of {key.arn} is scheduled to begin within the next 20 minutes."
        )
    done = sum(past.rotation_type is RotationType.ON_DEMAND for past in key.materials)
    if done >= MAX_ON_DEMAND_ROTATIONS:
        raise LimitExceededException(
            "The on-demand rotations limit has been reached for the given keyId. "
            f"No more on-demand rotations can be performed for this key: {key.arn}"
        )
    if duration <= timedelta(0):
        return _rotate(key, now, RotationType.ON_DEMAND)
    return replace(key, on_demand=OnDemandRotation(now, now + duration))


def rotate_if_overdue(key: Key, now: datetime) -> Key:
    """The key after it was enabled: an automatic rotation that fell due while it was disabled happens now."""
    if key.automatic is None or key.automatic.next_date > now or key.state not in USABLE:
        return key
    # unverified: that the next period starts now; not in AWS's docs, recordings or issues
    return replace(_rotate(key, now, RotationType.AUTOMATIC), automatic=key.automatic.after(now))


def due(key: Key) -> datetime | None:
    """When the key will be rotated next; None: never."""
    moments = []
    if key.on_demand is not None:
        moments.append(key.on_demand.end)
    if key.automatic is not None and key.state in USABLE:
        moments.append(key.automatic.next_date)
    return min(moments, default=None)


def settle(key: Key, moment: datetime) -> Key:
    """The key after all rotations that are due by a moment, each at its own date.

    A rotation on demand goes on whatever the key's state. That of an imported key takes the material that is pending
    when it ends, and ends in nothing if there is none (both recorded).
    """
    while (date := due(key)) is not None and date <= moment:
        if key.on_demand is not None and key.on_demand.end == date:
            is_in_vain = key.origin is Origin.EXTERNAL and key.pending is None
            key = replace(key if is_in_vain else _rotate(key, date, RotationType.ON_DEMAND), on_demand=None)
        elif key.automatic is not None:
            key = replace(_rotate(key, date, RotationType.AUTOMATIC), automatic=key.automatic.after(date))
    return key


def synchronize(primary: Key, replica: Key) -> Key:
    """The replica key with the materials and the rotation schedule of its primary key."""
    shared = replace(
        replica,
        material=primary.material,
        materials=primary.materials,
        automatic=primary.automatic,
        on_demand=primary.on_demand,
        pending=primary.pending,
    )
    if replica.origin is not Origin.EXTERNAL:
        return shared
    # Imports are particular to each Region; the materials and their descriptions are the primary key's.
    absent = Import(is_present=False)
    imports = {
        name: replace(replica.imports.get(name, absent), description=imported.description)
        for name, imported in primary.imports.items()
    }
    return replace(shared, imports=imports).await_material()


def _rotate(key: Key, date: datetime, kind: RotationType) -> Key:
    material = key.pending or _next_material(key)
    materials = (*history(key), PastMaterial(material, date, kind))
    return replace(key, material=material, materials=materials, pending=None).await_material()  # it may have expired


def _next_material(key: Key) -> KeyMaterial:
    """New material. That of an AWS managed key is always the same: see aws_managed_key.create."""
    if key.manager is KeyManager.AWS:
        return KeyMaterial.derived(f"{key.key_id}/{len(history(key))}")
    return KeyMaterial.random()


def history(key: Key) -> tuple[PastMaterial, ...]:
    """All materials that the key has had, the oldest first and the current one last, without the pending one."""
    if key.materials or key.material is None:
        return key.materials
    return (PastMaterial(key.material),)
