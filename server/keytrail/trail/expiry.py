"""The event that KMS itself writes when imported key material expires.

Source: KMS Developer Guide, "Logging AWS KMS API calls with AWS CloudTrail", DeleteExpiredKeyMaterial.
"""

from keytrail.domain.imported_material import Expired
from keytrail.trail.event import Event, new_event_id


def expiry_event(expired: Expired) -> Event:
    """The DeleteExpiredKeyMaterial record of a material, at the moment of its end."""
    key = expired.key
    # unverified: that an asymmetric or HMAC key, whose material has no id that KMS tells, has none here either
    material = {"KeyMaterialId": expired.material_id} if key.is_symmetric else {}
    return Event(
        event_id=new_event_id(),
        request_id=None,
        time=expired.moment,
        name="DeleteExpiredKeyMaterial",
        region=key.region,
        principal=None,
        recipient=key.account,
        read_only=False,
        resources=((key.account, key.arn),),
        service_details={"KeyId": key.key_id, **material},
    )
