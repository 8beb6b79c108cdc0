"""The rules for tags of keys. Source: KMS API Reference, TagResource; error messages as recorded from AWS."""

from collections.abc import Iterable

from keytrail.errors import TagException

MAX_TAGS_PER_KEY = 50


def read_tags(tags: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Tags by tag key. Raises TagException for duplicate keys, reserved keys, and too many tags."""
    pairs = list(tags)
    by_key = dict(pairs)
    if len(by_key) < len(pairs):
        raise TagException("Duplicate tag keys")
    if any(key.lower().startswith("aws:") for key in by_key):
        raise TagException("Tags beginning with aws: are reserved")
    if len(by_key) > MAX_TAGS_PER_KEY:
        raise TagException("Too many tags")
    return by_key
