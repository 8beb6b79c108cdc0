"""Amazon Resource Names of keys and aliases, and the other ways to name a key.

Source: KMS API Reference, "KeyId" of each operation; the errors for bad identifiers as recorded from AWS.
"""

import re
from typing import NamedTuple

from keytrail.errors import InvalidArnException, NotFoundException

_KEY_ID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}|mrk-[0-9a-fA-F]{32}")
_ACCOUNT = re.compile(r"[0-9]{12}")
_PARTITIONS = {
    "cn": "aws-cn",
    "us-gov": "aws-us-gov",
    "us-iso": "aws-iso",
    "us-isob": "aws-iso-b",
    "eu-isoe": "aws-iso-e",
    "us-isof": "aws-iso-f",
    "eusc": "aws-eusc",
}

ALIAS_PREFIX = "alias/"


def partition_of(region: str) -> str:
    """The partition of a Region: `aws` for most, `aws-cn` for cn-north-1, and so on."""
    words = region.split("-")
    return _PARTITIONS.get("-".join(words[:2])) or _PARTITIONS.get(words[0]) or "aws"


def key_arn(region: str, account: str, key_id: str) -> str:
    """The ARN of a key."""
    return f"arn:{partition_of(region)}:kms:{region}:{account}:key/{key_id}"


def alias_arn(region: str, account: str, name: str) -> str:
    """The ARN of an alias; its name includes `alias/`."""
    return f"arn:{partition_of(region)}:kms:{region}:{account}:{name}"


def root_arn(region: str, account: str) -> str:
    """The ARN of an account's root principal."""
    return f"arn:{partition_of(region)}:iam::{account}:root"


def is_account(text: str) -> bool:
    """Whether a text has the form of an account id: 12 digits."""
    return _ACCOUNT.fullmatch(text) is not None


def is_key_id(text: str) -> bool:
    """Whether a text has the form of a key id: a UUID, or `mrk-` and 32 hex digits."""
    return _KEY_ID.fullmatch(text) is not None


def is_alias(text: str) -> bool:
    """Whether a text is an alias name, or an alias ARN of any service, Region and account."""
    return text.startswith(ALIAS_PREFIX) or (
        text.startswith("arn:") and text.split(":", 5)[-1].startswith(ALIAS_PREFIX)
    )


def is_key_arn_elsewhere(text: str, region: str) -> bool:
    """Whether a text is the ARN of a key in another Region than this one."""
    words = text.split(":", 5)
    return len(words) == 6 and words[2] == "kms" and words[3] not in ("", region) and words[5].startswith("key/")


class KeyIdentifier(NamedTuple):
    """How a caller named a key: by account, Region and either key id or alias; the other one is None."""

    account: str
    region: str
    key_id: str | None
    alias: str | None
    arn: str
    """The ARN of the key, or of the alias if the caller named one."""


def read_key_identifier(text: str, account: str, region: str, *, aliases: bool) -> KeyIdentifier:
    """Read a key id, key ARN, alias name or alias ARN. Ids and names are in the caller's account and Region.

    `aliases`: whether the operation accepts aliases. Raises InvalidArnException (malformed ARN; an alias that is not
    accepted) or NotFoundException (none of these forms; an ARN in another Region), in AWS's words.
    """
    if not aliases and is_alias(text):
        raise InvalidArnException("Key Aliases are not supported for this operation.")
    if text.startswith(ALIAS_PREFIX):
        return KeyIdentifier(account, region, None, text, alias_arn(region, account, text))
    if is_key_id(text):
        return KeyIdentifier(account, region, text, None, key_arn(region, account, text))
    if not text.startswith("arn:"):
        raise NotFoundException(f"Invalid keyId '{text}'")
    return _read_arn(text, account, region)


def _read_arn(text: str, account: str, region: str) -> KeyIdentifier:
    words = text.split(":", 5)
    if len(words) < 6:
        raise _malformed(text)
    _, partition, service, arn_region, owner, resource = words
    kind, _, name = resource.partition("/")
    if service != "kms" or kind not in {"key", "alias"} or not name or not arn_region or not is_account(owner):
        raise _malformed(text)
    if partition != partition_of(arn_region):
        raise _malformed(text)
    if arn_region != region:
        raise NotFoundException(f"Invalid arn {arn_region}")
    if kind == "alias":
        return KeyIdentifier(owner, region, None, resource, text)
    if owner == account and not is_key_id(name):
        raise NotFoundException(f"Invalid keyId {name}")
    return KeyIdentifier(owner, region, name, None, text)


def _malformed(text: str) -> InvalidArnException:
    # unverified: the words; not in AWS's docs, recordings or issues
    return InvalidArnException(f"Invalid arn {text}")
