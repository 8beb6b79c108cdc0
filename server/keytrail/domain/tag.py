"""The rules for tags. Source: KMS API Reference, TagResource; the texts as recorded from AWS."""

from collections.abc import Iterable

from keytrail.errors import TagException

MAX_TAGS_PER_KEY = 50


def read_tags(tags: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Tags by their keys; raises TagException for duplicates, reserved keys and too many."""
    pairs = list(tags)
    read = dict(pairs)
    if len(read) < len(pairs):
        raise TagException("Duplicate tag keys")
    if any(key.lower().startswith("aws:") for key in read):
        raise TagException("Tags beginning with aws: are reserved")
    if len(read) > MAX_TAGS_PER_KEY:
        raise TagException("Too many tags")
    return read
