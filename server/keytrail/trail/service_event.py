"""The events that KMS writes by itself, as AWS's own samples show them.

Source: KMS Developer Guide, "Logging AWS KMS API calls": DeleteKey, DeleteExpiredKeyMaterial, RotateKey,
SynchronizeMultiRegionKey.
"""

from collections.abc import Mapping

from keytrail.crypto.keygen import new_uuid
from keytrail.domain.occurrence import Deleted, MaterialExpired, Occurrence, Rotated, Synchronized
from keytrail.trail.event import Event, new_event_id

_NAMES: Mapping[type[Occurrence], str] = {
    Deleted: "DeleteKey",
    Rotated: "RotateKey",
    Synchronized: "SynchronizeMultiRegionKey",
    MaterialExpired: "DeleteExpiredKeyMaterial",
}


def service_event(occurrence: Occurrence) -> Event:
    """The event of what happened to a key, in the account and Region of the key."""
    key = occurrence.key
    return Event(
        event_id=new_event_id(),
        # Alone among them a synchronization is an AwsApiCall, and has a requestID.
        request_id=new_uuid() if isinstance(occurrence, Synchronized) else None,
        time=occurrence.time,
        name=_NAMES[type(occurrence)],
        region=key.region,
        principal=None,
        recipient=key.account,
        read_only=False,
        response_elements={"KeyId": key.arn} if isinstance(occurrence, (Deleted, Synchronized)) else None,
        additional=_additional(occurrence),
        resources=((key.account, key.arn),),
        service_details=_details(occurrence),
    )


def _additional(occurrence: Occurrence) -> Mapping[str, object] | None:
    """Of a deletion in an AWS CloudHSM key store, what became of the key there."""
    if not isinstance(occurrence, Deleted) or occurrence.cluster_id is None or occurrence.key.material is None:
        return None
    backing = f'"backingKeyId":"{occurrence.key.material.id}"'  # unverified: what else these texts hold
    return {
        "customKeyStoreId": occurrence.key.custom_key_store_id,
        "clusterId": occurrence.cluster_id,
        "backingKeys": f"[{{{backing}}}]",
        "backingKeysDeletionStatus": f'[{{{backing},"deletionStatus":"SUCCESS"}}]',
    }


def _details(occurrence: Occurrence) -> Mapping[str, object] | None:
    if isinstance(occurrence, MaterialExpired):
        return {"KeyId": occurrence.key.key_id, "KeyMaterialId": occurrence.material_id}
    if isinstance(occurrence, Rotated):
        previous = occurrence.previous
        return {
            "RotationType": occurrence.kind,
            "KeyOrigin": occurrence.key.origin,
            **({"PreviousKeyMaterialId": previous.id} if previous is not None else {}),
            "CurrentKeyMaterialId": occurrence.current.id,
            "KeyId": occurrence.key.key_id,
        }
    return None
