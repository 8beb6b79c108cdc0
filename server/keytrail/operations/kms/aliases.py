"""Aliases: create, update, delete, list. Source: KMS API Reference; KMS Developer Guide, "Aliases in AWS KMS"."""

from collections.abc import Mapping

from keytrail.call import Call, Reply
from keytrail.domain import key as states
from keytrail.domain.alias import Alias, require_alias_name
from keytrail.domain.arn import alias_arn, is_alias, is_key_id
from keytrail.domain.aws_managed_key import PREDEFINED
from keytrail.domain.key import Key
from keytrail.errors import NotFoundException, ValidationException
from keytrail.operation import operation
from keytrail.operations.pagination import requested_page


def _check_names(members: Mapping[str, object]) -> None:
    require_alias_name(str(members["AliasName"]))
    target = str(members.get("TargetKeyId", "arn:"))
    if is_alias(target):
        raise ValidationException("Aliases must refer to keys. Not aliases")
    if not target.startswith("arn:") and not is_key_id(target):
        # Without the quotes of other operations, as reported of CreateAlias (crossplane-contrib/provider-aws #1001).
        # unverified: UpdateAlias; not in AWS's docs, recordings or issues
        raise NotFoundException(f"Invalid keyId {target}")


@operation(key="TargetKeyId", states=states.NOT_PENDING_DELETION, rules=_check_names, logged_reply="key", quota=5)
def create_alias(call: Call, key: Key, *, alias_name: str) -> None:
    """Create an alias of a key, with a name that is new in the account and Region."""
    alias = Alias(key.account, key.region, alias_name, key.key_id, call.now, call.now)
    call.authorize_on(alias.arn)
    call.resources = [(key.account, key.arn), (key.account, alias.arn)]
    call.writable_store.aliases.add(alias)


@operation(
    authorization="in function", states=states.NOT_PENDING_DELETION, rules=_check_names, logged_reply="key", quota=5
)
def update_alias(call: Call, *, alias_name: str, target_key_id: str) -> None:
    """Move an alias to another key of the same type and usage."""
    alias = call.store.newest.require_alias(alias_arn(call.region, call.account, alias_name))
    call.authorize_on(alias.arn)
    key = call.resolve(target_key_id, aliases=False)
    current = call.store.newest.key(alias.target_arn)
    if current is not None and current.arn != key.arn:
        call.authorize(current, in_event=False)
    call.resources = [(key.account, alias.arn), (key.account, key.arn)]
    call.admit(key)
    if current is not None and (current.usage is not key.usage or current.is_symmetric != key.is_symmetric):
        # unverified: the words; not in AWS's docs, recordings or issues
        raise ValidationException(
            f"Alias {alias.arn} cannot be moved from a key of KeyUsage {current.usage} and KeySpec {current.spec} "
            f"to one of KeyUsage {key.usage} and KeySpec {key.spec}."
        )
    call.writable_store.aliases.point(alias.arn, key, call.now)


@operation(authorization="in function", rules=_check_names, logged_reply="key", quota=15)
def delete_alias(call: Call, *, alias_name: str) -> None:
    """Delete an alias; its key stays."""
    alias = call.store.newest.require_alias(alias_arn(call.region, call.account, alias_name))
    call.authorize_on(alias.arn)
    key = call.store.newest.key(alias.target_arn)
    if key is not None:
        call.authorize(key)
        call.resources = [(key.account, alias.arn), (key.account, key.arn)]
    call.writable_store.aliases.remove(alias.arn)


@operation(authorization="*", quota=500)
def list_aliases(
    call: Call, *, key_id: str | None = None, limit: int | None = None, marker: str | None = None
) -> Reply:
    """List the account's aliases in the Region, or those of one key, by name.

    The predefined aliases of AWS managed keys are in the list too; one whose key does not exist yet has only a name and
    an ARN. AliasCount, the number of aliases on the page, is not in the model, but recorded from AWS.
    """
    key = call.resolve(key_id, aliases=False) if key_id is not None else None
    call.resources = []
    # unverified: how long a page with a Limit over 100 is; AWS's docs say at most 100, and a record of 2025 shows that
    # a Limit of 1000 is no error
    page = requested_page(call, limit, marker, default=50, maximum=100, filters=key.arn if key is not None else "")
    if key is not None:
        entries = [_entry(alias) for alias in call.view.aliases_of_after(key, page.after, page.limit + 1)]
    else:
        aliases = call.view.aliases_after(call.account, call.region, page.after, page.limit + 1)
        entries = sorted([*map(_entry, aliases), *_predefined_without_key(call, page.after)], key=_name)[
            : page.limit + 1
        ]
    reply = page.reply("Aliases", entries, _name)
    return {**reply, "AliasCount": min(len(entries), page.limit)}


def _predefined_without_key(call: Call, after: str) -> list[dict[str, object]]:
    """The entries, after a name, of predefined aliases whose AWS managed key does not exist yet."""
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
