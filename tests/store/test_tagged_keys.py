"""The indexes of tagged keys: whatever is tagged and untagged, they answer as a walk over all keys would.

How we know: kms-behaviour K.2 for the filters; the walk is in this file.
"""

from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from keytrail.domain.key import Key
from keytrail.store import Store
from keytrail.store.tagged_keys import TagFilter

ACCOUNT, REGION = "111122223333", "us-east-1"
CREATED = datetime(2026, 5, 1, tzinfo=UTC)
IDS = [f"{number:08x}-12ab-34cd-56ef-1234567890ab" for number in range(6)]
NAMES, VALUES = st.sampled_from(["a", "b", "c"]), st.sampled_from(["", "x", "y"])
TAGS = st.dictionaries(NAMES, VALUES, max_size=3)
FILTERS = st.lists(st.tuples(NAMES, st.lists(VALUES, max_size=3)), max_size=3)
STEPS = st.lists(st.tuples(st.sampled_from(IDS), TAGS | st.sets(NAMES)), max_size=20)


def stored(first: list[dict[str, str]]) -> Store:
    store = Store()
    store.add(
        [
            Key(account=ACCOUNT, region=REGION, key_id=key_id, creation_date=CREATED, tags=tags)
            for key_id, tags in zip(IDS, first, strict=False)
        ],
        counted=False,
    )
    return store


def fits(key: Key, filters: list[TagFilter]) -> bool:
    return key.ever_tagged and all(
        name in key.tags and (not values or key.tags[name] in values) for name, values in filters
    )


def agrees(store: Store, filters: list[TagFilter]) -> None:
    view = store.newest
    keys = sorted(view.all_keys(), key=lambda key: key.key_id)
    expected = [key for key in keys if fits(key, filters)]
    tagged = view.tagged_keys
    assert tagged.after(ACCOUNT, REGION, filters, "", 100) == expected
    paged, after = [], ""
    while page := tagged.after(ACCOUNT, REGION, filters, after, 2):
        paged, after = paged + page, page[-1].key_id
    assert paged == expected
    names = sorted({name for key in keys for name in key.tags})
    assert tagged.tag_keys_after(ACCOUNT, REGION, None, 100) == names
    for name in ("a", "b", "c"):
        values = sorted({key.tags[name] for key in keys if name in key.tags})
        assert tagged.tag_values_after(ACCOUNT, REGION, name, None, 100) == values
        assert tagged.tag_values_after(ACCOUNT, REGION, name, "x", 1) == [each for each in values if each > "x"][:1]


@given(first=st.lists(TAGS, min_size=1, max_size=6), steps=STEPS, filters=FILTERS)
def test_they_answer_as_a_walk_over_all_keys(
    first: list[dict[str, str]], steps: list[tuple[str, dict[str, str] | set[str]]], filters: list[TagFilter]
) -> None:
    store = stored(first)
    agrees(store, filters)
    kept = store.snapshot()
    for key_id, change in steps:
        key = next((key for key in store.newest.all_keys() if key.key_id == key_id), None)
        if key is None:
            continue
        if isinstance(change, dict):
            store.change(key.arn, lambda newest, tags=change: newest.tag(tags))  # type: ignore[misc]
        else:
            store.change(key.arn, lambda newest, names=change: newest.untag(names))  # type: ignore[misc]
    agrees(store, filters)
    store.restore(kept, ACCOUNT)
    agrees(store, filters)


def test_a_key_remembers_that_it_had_tags_whatever_becomes_of_it() -> None:
    key = Key(account=ACCOUNT, region=REGION, key_id=IDS[0], creation_date=CREATED)
    assert not key.ever_tagged
    untagged = key.tag({"a": "b"}).untag(["a"])
    assert untagged.ever_tagged
    assert untagged.disable().update_description("old").ever_tagged
