"""Tags of keys. Source: KMS API Reference; KMS Developer Guide, "Tags in AWS KMS"."""

from collections.abc import Mapping, Sequence

from keytrail.call import Call, Reply
from keytrail.domain import key as states
from keytrail.domain.key import Key
from keytrail.domain.tag import MAX_TAGS_PER_KEY, read_tags
from keytrail.operation import operation
from keytrail.operations.pagination import requested_page


@operation(states=states.NOT_PENDING_DELETION, logged_reply="key", quota=10)
def tag_resource(call: Call, key: Key, *, tags: Sequence[Mapping[str, str]]) -> None:
    """Add tags to a key; an existing tag gets the new value."""
    added = read_tags((tag["TagKey"], tag["TagValue"]) for tag in tags)
    call.change(key, lambda newest: newest.tag(added))


@operation(states=states.NOT_PENDING_DELETION, logged_reply="key", quota=5)
def untag_resource(call: Call, key: Key, *, tag_keys: Sequence[str]) -> None:
    """Remove tags from a key; a missing tag is no error."""
    call.change(key, lambda newest: newest.untag(tag_keys))


@operation(quota=2000)
def list_resource_tags(call: Call, key: Key, *, limit: int | None = None, marker: str | None = None) -> Reply:
    """List a key's tags, in the order of their keys."""
    page = requested_page(call, limit, marker, default=MAX_TAGS_PER_KEY, maximum=MAX_TAGS_PER_KEY, filters=key.arn)
    names = sorted(name for name in key.tags if name > page.after)
    reply = page.reply("Tags", names, str)
    return {**reply, "Tags": [{"TagKey": name, "TagValue": key.tags[name]} for name in names[: page.limit]]}
