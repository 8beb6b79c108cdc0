"""The CloudTrail event of what KMS did by itself (domain/service_event.py), as AWS's own samples show it.

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


def event_of_service_event(happened: ServiceEvent) -> Event:
    """The event of what happened to a key, in the account and Region of the key."""
    key = happened.key
    return Event(
        event_id=new_event_id(),
        # Alone among them a synchronization is an AwsApiCall, and has a requestID.
        request_id=new_uuid() if isinstance(happened, Synchronized) else None,
        time=happened.time,
        name=_NAMES[type(happened)],
        region=key.region,
        principal=None,
        recipient=key.account,
        read_only=False,
        response_elements={"KeyId": key.arn} if isinstance(happened, (Deleted, Synchronized)) else None,
        additional=_additional(happened),
        resources=((key.account, key.arn),),
        service_details=_details(happened),
    )


def _additional(happened: ServiceEvent) -> Mapping[str, object] | None:
    """Of a deletion in an AWS CloudHSM key store, what became of the key there."""
    if not isinstance(happened, Deleted) or happened.cluster_id is None or happened.key.material is None:
        return None
    key = f'"backingKeyId":"{happened.key.material.id}"'  # unverified: what else these texts hold
    return {
        "customKeyStoreId": happened.key.custom_key_store_id,
        "clusterId": happened.cluster_id,
        "backingKeys": f"[{{{key}}}]",
        "backingKeysDeletionStatus": f'[{{{key},"deletionStatus":"SUCCESS"}}]',
    }


def _details(happened: ServiceEvent) -> Mapping[str, object] | None:
    if isinstance(happened, MaterialExpired):
        return {"KeyId": happened.key.key_id, "KeyMaterialId": happened.material_id}
    if isinstance(happened, Rotated):
        previous = happened.previous
        return {
            "RotationType": happened.rotation_type,
            "KeyOrigin": happened.key.origin,
            **({"PreviousKeyMaterialId": previous.id} if previous is not None else {}),
            "CurrentKeyMaterialId": happened.current.id,
            "KeyId": happened.key.key_id,
        }
    return None
