"""Rotation: the checks of its operations, and the changes of a key that they and the clock bring about.

Source: KMS API Reference; KMS Developer Guide, "Rotate AWS KMS keys"; the texts as recorded from AWS.
"""

from dataclasses import replace
from datetime import datetime, timedelta

from keytrail.domain.key import CUSTOM_KEY_STORE_ORIGINS, USABLE, Key, KeyState, Origin
from keytrail.domain.key_material import KeyMaterial
from keytrail.domain.key_materials import AutomaticRotation, OnDemandRotation, PastMaterial, RotationType
from keytrail.domain.refusals import wrong_origin
from keytrail.errors import (
    ConflictException,
    KMSInvalidStateException,
    LimitExceededException,
    UnsupportedOperationException,
)

MAX_ON_DEMAND_ROTATIONS = 25
_AUTOMATIC_IS_NEAR = timedelta(minutes=20)


def require_origin_in_kms(key: Key) -> None:
    """Raise UnsupportedOperationException for a key whose material a custom key store holds."""
    if key.origin in CUSTOM_KEY_STORE_ORIGINS:
        raise wrong_origin(key.arn, key.origin)


def require_status(key: Key) -> None:
    """Raise UnsupportedOperationException unless GetKeyRotationStatus answers for the key."""
    if key.origin in CUSTOM_KEY_STORE_ORIGINS or key.state is KeyState.PENDING_IMPORT:
        raise wrong_origin(key.arn, key.origin)


def _require_setting(key: Key) -> None:
    # Of imported keys, AWS refuses the symmetric ones, and all that wait for their material.
    external = key.origin is Origin.EXTERNAL and (key.is_symmetric or key.state is KeyState.PENDING_IMPORT)
    if external or key.origin in CUSTOM_KEY_STORE_ORIGINS:
        raise wrong_origin(key.arn, key.origin)
    key.require_state(USABLE)


def enable_rotation(key: Key, now: datetime, days: int) -> Key:
    """Rotated every so many days from now on. Raises what the key's origin, state and spec call for."""
    _require_setting(key)
    if not key.is_symmetric:
        raise UnsupportedOperationException
    # unverified: that a change of the period begins to count anew
    return replace(key, automatic=AutomaticRotation(days, now + timedelta(days=days)))


def disable_rotation(key: Key) -> Key:
    """Not rotated automatically; of a key that never is, AWS takes this too."""
    _require_setting(key)
    return replace(key, automatic=None)


def rotate_on_demand(key: Key, now: datetime, takes: timedelta, *, imported_everywhere: bool = True) -> Key:
    """Rotated, or being rotated for as long as that `takes`; the automatic schedule stays.

    `imported_everywhere`: an imported key's pending material is in its replicas too.

    Raises what the key's origin, state and spec call for, LimitExceededException or ConflictException.
    """
    require_origin_in_kms(key)
    key.require_state(USABLE)
    if not key.is_symmetric:
        raise UnsupportedOperationException
    if key.origin is Origin.EXTERNAL and (key.pending is None or not imported_everywhere):
        raise KMSInvalidStateException(f"No available key material pending rotation for the key: {key.arn}.")
    if key.on_demand is not None:
        raise ConflictException(f"An on-demand rotation of {key.arn} is in progress.")  # unverified
    if key.automatic is not None and key.automatic.next_date - now <= _AUTOMATIC_IS_NEAR:
        raise ConflictException(  # unverified: the words
            f"An automatic rotation of {key.arn} is scheduled to begin within the next 20 minutes."
        )
    done = sum(past.rotation_type is RotationType.ON_DEMAND for past in key.materials)
    if done >= MAX_ON_DEMAND_ROTATIONS:
        raise LimitExceededException(
            "The on-demand rotations limit has been reached for the given keyId. "
            f"No more on-demand rotations can be performed for this key: {key.arn}"
        )
    if takes <= timedelta(0):
        return _rotate(key, now, RotationType.ON_DEMAND)
    return replace(key, on_demand=OnDemandRotation(now, now + takes))


def catch_up(key: Key, now: datetime) -> Key:
    """The key just enabled: what fell due while it was disabled happens at once."""
    if key.automatic is None or key.automatic.next_date > now or key.state not in USABLE:
        return key
    # unverified: that the next period counts from here
    return replace(_rotate(key, now, RotationType.AUTOMATIC), automatic=key.automatic.after(now))


def due(key: Key) -> datetime | None:
    """When the key's next rotation happens, if nothing changes."""
    moments = []
    if key.on_demand is not None:
        moments.append(key.on_demand.end)
    if key.automatic is not None and key.state in USABLE:
        moments.append(key.automatic.next_date)
    return min(moments, default=None)


def settle(key: Key, moment: datetime) -> Key:
    """The key once the rotations that are due by a moment have happened, each at its own."""
    while (date := due(key)) is not None and date <= moment:
        if key.on_demand is not None and key.on_demand.end == date:
            key = replace(_rotate(key, date, RotationType.ON_DEMAND), on_demand=None)
        elif key.automatic is not None:
            key = replace(_rotate(key, date, RotationType.AUTOMATIC), automatic=key.automatic.after(date))
    return key


def share(primary: Key, replica: Key) -> Key:
    """A replica with the materials and the rotation of its primary key."""
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
    # What is imported where is each Region's own; a material that was pending and is none of the key's any more goes.
    known = {past.material.id for past in history(shared)} | ({shared.pending.id} if shared.pending else set())
    imports = {name: how for name, how in shared.imports.items() if name in known}
    return replace(shared, imports=imports).await_material()


def _rotate(key: Key, date: datetime, kind: RotationType) -> Key:
    material = key.pending or KeyMaterial.random()
    materials = (*history(key), PastMaterial(material, date, kind))
    return replace(key, material=material, materials=materials, pending=None)


def history(key: Key) -> tuple[PastMaterial, ...]:
    """All of a key's materials, the oldest first and the current one last."""
    if key.materials or key.material is None:
        return key.materials
    return (PastMaterial(key.material),)
