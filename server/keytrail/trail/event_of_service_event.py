"""The CloudTrail event of a change that KMS made by itself (domain/service_event.py), as in AWS's samples.

Source: KMS Developer Guide, "Logging AWS KMS API calls": DeleteKey, DeleteExpiredKeyMaterial, RotateKey,
SynchronizeMultiRegionKey.
"""

from collections.abc import Mapping

from keytrail.crypto.randomness import new_uuid
from keytrail.domain.service_event import Deleted, MaterialExpired, Rotated, ServiceEvent, Synchronized
from keytrail.trail.event import Event, new_event_id

_NAMES: Mapping[type[ServiceEvent], str] = {
    Deleted: "DeleteKey",
    Rotated: "RotateKey",
    Synchronized: "SynchronizeMultiRegionKey",
    MaterialExpired: "DeleteExpiredKeyMaterial",
}
SERVICE_EVENT_NAMES = frozenset(_NAMES.values())
"""The eventNames of what KMS does by itself."""


def event_of_service_event(change: ServiceEvent) -> Event:
    """The CloudTrail event of a service event, in the account and Region of the key."""
    key = change.key
    return Event(
        event_id=new_event_id(),
        # Only a synchronization is an AwsApiCall, and has a requestID.
        request_id=new_uuid() if isinstance(change, Synchronized) else None,
        time=change.time,
        name=_NAMES[type(change)],
        region=key.region,
        principal=None,
        recipient=key.account,
        read_only=False,
        response_elements={"KeyId": key.arn} if isinstance(change, (Deleted, Synchronized)) else None,
        additional=_additional(change),
        resources=((key.account, key.arn),),
        service_details=_details(change),
    )


def _additional(change: ServiceEvent) -> Mapping[str, object] | None:
    """For a key deleted from an AWS CloudHSM key store: what happened to its material in the cluster."""
    if not isinstance(change, Deleted) or change.cluster_id is None or change.key.material is None:
        return None
    key = f'"backingKeyId":"{change.key.material.id}"'
    return {
        "customKeyStoreId": change.key.custom_key_store_id,
        "clusterId": change.cluster_id,
        "backingKeys": f"[{{{key}}}]",
        "backingKeysDeletionStatus": f'[{{{key},"deletionStatus":"SUCCESS"}}]',
    }


def _details(change: ServiceEvent) -> Mapping[str, object] | None:
    if isinstance(change, MaterialExpired):
        return {"KeyId": change.key.key_id, "KeyMaterialId": change.material_id}
    if isinstance(change, Rotated):
        previous = change.previous
        return {
            "RotationType": change.rotation_type,
            "KeyOrigin": change.key.origin,
            **({"PreviousKeyMaterialId": previous.id} if previous is not None else {}),
            "CurrentKeyMaterialId": change.current.id,
            "KeyId": change.key.key_id,
        }
    return None
