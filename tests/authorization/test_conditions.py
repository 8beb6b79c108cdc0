"""Condition blocks.

How we know: IAM User Guide, "IAM JSON policy elements: Condition operators", "Set operators for multivalued context
keys" and "Policy variables".
"""

from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keytrail.authorization.conditions import Lookup, ValueList, read_conditions

REQUEST: Mapping[str, Sequence[str]] = {
    "kms:calleraccount": ["111122223333"],
    "kms:trailingdayswithoutkeyusage": ["30"],
    "kms:encryptioncontextkeys": ["tenant", "purpose"],
    "kms:multiregion": ["false"],
    "aws:principalarn": ["arn:aws:iam::111122223333:role/app/Reader"],
    "aws:username": ["alice"],
    "aws:currenttime": ["2026-05-01T08:00:00+00:00"],
    "aws:epochtime": ["1777622400"],
    "aws:sourceip": ["192.0.2.17"],
    "aws:starred": ["a*c"],
    "aws:bytes": ["aGVsbG8="],
}


def hold(block: Mapping[str, Any], lookup: Lookup, *, variables: bool = False) -> bool:
    condition = read_conditions(block, variables=variables)
    return condition is None or condition(lookup)


def holds(block: Mapping[str, Any], *, variables: bool = True) -> bool:
    def lookup(key: str) -> tuple[str, ...] | None:
        return tuple(REQUEST[key]) if key in REQUEST else None

    return hold(block, lookup, variables=variables)


@pytest.mark.parametrize(
    ("operator", "key", "value", "expected"),
    [
        ("StringEquals", "kms:CallerAccount", "111122223333", True),
        ("StringEquals", "KMS:calleraccount", ["444455556666", "111122223333"], True),
        ("StringEquals", "kms:CallerAccount", "444455556666", False),
        ("StringEquals", "aws:username", "Alice", False),
        ("StringEqualsIgnoreCase", "aws:username", "ALICE", True),
        ("StringNotEquals", "aws:username", "bob", True),
        ("StringNotEquals", "aws:username", ["bob", "alice"], False),
        ("StringNotEqualsIgnoreCase", "aws:username", "ALICE", False),
        ("StringLike", "aws:username", "a*e", True),
        ("StringLike", "aws:username", "a?e", False),
        ("StringLike", "aws:username", "[a]lice", False),
        ("StringNotLike", "aws:username", ["b*", "c*"], True),
        ("StringNotLike", "aws:username", ["b*", "a*"], False),
        ("NumericLessThanEquals", "kms:TrailingDaysWithoutKeyUsage", "30", True),
        ("NumericLessThanEquals", "kms:TrailingDaysWithoutKeyUsage", 29, False),
        ("NumericLessThan", "kms:TrailingDaysWithoutKeyUsage", "30", False),
        ("NumericGreaterThan", "kms:TrailingDaysWithoutKeyUsage", "29.5", True),
        ("NumericGreaterThanEquals", "kms:TrailingDaysWithoutKeyUsage", "31", False),
        ("NumericEquals", "kms:TrailingDaysWithoutKeyUsage", "30.0", True),
        ("NumericNotEquals", "kms:TrailingDaysWithoutKeyUsage", ["29", "30"], False),
        ("NumericEquals", "aws:username", "30", False),
        ("NumericEquals", "kms:TrailingDaysWithoutKeyUsage", "thirty", False),
        ("DateLessThan", "aws:CurrentTime", "2026-05-01T08:00:01Z", True),
        ("DateGreaterThan", "aws:CurrentTime", "2026-05-01T08:00:00Z", False),
        ("DateGreaterThanEquals", "aws:CurrentTime", "2026-05-01", True),
        ("DateEquals", "aws:EpochTime", "2026-05-01T08:00:00Z", True),
        ("DateNotEquals", "aws:CurrentTime", 1777622400, False),
        ("Bool", "kms:MultiRegion", False, True),
        ("Bool", "kms:MultiRegion", "TRUE", False),
        ("BinaryEquals", "aws:bytes", "aGVsbG8=", True),
        ("BinaryEquals", "aws:bytes", "aGVsbG9v", False),
        ("IpAddress", "aws:SourceIp", "192.0.2.0/24", True),
        ("IpAddress", "aws:SourceIp", ["198.51.100.0/24", "192.0.2.18"], False),
        ("NotIpAddress", "aws:SourceIp", "198.51.100.0/24", True),
        ("ArnLike", "aws:PrincipalArn", "arn:aws:iam::111122223333:role/*", True),
        ("ArnEquals", "aws:PrincipalArn", "arn:aws:iam::*:role/app/Reader", True),
        ("ArnLike", "aws:PrincipalArn", "arn:*:role/app/Reader", False),
        ("ArnNotLike", "aws:PrincipalArn", "arn:aws:iam::111122223333:user/*", True),
        ("ArnNotEquals", "aws:PrincipalArn", "arn:aws:iam::111122223333:role/app/Reader", False),
        ("Null", "aws:username", "false", True),
        ("Null", "aws:username", True, False),
        ("Null", "kms:ViaService", "true", True),
    ],
)
def test_an_operator_compares_the_values_of_the_request(operator: str, key: str, value: object, expected: bool) -> None:
    assert holds({operator: {key: value}}) is expected


@pytest.mark.parametrize(
    ("operator", "expected"),
    [
        ("StringEquals", False),
        ("StringLike", False),
        ("StringNotEquals", True),
        ("StringNotLike", True),
        ("NumericLessThanEquals", False),
        ("NumericNotEquals", True),
        ("ArnLike", False),
        ("Bool", False),
        ("NotIpAddress", True),
        ("StringEqualsIfExists", True),
        ("BoolIfExists", True),
        ("ForAllValues:StringEquals", True),
        ("ForAnyValue:StringEquals", False),
        ("ForAnyValue:StringNotEquals", False),
        ("ForAnyValue:StringEqualsIfExists", True),
    ],
)
def test_a_key_that_the_request_lacks_meets_only_negations_if_exists_and_for_all_values(
    operator: str, expected: bool
) -> None:
    assert holds({operator: {"kms:ViaService": "1"}}) is expected


@pytest.mark.parametrize(
    ("operator", "values", "expected"),
    [
        ("ForAllValues:StringEquals", ["tenant", "purpose", "more"], True),
        ("ForAllValues:StringEquals", ["tenant"], False),
        ("ForAnyValue:StringEquals", ["tenant", "other"], True),
        ("ForAnyValue:StringEquals", ["other"], False),
        ("ForAllValues:StringNotEquals", ["other"], True),
        ("ForAllValues:StringNotEquals", ["tenant"], False),
        ("ForAnyValue:StringNotEquals", ["tenant"], True),
        ("ForAnyValue:StringNotEquals", ["tenant", "purpose"], False),
        ("ForAnyValue:StringLike", "ten*", True),
        ("forallvalues:stringlike", ["ten*", "pur*"], True),
    ],
)
def test_set_operators_quantify_over_the_values_of_the_request(operator: str, values: object, expected: bool) -> None:
    assert holds({operator: {"kms:EncryptionContextKeys": values}}) is expected


@pytest.mark.parametrize("values", [("a",), ("a", "b")])
@pytest.mark.parametrize("operator", ["StringEquals", "StringNotEquals", "StringEqualsIfExists", "StringNotLike"])
def test_a_key_that_can_have_many_values_needs_a_set_operator(operator: str, values: tuple[str, ...]) -> None:
    """How we know: recorded (radkawar/stackd testdata/aws/iam/condition_sets.json, as its guide tells)."""
    assert not hold({operator: {"k": ["a"]}}, lambda _: ValueList(values))
    assert not hold({operator: {"k": ["c"]}}, lambda _: ValueList(values))
    assert hold({f"ForAnyValue:{operator}": {"k": "a" if "Not" not in operator else "c"}}, lambda _: ValueList(values))
    absent = operator != "StringEquals"
    assert hold({operator: {"k": ["a"]}}, lambda _: None) is absent


def test_a_key_that_can_have_many_values_is_no_policy_variable() -> None:
    """How we know: as above; a fallback does not help, and a negated comparison can still hold."""
    values = {"k": ("a",), "many": ValueList(["a"])}
    assert not hold({"StringEquals": {"k": "${many}"}}, values.get, variables=True)
    assert not hold({"StringEquals": {"k": "${many, 'a'}"}}, values.get, variables=True)
    assert hold({"StringNotEquals": {"k": "${many}"}}, values.get, variables=True)


@pytest.mark.parametrize(
    ("operator", "pattern", "value", "expected"),
    [
        ("StringLike", "?", "\U00010410", False),
        ("StringLike", "??", "\U00010410", True),
        ("StringLike", "*\U00010410", "x\U00010410", True),
        ("ArnLike", "arn:aws:iam::1:user/??", "arn:aws:iam::1:user/\U00010410", True),
        ("StringLike", "a*b", "a\nb", True),
        ("StringEqualsIgnoreCase", "S", "\u017f", False),
        ("StringEqualsIgnoreCase", "\u03a3", "\u03c2", False),
        ("StringEqualsIgnoreCase", "\u039f\u03a3", "\u03bf\u03c2", True),
    ],
)
def test_letters_are_compared_as_iam_was_recorded_to(operator: str, pattern: str, value: str, expected: bool) -> None:
    """How we know: recorded (radkawar/stackd testdata/aws/iam/condition_strings.json, as its guide tells)."""
    assert hold({operator: {"k": pattern}}, lambda _: (value,)) is expected


def test_all_operators_and_all_keys_of_a_block_must_hold() -> None:
    both = {"StringEquals": {"aws:username": "alice", "kms:CallerAccount": "111122223333"}}
    assert holds(both)
    assert not holds({**both, "Bool": {"kms:MultiRegion": "true"}})
    assert not holds({"StringEquals": {"aws:username": "alice", "kms:CallerAccount": "444455556666"}})
    assert holds({})


@pytest.mark.parametrize(
    ("key", "value", "expected"),
    [
        ("aws:username", "${aws:username}", True),
        ("aws:PrincipalArn", "arn:aws:iam::${kms:CallerAccount}:role/app/*", True),
        ("aws:username", "${aws:PrincipalTag/team}", False),
        ("aws:username", "${aws:PrincipalTag/team, 'alice'}", True),
        ("aws:starred", "a${*}c", True),
        ("aws:username", "alic${*}", False),
        ("aws:username", "alic${?}", False),
        ("aws:starred", "${aws:starred}", True),
    ],
)
def test_policy_variables_stand_for_values_of_the_request(key: str, value: str, expected: bool) -> None:
    assert holds({"StringLike": {key: value}}) is expected


def test_a_star_in_the_value_of_a_variable_is_not_a_wildcard() -> None:
    assert not hold(
        {"StringLike": {"aws:username": "${aws:starred}"}},
        lambda key: {"aws:username": ("abc",), "aws:starred": ("a*c",)}[key],
        variables=True,
    )


def test_policies_of_the_old_version_have_no_variables() -> None:
    assert not holds({"StringEquals": {"aws:username": "${aws:username}"}}, variables=False)


@pytest.mark.parametrize(
    "block",
    [
        {"StringSame": {"aws:username": "x"}},
        {"ForSomeValues:StringEquals": {"aws:username": "x"}},
        {"NullIfExists": {"aws:username": "true"}},
        {"StringEquals": "x"},
        {"StringEquals": {"aws:username": {"a": "b"}}},
        {"StringEquals": {"aws:username": [None]}},
    ],
)
def test_a_malformed_condition_is_refused(block: Mapping[str, Any]) -> None:
    with pytest.raises(ValueError, match="condition"):
        read_conditions(block, variables=True)


@given(st.text(max_size=12), st.lists(st.text(max_size=12), min_size=1, max_size=4))
def test_a_negated_operator_is_the_opposite_of_its_plain_one(value: str, wanted: list[str]) -> None:
    def answer(operator: str) -> bool:
        return hold({operator: {"k": wanted}}, lambda _: (value,))

    for plain, negated in (
        ("StringEquals", "StringNotEquals"),
        ("StringLike", "StringNotLike"),
        ("NumericEquals", "NumericNotEquals"),
        ("ArnLike", "ArnNotLike"),
        ("DateEquals", "DateNotEquals"),
        ("IpAddress", "NotIpAddress"),
    ):
        assert answer(plain) is not answer(negated)


@given(st.text(max_size=16))
def test_every_text_matches_itself_and_a_star(value: str) -> None:
    plain = value.replace("*", "").replace("?", "").replace("\0", "")
    for pattern in (plain, "*", f"*{plain}*"):
        assert hold({"StringLike": {"k": pattern}}, lambda _: (plain,))
