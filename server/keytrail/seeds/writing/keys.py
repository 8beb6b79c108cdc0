"""Writing a key as a member of a seed's `keys` that makes it again, with its set and what belongs to it."""

from datetime import datetime

from keytrail.domain.alias import MAX_ALIASES_PER_KEY, Alias
from keytrail.domain.arn import key_arn
from keytrail.domain.forwarding_service import ForwardingService
from keytrail.domain.grant import MAX_GRANTS_PER_KEY, Grant
from keytrail.domain.key import Key, KeyManager, KeyState, Origin
from keytrail.seeds.writing.custom_key_stores import custom_key_store_members
from keytrail.seeds.writing.materials import material_members, replica_materials
from keytrail.seeds.writing.source import Members, Source, policy, present
from keytrail.store import Store
from keytrail.trail import Trail, Use


def write_key(key: Key, store: Store, trail: Trail, now: datetime) -> Members:
    """The seed document of a key, of all its multi-Region set, and of its custom key store, with their last uses.

    It is valid where the clock is at `now` or later. Key material that no key id derives is in it.
    """
    return document_of_key(
        key, Source(store, lambda arn: trail.last_use(arn, now), lambda use: via_of(use, trail), now)
    )


def via_of(use: Use, trail: Trail) -> ForwardingService | None:
    """The service that made a use, if the trail still knows."""
    event = trail.event(use.event_id)
    return ForwardingService.of(event.invoked_by) if event is not None else None


def document_of_key(key: Key, source: Source) -> Members:
    """As write_key."""
    if key.manager is KeyManager.AWS:
        return {"awsManagedKeys": [managed_key_members(key, source)]}
    custom_key_store = source.store.custom_key_stores.of_key(key)
    stores = [custom_key_store_members(custom_key_store, source)] if custom_key_store is not None else []
    return present({"customKeyStores": stores, "keys": [key_members(primary_of(key, source.store), source)]})


def primary_of(key: Key, store: Store) -> Key:
    """The primary key of the set of a multi-Region key; any other key itself."""
    related = store.multi_region_set(key)
    return store.newest.require_key(key_arn(related.primary, key.account, key.key_id)) if related is not None else key


def key_members(key: Key, source: Source) -> Members:
    """A primary key with its replicas, or a single-Region key."""
    related = source.store.multi_region_set(key)
    replicas = [_replica(key, region, source) for region in related.replicas] if related is not None else []
    return {
        **_identity(key),
        **_own_members(key, source),
        **material_members(key, related, source),
        **present({"CustomKeyStoreId": key.custom_key_store_id, "XksKeyId": key.xks_key_id, "Replicas": replicas}),
    }


def managed_key_members(key: Key, source: Source) -> Members:
    """An AWS managed key."""
    [alias] = source.store.newest.aliases_of_after(key, "", 1)
    return present(
        {
            "Alias": alias.name,
            "Account": key.account,
            "Region": key.region,
            "CreationDate": source.moment(key.creation_date),
            "LastUsage": _last_usage(key, source),
            "Grants": _grants(key, source),
        }
    )


def _identity(key: Key) -> Members:
    members: Members = {"KeyId": key.key_id, "Account": key.account, "Region": key.region, "KeySpec": key.spec}
    members["KeyUsage"] = str(key.usage)
    if key.origin is not Origin.AWS_KMS:
        members["Origin"] = str(key.origin)
    return members


def _replica(primary: Key, region: str, source: Source) -> Members:
    replica = source.store.newest.require_key(key_arn(region, primary.account, primary.key_id))
    return {"Region": region, **_own_members(replica, source), **replica_materials(replica, primary, source)}


def _own_members(key: Key, source: Source) -> Members:
    """The members that each key of a multi-Region set has for itself."""
    aliases = source.store.newest.aliases_of_after(key, "", MAX_ALIASES_PER_KEY)
    return present(
        {
            "Description": key.description,
            "CreationDate": source.moment(key.creation_date),
            **_state(key, source),
            "Aliases": [_alias(alias, key, source) for alias in aliases],
            "Tags": dict(key.tags),
            "PreviouslyTagged": True if key.ever_tagged and not key.tags else None,
            "Policy": policy(key.policy),
            "LastUsage": _last_usage(key, source),
            "Grants": _grants(key, source),
        }
    )


def _state(key: Key, source: Source) -> Members:
    return {
        "KeyState": str(key.state) if key.state is not KeyState.ENABLED else None,
        "NextKeyState": str(key.next_state) if key.next_state not in (None, KeyState.ENABLED) else None,
        "NextKeyStateDate": source.moment(key.settles_at),
        "DeletionDate": source.moment(key.deletion_date),
        "PendingDeletionWindowInDays": key.pending_window_in_days,
    }


def _alias(alias: Alias, key: Key, source: Source) -> str | Members:
    """The alias's name alone, if its dates are the key's creation date."""
    created = alias.creation_date if alias.creation_date != key.creation_date else None
    updated = alias.last_updated_date if alias.last_updated_date != alias.creation_date else None
    if created is None and updated is None:
        return alias.name
    dates = {"CreationDate": source.moment(created), "LastUpdatedDate": source.moment(updated)}
    return {"AliasName": alias.name, **present(dates)}


def _last_usage(key: Key, source: Source) -> Members | None:
    use = source.use_of(key.arn)
    if use is None:
        return None
    via = source.via_of(use)
    return {
        "Operation": str(use.operation),
        "Timestamp": source.moment(use.timestamp),
        **({"Via": via.name} if via is not None else {}),
        "CloudTrailEventId": use.event_id,
        "KmsRequestId": use.request_id,
    }


def _grants(key: Key, source: Source) -> list[Members]:
    return [_grant(grant, source, key) for grant in source.store.newest.grants_after(key.arn, "", MAX_GRANTS_PER_KEY)]


def _grant(grant: Grant, source: Source, key: Key) -> Members:
    issuer = grant.issuing_account.split(":")[4]
    tokens = source.store.grants.tokens_of(grant)
    return present(
        {
            "GrantId": grant.grant_id,
            **({"GrantToken": tokens[0]} if len(tokens) == 1 else {"GrantTokens": list(tokens)}),
            "Name": grant.name,
            "CreationDate": source.moment(grant.creation_date),
            "IssuingAccount": issuer if issuer != key.account else None,
            "Operations": list(grant.operations),
            "GranteePrincipal": grant.grantee_principal,
            "GranteeServicePrincipal": grant.grantee_service_principal,
            "RetiringPrincipal": grant.retiring_principal,
            "RetiringServicePrincipal": grant.retiring_service_principal,
            "Constraints": grant.constraints.members(),
        }
    )
