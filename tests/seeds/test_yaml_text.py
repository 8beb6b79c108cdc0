"""Documents as YAML: YAML reads back what was written, and people can read it.

How we know: YAML 1.1, and PyYAML, which seeds are read with.
"""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from keytrail.seeds import to_yaml
from keytrail.seeds.decoding import _decode

texts = st.text(st.characters(exclude_categories=["Cs"])) | st.sampled_from(
    [
        "000000000000",
        "111122223333",
        "0x1f",
        "1e3",
        "1:30",
        "no",
        "~",
        "",
        "- a",
        "a: b",
        "a #b",
        "#",
        "a\nb\n",
        "a\n b",
    ]
)
scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | texts
documents = st.dictionaries(
    texts,
    st.recursive(
        scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4), max_leaves=20
    ),
    max_size=4,
)


@given(documents)
@example({"a": ["x\n  ", ["b\n\nc", {"d\n": "e" * 300}]]})
@example({"x" * 1200: {"y" * 1200: [1, {"z" * 1200: "w"}]}})
@example({"a": "\u0085\u2028\ufeff\x7f\U0001f511", "b": [[[]], [{}], {"c": {}}]})
def test_yaml_reads_back_what_was_written(document: dict[str, Any]) -> None:
    text = to_yaml(document, ["a comment"])
    assert yaml.load(text, yaml.CSafeLoader) == document
    assert yaml.load(text, yaml.SafeLoader) == document
    if document:
        assert _decode(text.encode(), "written.yaml") == document


@pytest.mark.parametrize(
    ("value", "line"),
    [
        ("arn:aws:iam::111122223333:role/Reader", "arn:aws:iam::111122223333:role/Reader"),
        ("111122223333", '"111122223333"'),
        ("400 days ago", "400 days ago"),
        ("2026-05-01T08:00:00.123Z", "2026-05-01T08:00:00.123Z"),
        ("Yes", '"Yes"'),
        ("1234abcd-12ab-34cd-56ef-1234567890ab", "1234abcd-12ab-34cd-56ef-1234567890ab"),
        ("the key: of orders", '"the key: of orders"'),
        (["alias/one", "alias/two"], "[alias/one, alias/two]"),
        ({"Operation": "Decrypt", "Timestamp": "now"}, "{Operation: Decrypt, Timestamp: now}"),
        (1e-7, "1.0e-07"),
    ],
)
def test_only_what_could_be_misread_is_in_quotes(value: object, line: str) -> None:
    assert to_yaml({"settings": {"member": value, "long": "_" * 100}}).splitlines()[1] == f"  member: {line}"


def test_a_part_has_an_item_below_the_other_with_its_members_in_their_order() -> None:
    policy = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "kms:*"}]}
    document = {"keys": [{"KeyId": "a", "Tags": {"team": "payments"}, "Policy": policy}, {"KeyId": "b" * 100}]}
    assert to_yaml(document, ["2 keys", ""]) == (
        "# 2 keys\n"
        "#\n"
        "keys:\n"
        "  - KeyId: a\n"
        "    Tags: {team: payments}\n"
        '    Policy: {Version: "2012-10-17", Statement: [{Effect: Allow, Principal: "*", Action: kms:*}]}\n'
        f"  - KeyId: {'b' * 100}\n"
    )


def test_a_long_text_of_several_lines_is_written_in_lines() -> None:
    assert to_yaml({"a": {"Policy": "{\n  x\n}"}}) == "a:\n  Policy: |-\n    {\n      x\n    }\n"


def test_what_is_no_document_is_an_error() -> None:
    with pytest.raises(TypeError, match="a document cannot contain"):
        to_yaml({"a": object()})
