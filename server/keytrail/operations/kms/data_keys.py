"""Data keys and data key pairs, for encryption outside KMS, and random bytes. Source: KMS API Reference."""

from collections.abc import Callable, Mapping

from keytrail.call import Call, Reply
from keytrail.crypto import key_pool
from keytrail.crypto.key_pair import KeyPair
from keytrail.crypto.randomness import random_bytes
from keytrail.domain.key import CUSTOM_KEY_STORE_ORIGINS, USABLE, Key, KeyState
from keytrail.domain.key_material import is_supported
from keytrail.domain.key_spec import KeyUsage, require_in_region
from keytrail.domain.refusals import no_cryptography, wrong_origin
from keytrail.errors import (
    InvalidKeyUsageException,
    ValidationException,
)
from keytrail.messages import Later
from keytrail.operation import BY_KEY, BY_KEY_PAIR_SPEC, operation
from keytrail.operations.kms.encryption import NO_CONTEXT, material_member, seal
from keytrail.operations.kms.keys_in_custom_key_stores import require_random_source
from keytrail.operations.kms.recipients import for_recipient
from keytrail.operations.kms.slow_work import now_or_later

_USABLE_OR_IN_A_STORE = USABLE | {KeyState.UNAVAILABLE}
"""Keys in custom key stores make no pairs, even if the store is disconnected: the refusal names their Origin."""
_SIZES = {"AES_128": 16, "AES_256": 32}


def _check_size(members: Mapping[str, object]) -> None:
    if ("KeySpec" in members) == ("NumberOfBytes" in members):
        raise ValidationException("Please specify either number of bytes or key spec.")


def _require_symmetric(key: Key, what: str) -> None:
    if not key.is_symmetric:
        raise InvalidKeyUsageException(f"You cannot generate a {what} with an asymmetric CMK")


def _data_key(
    call: Call, key: Key, context: Mapping[str, str], number_of_bytes: int | None, key_spec: str | None
) -> dict[str, object]:
    _require_symmetric(key, "data key")
    plaintext = random_bytes(number_of_bytes or _SIZES[key_spec or ""])
    blob, material_id = seal(call, key, plaintext, context)
    return {
        "CiphertextBlob": blob,
        "Plaintext": plaintext,
        "KeyId": key.arn,
        **material_member(material_id),
    }


@operation(
    aliases=True,
    cross_account=True,
    usage=KeyUsage.ENCRYPT_DECRYPT,
    states=USABLE,
    tracked=True,
    rules=_check_size,
    grantable="symmetric",
    quota=BY_KEY,
)
def generate_data_key(
    call: Call,
    key: Key,
    *,
    encryption_context: Mapping[str, str] = NO_CONTEXT,
    number_of_bytes: int | None = None,
    key_spec: str | None = None,
) -> Reply:
    """A fresh data key of 1 to 1024 bytes, in the clear and encrypted under the key."""
    reply = _data_key(call, key, encryption_context, number_of_bytes, key_spec)
    return for_recipient(call, reply, "Plaintext")


@operation(
    aliases=True,
    cross_account=True,
    usage=KeyUsage.ENCRYPT_DECRYPT,
    states=USABLE,
    tracked=True,
    rules=_check_size,
    grantable="symmetric",
    quota=BY_KEY,
)
def generate_data_key_without_plaintext(
    call: Call,
    key: Key,
    *,
    encryption_context: Mapping[str, str] = NO_CONTEXT,
    key_spec: str | None = None,
    number_of_bytes: int | None = None,
) -> Reply:
    """A fresh data key, encrypted under the key only."""
    reply = _data_key(call, key, encryption_context, number_of_bytes, key_spec)
    del reply["Plaintext"]
    return reply


def _without_plaintext(reply: Reply) -> Reply:
    return {name: value for name, value in reply.items() if name != "PrivateKeyPlaintext"}


def _data_key_pair(
    call: Call, key: Key, context: Mapping[str, str], spec: str, finish: Callable[[Reply], Reply]
) -> Reply | Later[Reply]:
    if key.origin in CUSTOM_KEY_STORE_ORIGINS:
        raise wrong_origin(key.arn, key.origin)
    # unverified: the words, which are those of CreateKey; not in AWS's docs, recordings or issues
    require_in_region(spec, call.region)
    _require_symmetric(key, "data key pair")
    if not is_supported(spec):
        raise no_cryptography(spec)

    if call.dry_run:
        seal(call, key, b"", context)  # the only step that can fail; no pair is needed
        return finish({"PrivateKeyPlaintext": b""})

    def reply_with(pair: KeyPair) -> Reply:
        private = pair.private_der()
        blob, material_id = seal(call, key, private, context)
        reply = {
            "PrivateKeyCiphertextBlob": blob,
            "PrivateKeyPlaintext": private,
            "PublicKey": pair.public_der,
            "KeyId": key.arn,
            "KeyPairSpec": spec,
            **material_member(material_id),
        }
        return finish(reply)

    ready = key_pool.POOL.take(spec)
    return reply_with(ready) if ready is not None else now_or_later(spec, lambda: reply_with(key_pool.new_pair(spec)))


@operation(
    aliases=True,
    cross_account=True,
    usage=KeyUsage.ENCRYPT_DECRYPT,
    states=_USABLE_OR_IN_A_STORE,
    tracked=True,
    grantable="symmetric",
    quota=BY_KEY_PAIR_SPEC,
)
def generate_data_key_pair(
    call: Call,
    key: Key,
    *,
    encryption_context: Mapping[str, str] = NO_CONTEXT,
    key_pair_spec: str,
) -> Reply | Later[Reply]:
    """A fresh key pair: the public key, and the private one in the clear and encrypted under the key."""
    return _data_key_pair(
        call,
        key,
        encryption_context,
        key_pair_spec,
        lambda reply: for_recipient(call, reply, "PrivateKeyPlaintext"),
    )


@operation(
    aliases=True,
    cross_account=True,
    usage=KeyUsage.ENCRYPT_DECRYPT,
    states=_USABLE_OR_IN_A_STORE,
    tracked=True,
    grantable="symmetric",
    quota=BY_KEY_PAIR_SPEC,
)
def generate_data_key_pair_without_plaintext(
    call: Call,
    key: Key,
    *,
    encryption_context: Mapping[str, str] = NO_CONTEXT,
    key_pair_spec: str,
) -> Reply | Later[Reply]:
    """A fresh key pair: the public key, and the private one encrypted under the key only."""
    return _data_key_pair(call, key, encryption_context, key_pair_spec, _without_plaintext)


def _check_number_of_bytes(members: Mapping[str, object]) -> None:
    if "NumberOfBytes" not in members:
        raise ValidationException("NumberOfBytes is required.")


@operation(authorization="*", rules=_check_number_of_bytes, logged_request=False, quota=BY_KEY)
def generate_random(
    call: Call,
    *,
    number_of_bytes: int | None = None,
    custom_key_store_id: str | None = None,
) -> Reply:
    """1 to 1024 random bytes; this needs no key, so it is no use of one."""
    if custom_key_store_id is not None:
        require_random_source(call, custom_key_store_id)
    return for_recipient(call, {"Plaintext": random_bytes(number_of_bytes or 0)}, "Plaintext")
