"""Condition keys of cryptographic operations: algorithm, encryption context, alias, and ReEncrypt's two keys."""

from collections.abc import Mapping

from keytrail.authorization.condition_keys.context import RequestContext, condition_key, condition_key_prefix
from keytrail.authorization.condition_keys.grants import constraints
from keytrail.crypto.ciphertext_blob import NotABlob
from keytrail.crypto.ciphertext_blob import read as read_blob
from keytrail.domain.arn import read_key_identifier
from keytrail.domain.key_spec import SYMMETRIC_DEFAULT
from keytrail.errors import AwsError


def _member_prefix(context: RequestContext) -> str:
    """The prefix of the action's members: ReEncrypt has two of each, one for either of its actions."""
    return {"kms:ReEncryptFrom": "Source", "kms:ReEncryptTo": "Destination"}.get(context.action, "")


def encryption_context(context: RequestContext) -> Mapping[str, str]:
    """The encryption context in the action's members, or in the constraints of a grant to be created or retired."""
    sent = context.facts.members.get(f"{_member_prefix(context)}EncryptionContext")
    if isinstance(sent, Mapping) and sent:
        return sent
    granted = constraints(context)
    return granted.encryption_context_equals or granted.encryption_context_subset or {}


@condition_key_prefix("kms:EncryptionContext:")
def encryption_context_pairs(context: RequestContext) -> Mapping[str, str]:
    """The pairs of the encryption context."""
    return encryption_context(context)


@condition_key("kms:EncryptionContextKeys")
def encryption_context_keys(context: RequestContext) -> object:
    """The keys of the encryption context."""
    return list(encryption_context(context))


@condition_key("kms:EncryptionAlgorithm")
def encryption_algorithm(context: RequestContext) -> object:
    """The algorithm. For data keys it is SYMMETRIC_DEFAULT: only symmetric keys encrypt them."""
    if context.facts.operation.startswith("GenerateDataKey"):
        return SYMMETRIC_DEFAULT
    return context.member(f"{_member_prefix(context)}EncryptionAlgorithm")


@condition_key("kms:RequestAlias")
def request_alias(context: RequestContext) -> object:
    """The name of the alias that the request identifies the key by, be it sent as name or as ARN."""
    member = {"Source": "SourceKeyId", "Destination": "DestinationKeyId"}.get(_member_prefix(context), "KeyId")
    identifier = str(context.facts.members.get(member, ""))
    _, separator, name = identifier.partition("alias/")
    return separator + name if separator else None


@condition_key("kms:ReEncryptOnSameKey")
def re_encrypt_on_same_key(context: RequestContext) -> object:
    """Whether ReEncrypt's source and destination are the same key."""
    if context.facts.operation != "ReEncrypt":
        return None
    facts, members, key = context.facts, context.facts.members, context.key
    destination = _arn_of(context, str(members.get("DestinationKeyId", "")))
    if "SourceKeyId" in members:
        return _arn_of(context, str(members["SourceKeyId"])) == destination
    if _member_prefix(context) == "Source" or key is None:
        return key is not None and key.arn == destination
    ciphertext = members.get("CiphertextBlob")
    try:
        blob = read_blob(ciphertext if isinstance(ciphertext, bytes) else b"")
    except NotABlob:
        return False
    source = facts.store.visible.key_of_ciphertext(blob, facts.account, facts.region)
    return source is not None and source.arn == key.arn


def _arn_of(context: RequestContext, identifier: str) -> str | None:
    """The ARN of the key that an id, ARN or alias identifies; None if there is none."""
    facts = context.facts
    try:
        named = read_key_identifier(identifier, facts.account, facts.region, aliases=True)
    except AwsError:
        return None
    key = facts.store.visible.named(named)
    return key.arn if key is not None else None
