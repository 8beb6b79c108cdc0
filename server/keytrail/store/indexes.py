"""The indexes of a store: what the List operations page through, and what is looked up by something but its id.

Within each, the order of the ids is the order of the list: of keys by KeyId and of aliases by name, for the ids are
ARNs of one account and Region; of grants by their age.
"""

from keytrail.domain.alias import Alias
from keytrail.domain.grant import Grant, has_encryption_context
from keytrail.domain.key import Key
from keytrail.store.indexed_dict import Index

# Keys, by their ARNs


def keys_of(account: str, region: str) -> Index:
    """An account's keys in a Region."""
    return "keys of", account, region


def keys_with_id(region: str, key_id: str) -> Index:
    """The keys with an id in a Region, whichever accounts own them: nearly always one, at most."""
    return "keys with id", region, key_id


def keys_in(custom_key_store_id: str) -> Index:
    """The keys in a custom key store."""
    return "keys in", custom_key_store_id


def keys_behind(custom_key_store_id: str, xks_key_id: str) -> Index:
    """The key of an external key store that an external key is behind: one, at most."""
    return "keys behind", custom_key_store_id, xks_key_id


def indexes_of_key(key: Key) -> list[Index]:
    """The indexes that a key is in."""
    indexes = [keys_of(key.account, key.region), keys_with_id(key.region, key.key_id)]
    if key.custom_key_store_id is not None:
        indexes.append(keys_in(key.custom_key_store_id))
        if key.xks_key_id is not None:
            indexes.append(keys_behind(key.custom_key_store_id, key.xks_key_id))
    return indexes


# Aliases, by their ARNs


def aliases_of(account: str, region: str) -> Index:
    """An account's aliases in a Region."""
    return "aliases of", account, region


def aliases_of_key(key_arn: str) -> Index:
    """The aliases of a key."""
    return "aliases of key", key_arn


def indexes_of_alias(alias: Alias) -> list[Index]:
    """The indexes that an alias is in."""
    return [aliases_of(alias.account, alias.region), aliases_of_key(alias.target_arn)]


# Grants, by their places


def grants_with_id(grant_id: str) -> Index:
    """The grant with an id: one, at most."""
    return "grants with id", grant_id


def grants_of_key(key_arn: str, *, grantee: str = "", service: str = "") -> Index:
    """The grants of a key: all, or those to a grantee principal or to a grantee service principal."""
    return "grants of key", key_arn, grantee, service


def retirable_grants(region: str, *, principal: str = "", service: str = "") -> Index:
    """The grants in a Region that a retiring principal or a retiring service principal is to retire."""
    return "retirable grants", region, principal, service


def usable_grants(key_arn: str, grantee: str, operation: str, pair: tuple[str, str] | None) -> Index:
    """The grants of a key that let a principal or service do an operation, under constraints of one kind.

    `pair`: the first one of the encryption context that they ask for; None: they ask for none, or the operation does
    not look at it.
    """
    return "usable grants", key_arn, grantee, operation, pair


def same_grants(parameters: Index) -> Index:
    """The grant with a name and the parameters of a request: one, at most."""
    return "same grants", parameters


def indexes_of_grant(grant: Grant) -> list[Index]:
    """The indexes that a grant is in."""
    indexes = [grants_with_id(grant.grant_id), grants_of_key(grant.key_arn)]
    if grant.name:
        indexes.append(same_grants(grant.parameters))
    if grant.grantee_principal is not None:
        indexes.append(grants_of_key(grant.key_arn, grantee=grant.grantee_principal))
    if grant.grantee_service_principal is not None:
        indexes.append(grants_of_key(grant.key_arn, service=grant.grantee_service_principal))
    if grant.retiring_principal is not None:
        indexes.append(retirable_grants(grant.region, principal=grant.retiring_principal))
    if grant.retiring_service_principal is not None:
        indexes.append(retirable_grants(grant.region, service=grant.retiring_service_principal))
    grantee, first_pair = grant.grantee_principal or grant.grantee_service_principal or "", grant.constraints.first_pair
    for operation in set(grant.operations):
        pair = first_pair if has_encryption_context(operation) else None
        indexes.append(usable_grants(grant.key_arn, grantee, operation, pair))
    return indexes
