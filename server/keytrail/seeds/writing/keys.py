"""Writing a key as a seed document that makes it again: a KeyMember, with what belongs to the key.

What a seed cannot say is told in notes: a rotation on demand that is under way. Events but the last use are left out.
"""

import json
from base64 import b64encode
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, NamedTuple

import msgspec

from keytrail.domain.arn import key_arn
from keytrail.domain.custom_key_store import ConnectionState, CustomKeyStore
from keytrail.domain.grant import Grant
from keytrail.domain.imported_material import MaterialState, is_imported
from keytrail.domain.key import Key, KeyManager, KeyState, Origin
from keytrail.domain.key_material import KeyMaterial
from keytrail.domain.key_rotation import history
from keytrail.domain.multi_region import MultiRegionSet
from keytrail.seeds.document import ImportState
from keytrail.seeds.key_material import material_name
from keytrail.store import Store
from keytrail.trail import Trail

Members = dict[str, Any]

_GRANTS = 50_000
_ALIASES = 50


class WrittenSeed(NamedTuple):
    """A seed document, and what it could not say."""

    document: Members
    notes: list[str]


def write_key(key: Key, store: Store, trail: Trail, now: datetime) -> WrittenSeed:
    """The seed of a key, of all its multi-Region set, and of its custom key store, with their last uses.

    It is valid where the clock is at `now` or later. Private keys and secrets that no key id derives are in it.
    """
    if key.manager is KeyManager.AWS:
        return WrittenSeed({"awsManagedKeys": [_managed(key, store, trail, now)]}, [])
    related = store.multi_region_set(key)
    primary = store.newest.key(key_arn(related.primary, key.account, key.key_id)) if related is not None else key
    assert primary is not None  # a replica cannot outlive its primary key
    notes: list[str] = []
    members = {
        **_identity(primary),
        **_own_members(primary, store, trail, now),
        **_material(primary, related, store, now, notes),
        **_place(primary),
    }
    replicas = [_replica(primary, region, store, trail, now) for region in related.replicas] if related else []
    document: Members = {"keys": [members | ({"Replicas": replicas} if replicas else {})]}
    custom_key_store = store.custom_key_stores.of_key(primary)
    if custom_key_store is not None:
        document = {"customKeyStores": [_custom_key_store(custom_key_store)], **document}
    return WrittenSeed(document, notes)


def _identity(key: Key) -> Members:
    members: Members = {"KeyId": key.key_id, "Account": key.account, "Region": key.region, "KeySpec": key.spec}
    members["KeyUsage"] = str(key.usage)
    if key.origin is not Origin.AWS_KMS:
        members["Origin"] = str(key.origin)
    return members


def _own_members(key: Key, store: Store, trail: Trail, now: datetime) -> Members:
    """The members that each key of a multi-Region set has for itself."""
    newest = store.newest
    return _present(
        {
            "Description": key.description,
            "CreationDate": _moment(key.creation_date),
            **_state(key),
            "Aliases": [alias.name for alias in newest.aliases_of_after(key, "", _ALIASES)],
            "Tags": dict(key.tags),
            "Policy": _policy(key.policy),
            "LastUsage": _last_usage(key, trail, now),
            "Grants": [_grant(grant, store, key) for grant in newest.grants_after(key.arn, "", _GRANTS)],
        }
    )


def _present(members: Members) -> Members:
    return {name: value for name, value in members.items() if value not in (None, "", [], {})}


def _moment(moment: datetime | None) -> str | None:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z") if moment is not None else None


def _state(key: Key) -> Members:
    """The state; of one that ends by itself, the state that follows."""
    passing = key.state in (KeyState.CREATING, KeyState.UPDATING) and key.next_state is not None
    state = key.next_state if passing else key.state
    return {
        "KeyState": str(state) if state is not KeyState.ENABLED else None,
        "DeletionDate": _moment(key.deletion_date),
        "PendingDeletionWindowInDays": key.pending_window_in_days,
    }


def _policy(text: str | None) -> object:
    """The policy as a mapping, unless only its text gives back the same text."""
    if text is None:
        return None
    document = json.loads(text)
    return document if msgspec.json.encode(document).decode() == text else text


def _last_usage(key: Key, trail: Trail, now: datetime) -> Members | None:
    use = trail.last_use(key.arn, now)
    if use is None:
        return None
    return {
        "Operation": str(use.operation),
        "Timestamp": _moment(use.timestamp),
        "CloudTrailEventId": use.event_id,
        "KmsRequestId": use.request_id,
    }


def _grant(grant: Grant, store: Store, key: Key) -> Members:
    issuer = grant.issuing_account.split(":")[4]
    return _present(
        {
            "GrantId": grant.grant_id,
            "GrantToken": store.grants.token_of(grant),
            "Name": grant.name,
            "CreationDate": _moment(grant.creation_date),
            "IssuingAccount": issuer if issuer != key.account else None,
            "Operations": list(grant.operations),
            "GranteePrincipal": grant.grantee_principal,
            "GranteeServicePrincipal": grant.grantee_service_principal,
            "RetiringPrincipal": grant.retiring_principal,
            "RetiringServicePrincipal": grant.retiring_service_principal,
            "Constraints": grant.constraints.members(),
        }
    )


# ---- Material and rotations


def _material(key: Key, related: MultiRegionSet | None, store: Store, now: datetime, notes: list[str]) -> Members:
    if key.on_demand is not None:
        notes.append("A rotation on demand is under way; a seed cannot say so.")
    if key.origin is Origin.EXTERNAL:
        return _present({"KeyMaterials": _imported_materials(key, related, store)})
    if key.material is None or key.custom_key_store_id is not None:
        return _rotation(key, now)
    *earlier, current = history(key)
    # A seed derives the material again, but not an RSA pair; one that nobody has used yet may be any.
    fixed = key.spec.startswith("RSA") and current.material.is_generated
    known = _derived(key, len(earlier)).id == current.material.id and not fixed
    return {**({} if known else {"KeyMaterial": _data(current.material)}), **_rotation(key, now)}


def _derived(key: Key, position: int) -> KeyMaterial:
    """The material that a seed derives for a position if it contains none."""
    name = material_name(key.account, key.region, key.key_id)
    return KeyMaterial.derived(f"{name}/{position}" if position else name, key.spec)


def _data(material: KeyMaterial) -> str:
    return b64encode(material.pair.private_der() if material.pair is not None else material.data).decode()


def _rotation(key: Key, now: datetime) -> Members:
    rotations = [
        {"RotationDate": _moment(past.rotation_date), "RotationType": str(past.rotation_type)}
        for past in key.materials
        if past.rotation_date is not None
    ]
    earlier = [past.material for past in history(key)][:-1]
    derived = all(material.id == _derived(key, at).id for at, material in enumerate(earlier))
    automatic: Members = {}
    if key.automatic is not None:
        automatic["RotationPeriodInDays"] = key.automatic.period_in_days
        if key.automatic.next_date > now:  # else it is overdue, since the key is disabled
            automatic["NextRotationDate"] = _moment(key.automatic.next_date)
    past = [] if derived else [_data(material) for material in earlier]
    return _present({"Rotation": _present({**automatic, "Rotations": rotations, "PastKeyMaterials": past})})


def _imported_materials(key: Key, related: MultiRegionSet | None, store: Store) -> list[Members]:
    materials: list[tuple[KeyMaterial, datetime | None, str | None]] = [
        (past.material, past.rotation_date, None) for past in history(key)
    ]
    if key.pending is not None:
        materials.append((key.pending, None, _pending_state(key, key.pending, related, store)))
    return [
        _present(
            {
                "KeyMaterial": _data(material) if material.id != _derived(key, at).id else None,
                "KeyMaterialDescription": key.imports[material.id].description if material.id in key.imports else None,
                "KeyMaterialState": state,
                "ImportState": _import_state(key, material) if state is None else None,
                "ValidTo": _moment(key.imports[material.id].valid_to) if material.id in key.imports else None,
                "RotationDate": _moment(date),
            }
        )
        for at, (material, date, state) in enumerate(materials)
    ]


def _import_state(key: Key, material: KeyMaterial) -> str:
    return str(ImportState.IMPORTED if is_imported(key, material.id) else ImportState.PENDING_IMPORT)


def _pending_state(key: Key, pending: KeyMaterial, related: MultiRegionSet | None, store: Store) -> str:
    everywhere = related is None or store.is_imported_everywhere(key, pending.id)
    return str(MaterialState.PENDING_ROTATION if everywhere else MaterialState.PENDING_MULTI_REGION_IMPORT_AND_ROTATION)


# ---- Replicas, stores, AWS managed keys


def _replica(primary: Key, region: str, store: Store, trail: Trail, now: datetime) -> Members:
    replica = store.newest.require_key(key_arn(region, primary.account, primary.key_id))
    imported = replica.imports.get(replica.material.id) if replica.material is not None else None
    own = _own_members(replica, store, trail, now)
    return {"Region": region, **own, **_present({"ValidTo": _moment(imported.valid_to) if imported else None})}


def _place(key: Key) -> Members:
    return _present({"CustomKeyStoreId": key.custom_key_store_id, "XksKeyId": key.xks_key_id})


_SETTLED: Mapping[ConnectionState, ConnectionState] = {
    ConnectionState.CONNECTING: ConnectionState.CONNECTED,
    ConnectionState.DISCONNECTING: ConnectionState.DISCONNECTED,
}


def _custom_key_store(custom_key_store: CustomKeyStore) -> Members:
    proxy = custom_key_store.proxy
    return _present(
        {
            "CustomKeyStoreId": custom_key_store.store_id,
            "CustomKeyStoreName": custom_key_store.name,
            "CustomKeyStoreType": str(custom_key_store.type),
            "Account": custom_key_store.account,
            "Region": custom_key_store.region,
            "CreationDate": _moment(custom_key_store.creation_date),
            "ConnectionState": str(_SETTLED.get(custom_key_store.state, custom_key_store.state)),
            "ConnectionErrorCode": str(custom_key_store.failure) if custom_key_store.failure is not None else None,
            "CloudHsmClusterId": custom_key_store.cluster_id,
            "TrustAnchorCertificate": custom_key_store.trust_anchor_certificate,
            "XksProxyConfiguration": _present(
                {
                    "Connectivity": proxy.connectivity,
                    "AccessKeyId": proxy.access_key_id,
                    "UriEndpoint": proxy.uri_endpoint,
                    "UriPath": proxy.uri_path,
                    "VpcEndpointServiceName": proxy.vpc_endpoint_service_name,
                    "VpcEndpointServiceOwner": proxy.vpc_endpoint_service_owner,
                }
            )
            if proxy is not None
            else None,
        }
    )


def _managed(key: Key, store: Store, trail: Trail, now: datetime) -> Members:
    aliases: Iterable[str] = (alias.name for alias in store.newest.aliases_of_after(key, "", _ALIASES))
    return _present(
        {
            "Alias": next(iter(aliases), None),
            "Account": key.account,
            "Region": key.region,
            "CreationDate": _moment(key.creation_date),
            "LastUsage": _last_usage(key, trail, now),
        }
    )
