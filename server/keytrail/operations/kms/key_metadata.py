"""KeyMetadata, which DescribeKey, CreateKey and ReplicateKey reply.

Source: KMS API Reference, KeyMetadata; which member appears when, as recorded from AWS.
"""

from keytrail.domain import imported_material
from keytrail.domain.arn import key_arn
from keytrail.domain.key import Key, KeyState
from keytrail.domain.key_spec import ALGORITHMS, ALGORITHMS_MEMBER
from keytrail.domain.multi_region import MultiRegionSet


def key_metadata(key: Key, related: MultiRegionSet | None) -> dict[str, object]:
    """The KeyMetadata of a key; `related` is the set that a multi-Region key belongs to, None for other keys."""
    metadata: dict[str, object] = {
        "AWSAccountId": key.account,
        "Arn": key.arn,
        "CreationDate": key.creation_date,
        "CustomerMasterKeySpec": key.spec,
        "Description": key.description,
        "Enabled": key.state is KeyState.ENABLED,
        "KeyId": key.key_id,
        "KeyManager": key.manager,
        "KeySpec": key.spec,
        "KeyState": key.state,
        "KeyUsage": key.usage,
        "MultiRegion": related is not None,
        "Origin": key.origin,
        ALGORITHMS_MEMBER[key.usage]: ALGORITHMS[key.spec][key.usage],
    }
    in_store = key.custom_key_store_id is not None
    if key.material is not None and not in_store and key.is_symmetric and key.state is not KeyState.CREATING:
        metadata["CurrentKeyMaterialId"] = key.material.id
    if key.state is KeyState.PENDING_DELETION and key.deletion_date is not None:
        metadata["DeletionDate"] = key.deletion_date
    if key.state is KeyState.PENDING_REPLICA_DELETION and key.pending_window_in_days is not None:
        metadata["PendingDeletionWindowInDays"] = key.pending_window_in_days
    expiry = imported_material.expiry(key)
    if expiry is not None:
        metadata["ExpirationModel"] = expiry[0]
        if expiry[1] is not None:
            metadata["ValidTo"] = expiry[1]
    if related is not None:
        metadata["MultiRegionConfiguration"] = {
            "MultiRegionKeyType": "PRIMARY" if key.region == related.primary else "REPLICA",
            "PrimaryKey": _multi_region_key(key, related.primary),
            "ReplicaKeys": [_multi_region_key(key, region) for region in related.replicas],
        }
    return metadata


def _multi_region_key(key: Key, region: str) -> dict[str, object]:
    return {"Arn": key_arn(region, key.account, key.key_id), "Region": region}
