"""The indexes of a store, for the List operations, and for look-ups by something other than the id.

Each is in the order of its ids. The ids of keys and aliases are ARNs of one account and Region, so lists of keys are in
the order of KeyId, and lists of aliases in the order of the name. The ids of grants are their sort keys, so lists of
grants are in the order of creation.
"""

from keytrail.domain.alias import Alias
from keytrail.domain.grant import Grant, has_encryption_context
from keytrail.domain.key import Key
from keytrail.store.indexed_dict import Index

_TAGGED = "tagged keys"

# Keys, by their ARNs


def keys_of(account: str, region: str) -> Index:
    """An account's keys in a Region."""
    return "keys of", account, region


def keys_with_id(region: str, key_id: str) -> Index:
    """The keys with an id in a Region, in any account: nearly always one at most."""
    return "keys with id", region, key_id


def tagged_keys(account: str, region: str, *tag: str) -> Index:
    """An account's keys in a Region that have, or had, tags; with `tag`, those that have a tag with this key.

    `tag` may have the tag's value, too.
    """
    return _TAGGED, account, region, *tag


def is_of_tag(index: Index) -> bool:
    """Whether an index is of the keys with a tag, so that tag keys, and the values of each, can be listed."""
    return index[0] == _TAGGED and len(index) > len(tagged_keys("", ""))


def keys_in(custom_key_store_id: str) -> Index:
    """The keys in a custom key store."""
    return "keys in", custom_key_store_id


def keys_backed_by(custom_key_store_id: str, xks_key_id: str) -> Index:
    """The key in an external key store that is backed by an external key: one at most."""
    return "keys backed by", custom_key_store_id, xks_key_id


def indexes_of_key(key: Key) -> list[Index]:
    """The indexes that a key is in."""
    indexes = [keys_of(key.account, key.region), keys_with_id(key.region, key.key_id)]
    if key.ever_tagged:
        indexes.append(tagged_keys(key.account, key.region))
        for name, value in key.tags.items():
            indexes += tagged_keys(key.account, key.region, name), tagged_keys(key.account, key.region, name, value)
    if key.custom_key_store_id is not None:
        indexes.append(keys_in(key.custom_key_store_id))
        if key.xks_key_id is not None:
            indexes.append(keys_backed_by(key.custom_key_store_id, key.xks_key_id))
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


# Grants, by their sort keys


def grants_with_id(grant_id: str) -> Index:
    """The grant with an id: one at most."""
    return "grants with id", grant_id


def grants_of_key(key_arn: str, *, grantee: str = "", service: str = "") -> Index:
    """The grants of a key: all, or those to a grantee principal or to a grantee service principal."""
    return "grants of key", key_arn, grantee, service


def retirable_grants(region: str, *, principal: str = "", service: str = "") -> Index:
    """The grants in a Region with a retiring principal or a retiring service principal."""
    return "retirable grants", region, principal, service


def usable_grants(key_arn: str, grantee: str, operation: str, pair: tuple[str, str] | None) -> Index:
    """The grants of a key that allow a principal or service an operation, with this first pair in their constraints.

    `pair`: the first pair of the encryption context that a grant's constraints require; None for grants without such
    constraints, and for operations without an encryption context.
    """
    return "usable grants", key_arn, grantee, operation, pair


def same_grants(parameters: Index) -> Index:
    """The named grant with these parameters (Grant.parameters): one at most."""
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
    grantee = grant.grantee_principal or grant.grantee_service_principal or ""
    first_pair = grant.constraints.first_pair
    for operation in set(grant.operations):
        pair = first_pair if has_encryption_context(operation) else None
        indexes.append(usable_grants(grant.key_arn, grantee, operation, pair))
    return indexes
