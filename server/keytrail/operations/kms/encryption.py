"""Encrypt, Decrypt, ReEncrypt.

Source: KMS API Reference; the order of the checks as measured on AWS: identifiers, permission, whether the named
key is that of the ciphertext, usage, state, algorithm, and last the ciphertext.
"""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import NamedTuple

from keytrail.call import Call, Reply
from keytrail.crypto import ciphertext_blob as blobs
from keytrail.crypto.ciphertext_blob import CiphertextBlob, NotABlob
from keytrail.crypto.symmetric import NotAuthentic
from keytrail.domain.arn import is_key_arn_elsewhere
from keytrail.domain.key import USABLE, Key
from keytrail.domain.key_material import KeyMaterial
from keytrail.domain.key_spec import SYMMETRIC_DEFAULT, KeyUsage
from keytrail.errors import (
    IncorrectKeyException,
    InvalidCiphertextException,
    ValidationException,
)
from keytrail.messages import Later
from keytrail.operation import BY_KEY, operation
from keytrail.operations.kms import rsa_encryption
from keytrail.operations.kms.keys_in_custom_key_stores import backing_key, require_reachable
from keytrail.operations.kms.recipients import for_recipient

NO_CONTEXT: Mapping[str, str] = {}


@operation(
    aliases=True,
    cross_account=True,
    usage=KeyUsage.ENCRYPT_DECRYPT,
    states=USABLE,
    tracked=True,
    logged_defaults=("EncryptionAlgorithm",),
    grantable="any",
    quota=BY_KEY,
)
def encrypt(
    call: Call,
    key: Key,
    *,
    plaintext: bytes,
    encryption_context: Mapping[str, str] = NO_CONTEXT,
    encryption_algorithm: str = SYMMETRIC_DEFAULT,
) -> Reply | Later[Reply]:
    """Encrypt up to 4096 bytes under a key, bound to an encryption context."""
    require_algorithm(key, encryption_algorithm, encryption_context)

    def encrypt_with_rsa() -> Reply:
        blob = rsa_encryption.encrypt(key, encryption_algorithm, plaintext)
        return {"CiphertextBlob": blob, "KeyId": key.arn, "EncryptionAlgorithm": encryption_algorithm}

    if not key.is_symmetric:
        return Later(encrypt_with_rsa)
    blob, _ = seal(call, key, plaintext, encryption_context)
    return {"CiphertextBlob": blob, "KeyId": key.arn, "EncryptionAlgorithm": encryption_algorithm}


def _check_key_id(algorithm_member: str, key_member: str, members: Mapping[str, object]) -> None:
    """Require the key's id if the ciphertext cannot name the key: it is asymmetric, or is to be ignored."""
    modifiers = members.get("DryRunModifiers")
    if modifiers and not members.get("DryRun"):
        raise ValidationException("DryRunModifiers can only be specified when DryRun is true")
    if key_member in members:
        return
    if modifiers or members.get(algorithm_member, SYMMETRIC_DEFAULT) != SYMMETRIC_DEFAULT:
        raise ValidationException(f"{key_member} must not be null")


@operation(
    authorization="in function",
    aliases=True,
    cross_account=True,
    usage=KeyUsage.ENCRYPT_DECRYPT,
    states=USABLE,
    tracked=True,
    rules=partial(_check_key_id, "EncryptionAlgorithm", "KeyId"),
    logged_defaults=("EncryptionAlgorithm",),
    grantable="any",
    quota=BY_KEY,
)
def decrypt(
    call: Call,
    *,
    ciphertext_blob: bytes | None = None,
    encryption_context: Mapping[str, str] = NO_CONTEXT,
    key_id: str | None = None,
    encryption_algorithm: str = SYMMETRIC_DEFAULT,
    dry_run_modifiers: Sequence[str] = (),
) -> Reply | Later[Reply]:
    """Decrypt a ciphertext of Encrypt, ReEncrypt or GenerateDataKey...; a symmetric one names its key."""
    ciphertext = None if dry_run_modifiers else ciphertext_blob
    key = _named_key(call, key_id, ciphertext, encryption_algorithm)
    key, blob = _key_and_blob(call, key, ciphertext, encryption_algorithm)
    call.admit(key)
    require_algorithm(key, encryption_algorithm, encryption_context)

    def decrypt_with_rsa() -> Reply:
        reply = {
            "KeyId": key.arn,
            "Plaintext": rsa_encryption.decrypt(key, encryption_algorithm, ciphertext),
            "EncryptionAlgorithm": encryption_algorithm,
            "KeyOrigin": key.origin,
        }
        return for_recipient(call, reply, "Plaintext")

    if not key.is_symmetric:
        return Later(decrypt_with_rsa)
    plaintext, material_id = _open(call, key, blob, encryption_context)
    reply = {
        "KeyId": key.arn,
        "Plaintext": plaintext,
        "EncryptionAlgorithm": encryption_algorithm,
        **material_member(material_id),
        # Not in the model, but in every answer recorded from AWS.
        "KeyOrigin": key.origin,
    }
    return for_recipient(call, reply, "Plaintext")


@operation(
    authorization="in function",
    aliases=True,
    cross_account=True,
    usage=KeyUsage.ENCRYPT_DECRYPT,
    states=USABLE,
    tracked=True,
    rules=partial(_check_key_id, "SourceEncryptionAlgorithm", "SourceKeyId"),
    logged_defaults=("SourceEncryptionAlgorithm", "DestinationEncryptionAlgorithm"),
    actions=("ReEncryptFrom", "ReEncryptTo"),
    grantable="any",
    quota=BY_KEY,
)
def re_encrypt(
    call: Call,
    *,
    ciphertext_blob: bytes | None = None,
    source_encryption_context: Mapping[str, str] = NO_CONTEXT,
    source_key_id: str | None = None,
    destination_key_id: str,
    destination_encryption_context: Mapping[str, str] = NO_CONTEXT,
    source_encryption_algorithm: str = SYMMETRIC_DEFAULT,
    destination_encryption_algorithm: str = SYMMETRIC_DEFAULT,
    dry_run_modifiers: Sequence[str] = (),
) -> Reply | Later[Reply]:
    """Decrypt under one key and encrypt under another, inside KMS. Both keys are used."""
    ciphertext = None if dry_run_modifiers else ciphertext_blob
    named_source = _named_key(call, source_key_id, ciphertext, source_encryption_algorithm, "kms:ReEncryptFrom")
    destination = call.resolve(destination_key_id, aliases=True, action="kms:ReEncryptTo")
    source, blob = _key_and_blob(call, named_source, ciphertext, source_encryption_algorithm, "kms:ReEncryptFrom")
    call.resources = [(key.account, key.arn) for key in (source, destination)]
    source.require_usage(KeyUsage.ENCRYPT_DECRYPT, "ReEncryptFrom")
    destination.require_usage(KeyUsage.ENCRYPT_DECRYPT, "ReEncryptTo")
    call.admit(source)
    call.admit(destination)
    require_algorithm(source, source_encryption_algorithm, source_encryption_context)
    require_algorithm(destination, destination_encryption_algorithm, destination_encryption_context)

    def work() -> Reply:
        materials: dict[str, object] = {}
        if source.is_symmetric:
            plaintext, material_id = _open(call, source, blob, source_encryption_context, "sourceKeyMaterialId")
            materials |= material_member(material_id, "SourceKeyMaterialId")
        else:
            plaintext = rsa_encryption.decrypt(source, source_encryption_algorithm, ciphertext)
        if destination.is_symmetric:
            sealed, material_id = seal(
                call, destination, plaintext, destination_encryption_context, "destinationKeyMaterialId"
            )
            materials |= material_member(material_id, "DestinationKeyMaterialId")
        else:
            sealed = rsa_encryption.encrypt(destination, destination_encryption_algorithm, plaintext)
        return {
            "CiphertextBlob": sealed,
            "SourceKeyId": source.arn,
            "KeyId": destination.arn,
            "SourceEncryptionAlgorithm": source_encryption_algorithm,
            "DestinationEncryptionAlgorithm": destination_encryption_algorithm,
            **materials,
        }

    return work() if source.is_symmetric and destination.is_symmetric else Later(work)


def require_algorithm(key: Key, algorithm: str, encryption_context: Mapping[str, str]) -> None:
    """Refuse an encryption context with an asymmetric algorithm, and an algorithm that the key does not have."""
    if encryption_context and algorithm != SYMMETRIC_DEFAULT:
        raise ValidationException("EncryptionContext is not supported when encrypting/decrypting with asymmetric CMKs.")
    key.require_algorithm(algorithm)
    if algorithm != SYMMETRIC_DEFAULT:
        key.require_material()


class Sealed(NamedTuple):
    """A ciphertext, and the id of the key material that made it; None for a key in a custom key store."""

    blob: bytes
    material_id: str | None


class Opened(NamedTuple):
    """A plaintext, and the id of the key material that its ciphertext was made with; None as in Sealed."""

    plaintext: bytes
    material_id: str | None


def seal(
    call: Call,
    key: Key,
    plaintext: bytes,
    encryption_context: Mapping[str, str],
    logged_as: str = "keyMaterialId",
) -> Sealed:
    """Encrypt a plaintext; the event shows the key material's id as `logged_as`."""
    require_reachable(call, key)
    material = key.require_aes_material()
    blob = blobs.seal(key.key_id, material.id, material.data, plaintext, encryption_context)
    return Sealed(blob, _logged_material(call, key, material, logged_as))


def _open(
    call: Call,
    key: Key,
    blob: CiphertextBlob | None,
    encryption_context: Mapping[str, str],
    logged_as: str = "keyMaterialId",
) -> Opened:
    """Decrypt a ciphertext; without one (a dry run that ignores it) the plaintext is empty.

    Raises InvalidCiphertextException.
    """
    require_reachable(call, key)
    material: KeyMaterial | None = key.require_aes_material()
    plaintext = b""
    if blob is not None:
        material = key.find_material(blob.material_id)
        if material is None:
            raise InvalidCiphertextException
        try:
            plaintext = blob.open(material.data, encryption_context)
        except NotAuthentic:
            raise InvalidCiphertextException from None
    assert material is not None
    return Opened(plaintext, _logged_material(call, key, material, logged_as))


def _logged_material(call: Call, key: Key, material: KeyMaterial, logged_as: str) -> str | None:
    """Add the key material (in a custom key store, the backing key) to the event. Gives its id for the reply.

    None for a key in a custom key store: # unverified: that replies have no id; DescribeKey has none; not in AWS's docs
    or recordings
    """
    if key.custom_key_store_id is not None:
        call.additional_event_data |= backing_key(key)
        return None
    call.additional_event_data[logged_as] = material.id
    return material.id


def material_member(material_id: str | None, member: str = "KeyMaterialId") -> Mapping[str, object]:
    """The member of a reply for a key material's id; no member if there is no id."""
    return {member: material_id} if material_id is not None else {}


def _named_key(
    call: Call, key_id: str | None, ciphertext: bytes | None, algorithm: str, action: str | None = None
) -> Key | None:
    """The key that the caller named for decryption; None if the ciphertext is to name it.

    Raises IncorrectKeyException for the ARN of a key in another Region: that key is not the ciphertext's.
    """
    if key_id is None:
        return None
    # unverified: for ReEncrypt; recorded for Decrypt, with the primary key's ARN in a replica's Region
    if ciphertext is not None and algorithm == SYMMETRIC_DEFAULT and is_key_arn_elsewhere(key_id, call.region):
        raise _incorrect_key()
    return call.resolve(key_id, aliases=True, action=action)


def _incorrect_key() -> IncorrectKeyException:
    return IncorrectKeyException("The key ID in the request does not identify a CMK that can perform this operation.")


def _key_and_blob(
    call: Call, named: Key | None, ciphertext: bytes | None, algorithm: str, action: str | None = None
) -> tuple[Key, CiphertextBlob | None]:
    """The key to decrypt with, and the parsed ciphertext if it is symmetric and not ignored."""
    if named is not None and (ciphertext is None or algorithm != SYMMETRIC_DEFAULT):
        return named, None
    try:
        blob = blobs.read(ciphertext or b"")
    except NotABlob:
        raise InvalidCiphertextException from None
    if named is None:
        return _key_of_ciphertext(call, blob, action), blob
    if named.key_id != blob.key_id:
        raise _incorrect_key()
    return named, blob


def _key_of_ciphertext(call: Call, blob: CiphertextBlob, action: str | None) -> Key:
    """Find the key of a ciphertext, and authorize the caller on it."""
    key = call.view.key_of_ciphertext(blob, call.account, call.region)
    call.authorize(key, action)
    assert key is not None  # a key that does not exist is never authorized
    return key
