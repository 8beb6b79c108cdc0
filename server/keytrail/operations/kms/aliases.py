"""Friendly names of keys. Source: KMS API Reference; KMS Developer Guide, "Aliases in AWS KMS"."""

from collections.abc import Mapping

from keytrail.call import Call, Reply
from keytrail.domain import key as states
from keytrail.domain.alias import Alias, require_alias_name
from keytrail.domain.arn import alias_arn, is_alias
from keytrail.domain.aws_managed_key import PREDEFINED
from keytrail.domain.key import Key
from keytrail.errors import ValidationException
from keytrail.operation import operation
from keytrail.operations.pagination import page


def _names_are_valid(members: Mapping[str, object]) -> None:
    require_alias_name(str(members["AliasName"]))
    if is_alias(str(members.get("TargetKeyId", ""))):
        raise ValidationException("Aliases must refer to keys. Not aliases")


@operation(key="TargetKeyId", states=states.NOT_PENDING_DELETION, rules=_names_are_valid, logged_reply="key", quota=5)
def create_alias(call: Call, key: Key, *, alias_name: str) -> None:
    """Give a key a name that is new in the account and Region."""
    alias = Alias(key.account, key.region, alias_name, key.key_id, call.now, call.now)
    call.authorize_on(alias.arn)
    call.resources = [(key.account, key.arn), (key.account, alias.arn)]
    call.writable_store.aliases.add(alias)


@operation(on="itself", states=states.NOT_PENDING_DELETION, rules=_names_are_valid, logged_reply="key", quota=5)
def update_alias(call: Call, *, alias_name: str, target_key_id: str) -> None:
    """Let a name stand for another key of the same type and usage."""
    alias = call.store.newest.require_alias(alias_arn(call.region, call.account, alias_name))
    call.authorize_on(alias.arn)
    key = call.resolve(target_key_id, aliases=False)
    current = call.store.newest.key(alias.target_arn)
    if current is not None and current.arn != key.arn:
        call.authorize(current, shown=False)
    call.resources = [(key.account, alias.arn), (key.account, key.arn)]
    call.admit(key)
    if current is not None and (current.usage is not key.usage or current.is_symmetric != key.is_symmetric):
        # unverified: the words
        raise ValidationException(
            f"Alias {alias.arn} cannot be moved from a key of KeyUsage {current.usage} and KeySpec {current.spec} "
            f"to one of KeyUsage {key.usage} and KeySpec {key.spec}."
        )
    call.writable_store.aliases.point(alias.arn, key, call.now)


@operation(on="itself", rules=_names_are_valid, logged_reply="key", quota=15)
def delete_alias(call: Call, *, alias_name: str) -> None:
    """Take a name away; its key stays."""
    alias = call.store.newest.require_alias(alias_arn(call.region, call.account, alias_name))
    call.authorize_on(alias.arn)
    key = call.store.newest.key(alias.target_arn)
    if key is not None:
        call.authorize(key)
        call.resources = [(key.account, alias.arn), (key.account, key.arn)]
    call.writable_store.aliases.remove(alias.arn)


@operation(on="*", quota=500)
def list_aliases(
    call: Call, *, key_id: str | None = None, limit: int | None = None, marker: str | None = None
) -> Reply:
    """List the account's aliases in the Region, or those of one key, by name.

    Those that AWS defines beforehand are there too, and those of them without a key have a name and an ARN only.
    AliasCount, which no model has, counts the aliases of the answer, as recorded from AWS.
    """
    key = call.resolve(key_id, aliases=False) if key_id is not None else None
    call.resources = []
    # unverified: KMS documents at most 100 here, though its model lets 1000 through
    part = page(call, limit, marker, default=50, most=100, of=key.arn if key is not None else "")
    if key is not None:
        entries = [_entry(alias) for alias in call.view.aliases_of_after(key, part.after, part.limit + 1)]
    else:
        aliases = call.view.aliases_after(call.account, call.region, part.after, part.limit + 1)
        entries = sorted([*map(_entry, aliases), *_without_key(call, part.after)], key=_name)[: part.limit + 1]
    reply = part.reply("Aliases", entries, _name)
    return {**reply, "AliasCount": min(len(entries), part.limit)}


def _without_key(call: Call, after: str) -> list[dict[str, object]]:
    """The aliases that AWS has defined, and that have no key yet, behind a place in the list."""
    return [
        {"AliasArn": alias_arn(call.region, call.account, name), "AliasName": name}
        for name in PREDEFINED
        if name > after and call.view.alias(alias_arn(call.region, call.account, name)) is None
    ]


def _name(entry: Mapping[str, object]) -> str:
    return str(entry["AliasName"])


def _entry(alias: Alias) -> dict[str, object]:
    return {
        "AliasArn": alias.arn,
        "AliasName": alias.name,
        "CreationDate": alias.creation_date,
        "LastUpdatedDate": alias.last_updated_date,
        "TargetKeyId": alias.target_key_id,
    }
