"""ARNs, and what a name of a key means.

How we know: kms-behaviour B.3.
"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keytrail.domain.arn import key_arn as arn_of
from keytrail.domain.arn import partition_of, read_key_identifier
from keytrail.errors import AwsError, InvalidArnException, NotFoundException
from keytrail.regions import regions_by_partition
from tests.support import ACCOUNT, ALIAS, FOREIGN, KEY, MRK, REGION, alias_arn, key_arn

BAD_IDENTIFIERS: dict[str, tuple[str, type[AwsError], str | None]] = {
    "a name of nothing": ("fake-key-id", NotFoundException, "Invalid keyId 'fake-key-id'"),
    "a UUID without dashes": (KEY.replace("-", ""), NotFoundException, f"Invalid keyId '{KEY.replace('-', '')}'"),
    "an mrk- that is none": ("mrk-fake-key-id", NotFoundException, "Invalid keyId 'mrk-fake-key-id'"),
    "a key ARN of no key id": (f"arn:aws:kms:{REGION}:{ACCOUNT}:key/foo", NotFoundException, "Invalid keyId foo"),
    "another Region's key": (key_arn(region="us-west-2"), NotFoundException, "Invalid arn us-west-2"),
    "another Region's alias": (alias_arn(region="us-west-2"), NotFoundException, "Invalid arn us-west-2"),
    # unverified: AWS's words for a malformed ARN are not known.
    "another service": (f"arn:aws:s3:{REGION}:{ACCOUNT}:key/{KEY}", InvalidArnException, None),
    "another resource": (f"arn:aws:kms:{REGION}:{ACCOUNT}:grant/{KEY}", InvalidArnException, None),
    "too few parts": ("arn:aws:kms", InvalidArnException, None),
    "no account": (f"arn:aws:kms:{REGION}::key/{KEY}", InvalidArnException, None),
    "no Region": (f"arn:aws:kms::{ACCOUNT}:key/{KEY}", InvalidArnException, None),
    "no name": (f"arn:aws:kms:{REGION}:{ACCOUNT}:key/", InvalidArnException, None),
    "another partition": (f"arn:aws-cn:kms:{REGION}:{ACCOUNT}:key/{KEY}", InvalidArnException, None),
}


@pytest.mark.parametrize("aliases", [True, False])
@pytest.mark.parametrize(("text", "error", "words"), BAD_IDENTIFIERS.values(), ids=BAD_IDENTIFIERS)
def test_a_bad_identifier_is_refused_with_the_message_of_kms(
    text: str, error: type[AwsError], words: str | None, aliases: bool
) -> None:
    if not aliases and ":alias/" in text:
        error, words = InvalidArnException, "Key Aliases are not supported for this operation."
    with pytest.raises(error) as caught:
        read_key_identifier(text, ACCOUNT, REGION, aliases=aliases)
    assert words is None or caught.value.message == words


@pytest.mark.parametrize("text", [ALIAS, alias_arn(), alias_arn(account=FOREIGN), "alias/aws/s3", "alias/"])
def test_an_alias_is_refused_where_only_keys_are_accepted(text: str) -> None:
    with pytest.raises(InvalidArnException) as caught:
        read_key_identifier(text, ACCOUNT, REGION, aliases=False)
    assert caught.value.message == "Key Aliases are not supported for this operation."


GOOD_IDENTIFIERS = {
    KEY: (ACCOUNT, KEY, None),
    KEY.upper(): (ACCOUNT, KEY.upper(), None),
    MRK: (ACCOUNT, MRK, None),
    key_arn(): (ACCOUNT, KEY, None),
    key_arn(account=FOREIGN): (FOREIGN, KEY, None),
    key_arn("foo", FOREIGN): (FOREIGN, "foo", None),  # of another account's keys nothing is told, not even this
    ALIAS: (ACCOUNT, None, ALIAS),
    alias_arn(): (ACCOUNT, None, ALIAS),
    alias_arn("alias/a/b", FOREIGN): (FOREIGN, None, "alias/a/b"),
}


@pytest.mark.parametrize("text", GOOD_IDENTIFIERS)
def test_a_key_is_named_by_id_arn_alias_and_alias_arn(text: str) -> None:
    named = read_key_identifier(text, ACCOUNT, REGION, aliases=True)
    assert (named.account, named.key_id, named.alias) == GOOD_IDENTIFIERS[text]
    assert named.region == REGION


@given(text=st.text() | st.text().map(lambda text: f"arn:aws:kms:{text}") | st.text("arn:aws:kms/key-0"))
def test_any_text_names_a_key_or_is_refused(text: str) -> None:
    try:
        named = read_key_identifier(text, ACCOUNT, REGION, aliases=True)
    except (InvalidArnException, NotFoundException):
        return
    assert (named.key_id is None) != (named.alias is None)


@pytest.mark.parametrize(
    ("region", "partition"),
    [(region, partition) for partition, regions in regions_by_partition().items() for region in regions],
)
def test_a_region_has_its_partition(region: str, partition: str) -> None:
    assert partition_of(region) == partition
    assert arn_of(region, ACCOUNT, KEY) == f"arn:{partition}:kms:{region}:{ACCOUNT}:key/{KEY}"
