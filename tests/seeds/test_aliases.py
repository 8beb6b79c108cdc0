"""YAML's aliases and merges in seeds: useful, and bounded in what they may become.

How we know: YAML 1.2.2, section 3.2.2.2 ("Anchors and Aliases"), and yaml.org/type/merge: a mapping's own members
override those that it merges.
"""

from __future__ import annotations

import tracemalloc
from datetime import UTC, datetime

import pytest

from keytrail.seeds import SeedError, read_document
from keytrail.seeds.seed import Seed
from keytrail.settings import Settings
from tests.support import KEY, MRK, OTHER_KEY

NOW = datetime(2026, 11, 24, tzinfo=UTC)
MIB = 1024 * 1024


def read(text: str) -> Seed:
    return read_document(text.encode(), Settings(), NOW, name="seed.yaml")


def powers(first: str, later: str) -> list[str]:
    """Eight values, each with nine times the one before it."""
    lines = [f"x0: &x0 {first}"]
    for number in range(1, 8):
        lines.append(f"x{number}: &x{number} {later.replace('X', ', '.join([f'*x{number - 1}'] * 9))}")
    return lines


def policy(lines: list[str]) -> str:
    return f"keys:\n- KeyId: {KEY}\n  Policy:\n" + "\n".join(f"    {line}" for line in lines)


CHAIN = ["m0: &m0 {k0: v}", *(f"m{n}: &m{n} {{<<: *m{n - 1}, k{n}: v}}" for n in range(1, 3000))]
BOMBS = {
    "lists of lists": (policy(powers("[lol, lol]", "[X]")), "more than 16 MiB"),
    "mappings of lists": (policy(powers("{a: lol}", "{a: [X]}")), "more than 16 MiB"),
    "pairs": (policy(powers("[lol, lol]", "!!pairs [a: [X]]")), "more than 16 MiB"),
    "a list within itself": ("keys: &keys [*keys]", "is within what it stands for"),
    "a mapping within itself": (policy(["x: &x {y: {z: *x}}"]), "is within what it stands for"),
    "a merge of itself": (policy(["x: &x {<<: *x}"]), "merges (<<) itself"),
    "a merge of a text": (policy(["x: {<<: all}"]), "<< merges a mapping, or a list of mappings"),
    "a chain of merges": (policy(CHAIN), "merges (<<) more than 200000 members"),
}


@pytest.mark.parametrize(("text", "words"), BOMBS.values(), ids=BOMBS)
def test_a_seed_that_aliases_make_too_large_or_endless_is_refused_before_it_is(text: str, words: str) -> None:
    tracemalloc.start()
    try:
        with pytest.raises(SeedError) as refused:
            read(text)
        assert tracemalloc.get_traced_memory()[1] < 64 * MIB
    finally:
        tracemalloc.stop()
    assert str(refused.value).startswith("seed.yaml: not YAML")
    assert words in str(refused.value)


def test_a_thousand_keys_may_share_a_policy_by_an_alias() -> None:
    statement = "{Effect: Allow, Principal: {AWS: 'arn:aws:iam::000000000000:root'}, Action: 'kms:*', Resource: '*'}"
    keys = [f"- {{KeyId: 00000000-0000-4000-8000-{number:012}, Policy: *shared}}" for number in range(1, 1000)]
    first = f"- {{KeyId: {KEY}, Policy: &shared {{Version: '2012-10-17', Statement: [{statement}]}}}}"
    assert len(read("\n".join(["keys:", first, *keys])).keys) == 1000


def test_a_larger_seed_may_become_larger() -> None:
    """16 times as large as it is."""
    text = f"keys:\n- KeyId: {KEY}\n  Description: &long {'a' * 8000}\n"
    keys = [f"- {{KeyId: 00000000-0000-4000-8000-{number:012}, Description: *long}}" for number in range(2200)]
    with pytest.raises(SeedError, match="more than 16 MiB"):
        read(text + "\n".join(keys))
    comment = f"# {'a' * 2 * MIB}\n"
    assert len(read(comment + text + "\n".join(keys)).keys) == 2201


def test_what_a_mapping_has_itself_counts_most_then_what_it_merges_first() -> None:
    """Also where a mapping that is read before merges it."""
    text = (
        f"keys:\n- {{KeyId: {MRK}, Replicas: [&one {{Region: us-west-2, Description: shared}}, "
        "&two {<<: *one, Region: eu-west-1}]}\n"
        f"- {{<<: *two, KeyId: {KEY}}}\n- {{<<: [*one, *two], KeyId: {OTHER_KEY}, Description: own}}\n"
    )
    assert {(key.key_id, key.region, key.description) for key in read(text).keys.values()} == {
        (MRK, "us-east-1", ""),
        (MRK, "us-west-2", "shared"),
        (MRK, "eu-west-1", "shared"),
        (KEY, "eu-west-1", "shared"),
        (OTHER_KEY, "us-west-2", "own"),
    }
