"""The rules for tags of keys. Source: KMS API Reference, TagResource; error messages as recorded from AWS."""

from collections.abc import Iterable

from keytrail.errors import TagException

MAX_TAGS_PER_KEY = 50


def read_tags(tags: Iterable[tuple[str, str]], *, by_aws: bool = False) -> dict[str, str]:
    """Tags by tag key. Raises TagException for duplicate keys, reserved keys, and too many tags.

    `by_aws`: whether AWS may have set some of them, as CloudFormation does; those may be reserved, and do not count.
    """
    pairs = list(tags)
    by_key = dict(pairs)
    if len(by_key) < len(pairs):
        raise TagException("Duplicate tag keys")
    reserved = sum(key.lower().startswith("aws:") for key in by_key)
    if reserved and not by_aws:
        raise TagException("Tags beginning with aws: are reserved")
    if len(by_key) - reserved > MAX_TAGS_PER_KEY:
        raise TagException("Too many tags")
    return by_key
