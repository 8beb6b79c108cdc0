"""Encrypt, Decrypt, ReEncrypt.

Source: KMS API Reference; the order of the checks as measured on AWS: identifiers, permission, whether the key
named is the one in the ciphertext, usage, state, algorithm, and the ciphertext at last.
"""

from collections.abc import Mapping, Sequence

from keytrail.call import Call, Later, Reply
from keytrail.crypto import ciphertext_blob as blobs
from keytrail.crypto.attestation import Attestation
from keytrail.crypto.ciphertext_blob import CiphertextBlob, NotABlob
from keytrail.crypto.symmetric import NotAuthentic
from keytrail.domain.key import USABLE, Key
from keytrail.domain.key_material import KeyMaterial
from keytrail.domain.key_spec import SYMMETRIC_DEFAULT, KeyUsage
from keytrail.errors import (
    IncorrectKeyException,
    InvalidCiphertextException,
    ValidationException,
)
from keytrail.operation import operation
from keytrail.operations.kms import rsa_encryption
from keytrail.operations.kms.keys_in_custom_key_stores import backing
from keytrail.operations.kms.recipients import answer, require_recipient

NO_CONTEXT: Mapping[str, str] = {}


@operation(
    aliases=True,
    cross_account=True,
    usage=KeyUsage.ENCRYPT_DECRYPT,
    states=USABLE,
    tracked=True,
    logged_defaults=("EncryptionAlgorithm",),
)
def encrypt(
    call: Call,
    key: Key,
    *,
    plaintext: bytes,
    encryption_context: Mapping[str, str] = NO_CONTEXT,
    encryption_algorithm: str = SYMMETRIC_DEFAULT,
) -> Reply | Later:
    """Encrypt up to 4096 bytes under a key, bound to an encryption context."""
    require_algorithm(key, encryption_algorithm, encryption_context)

    def rsa() -> Reply:
        blob = rsa_encryption.encrypt(key, encryption_algorithm, plaintext)
        return {"CiphertextBlob": blob, "KeyId": key.arn, "EncryptionAlgorithm": encryption_algorithm}

    if not key.is_symmetric:
        return Later(rsa)
    blob = seal(call, key, plaintext, encryption_context)
    return {"CiphertextBlob": blob, "KeyId": key.arn, "EncryptionAlgorithm": encryption_algorithm}


def _names_a_key(algorithm_member: str, key_member: str, members: Mapping[str, object]) -> None:
    ignores = members.get("DryRunModifiers")
    if ignores and not members.get("DryRun"):
        # unverified: the words
        raise ValidationException("DryRunModifiers can only be specified when DryRun is true.")
    if key_member in members:
        return
    if ignores or members.get(algorithm_member, SYMMETRIC_DEFAULT) != SYMMETRIC_DEFAULT:
        raise ValidationException(f"{key_member} must not be null")


def _decrypt_names_a_key(members: Mapping[str, object]) -> Attestation | None:
    _names_a_key("EncryptionAlgorithm", "KeyId", members)
    return require_recipient(members)


def _re_encrypt_names_a_key(members: Mapping[str, object]) -> None:
    _names_a_key("SourceEncryptionAlgorithm", "SourceKeyId", members)


@operation(
    key=None,
    aliases=True,
    cross_account=True,
    usage=KeyUsage.ENCRYPT_DECRYPT,
    states=USABLE,
    tracked=True,
    rules=_decrypt_names_a_key,
    logged_defaults=("EncryptionAlgorithm",),
)
def decrypt(
    call: Call,
    *,
    ciphertext_blob: bytes | None = None,
    encryption_context: Mapping[str, str] = NO_CONTEXT,
    key_id: str | None = None,
    encryption_algorithm: str = SYMMETRIC_DEFAULT,
    recipient: Mapping[str, object] | None = None,
    dry_run_modifiers: Sequence[str] = (),
) -> Reply | Later:
    """Decrypt what Encrypt, ReEncrypt or a GenerateDataKey made; the ciphertext names its key."""
    key = call.resolve(key_id, aliases=True) if key_id is not None else None
    data = None if dry_run_modifiers else ciphertext_blob
    key, blob = _key_and_blob(call, key, data, encryption_algorithm)
    call.admit(key)
    require_algorithm(key, encryption_algorithm, encryption_context)

    def rsa() -> Reply:
        reply = {
            "KeyId": key.arn,
            "Plaintext": rsa_encryption.decrypt(key, encryption_algorithm, data),
            "EncryptionAlgorithm": encryption_algorithm,
            "KeyOrigin": key.origin,
        }
        return answer(call, reply, "Plaintext")

    if not key.is_symmetric:
        return Later(rsa)
    plaintext = _open(call, key, blob, encryption_context, "keyMaterialId")
    reply = {
        "KeyId": key.arn,
        "Plaintext": plaintext,
        "EncryptionAlgorithm": encryption_algorithm,
        **told_material(call),
        # Not in the model, but in every answer recorded from AWS.
        "KeyOrigin": key.origin,
    }
    return answer(call, reply, "Plaintext")


@operation(
    key=None,
    aliases=True,
    cross_account=True,
    usage=KeyUsage.ENCRYPT_DECRYPT,
    states=USABLE,
    tracked=True,
    rules=_re_encrypt_names_a_key,
    logged_defaults=("SourceEncryptionAlgorithm", "DestinationEncryptionAlgorithm"),
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
) -> Reply | Later:
    """Decrypt under one key and encrypt under another, inside KMS. Both keys are used."""
    from_key = None
    if source_key_id is not None:
        from_key = call.resolve(source_key_id, aliases=True, action="kms:ReEncryptFrom")
    to_key = call.resolve(destination_key_id, aliases=True, action="kms:ReEncryptTo")
    data = None if dry_run_modifiers else ciphertext_blob
    source, blob = _key_and_blob(call, from_key, data, source_encryption_algorithm, "kms:ReEncryptFrom")
    call.used[:] = [source, to_key]
    source.require_usage(KeyUsage.ENCRYPT_DECRYPT, "ReEncryptFrom")
    to_key.require_usage(KeyUsage.ENCRYPT_DECRYPT, "ReEncryptTo")
    call.admit(source)
    call.admit(to_key)
    require_algorithm(source, source_encryption_algorithm, source_encryption_context)
    require_algorithm(to_key, destination_encryption_algorithm, destination_encryption_context)

    def work() -> Reply:
        materials: dict[str, object] = {}
        if source.is_symmetric:
            plaintext = _open(call, source, blob, source_encryption_context, "sourceKeyMaterialId")
            materials |= told_material(call, "sourceKeyMaterialId", "SourceKeyMaterialId")
        else:
            plaintext = rsa_encryption.decrypt(source, source_encryption_algorithm, data)
        if to_key.is_symmetric:
            sealed = seal(call, to_key, plaintext, destination_encryption_context, "destinationKeyMaterialId")
            materials |= told_material(call, "destinationKeyMaterialId", "DestinationKeyMaterialId")
        else:
            sealed = rsa_encryption.encrypt(to_key, destination_encryption_algorithm, plaintext)
        return {
            "CiphertextBlob": sealed,
            "SourceKeyId": source.arn,
            "KeyId": to_key.arn,
            "SourceEncryptionAlgorithm": source_encryption_algorithm,
            "DestinationEncryptionAlgorithm": destination_encryption_algorithm,
            **materials,
        }

    return work() if source.is_symmetric and to_key.is_symmetric else Later(work)


def require_algorithm(key: Key, algorithm: str, encryption_context: Mapping[str, str]) -> None:
    """Refuse an encryption algorithm that is not the key's, and a context where no algorithm can bind it."""
    key.require_algorithm(algorithm)
    if algorithm == SYMMETRIC_DEFAULT:
        return
    if encryption_context:
        raise ValidationException("EncryptionContext is not supported when encrypting/decrypting with asymmetric CMKs.")
    key.require_material()


def seal(
    call: Call,
    key: Key,
    plaintext: bytes,
    encryption_context: Mapping[str, str],
    logged_as: str = "keyMaterialId",
) -> bytes:
    """The CiphertextBlob of a plaintext; the trail notes under `logged_as` which material made it."""
    material = key.require_aes_material()
    _note(call, key, material, logged_as)
    return blobs.seal(key.key_id, material.id, material.data, plaintext, encryption_context)


def _open(
    call: Call, key: Key, blob: CiphertextBlob | None, encryption_context: Mapping[str, str], logged_as: str
) -> bytes:
    """The plaintext; nothing where the ciphertext is to be ignored (a dry run)."""
    current = key.require_aes_material()
    if blob is None:
        _note(call, key, current, logged_as)
        return b""
    material = key.find_material(blob.material_id)
    if material is None:
        raise InvalidCiphertextException
    try:
        plaintext = blob.open(material.data, encryption_context)
    except NotAuthentic:
        raise InvalidCiphertextException from None
    _note(call, key, material, logged_as)
    return plaintext


def _note(call: Call, key: Key, material: KeyMaterial, logged_as: str) -> None:
    """Let the trail tell which material a key was used with; of a custom key store, which key there."""
    if key.custom_key_store_id is not None:
        call.additional |= backing(key)
    else:
        call.additional[logged_as] = material.id


def told_material(call: Call, logged_as: str = "keyMaterialId", member: str = "KeyMaterialId") -> Mapping[str, object]:
    """The answer's member for the material that the trail tells of; none for a key in a custom key store."""
    # unverified: that the answers leave it out, as DescribeKey does
    return {member: call.additional[logged_as]} if logged_as in call.additional else {}


def _key_and_blob(
    call: Call, named: Key | None, data: bytes | None, algorithm: str, action: str | None = None
) -> tuple[Key, CiphertextBlob | None]:
    """The key to decrypt with, and the symmetric ciphertext if there is one to read."""
    if named is not None and (data is None or algorithm != SYMMETRIC_DEFAULT):
        return named, None
    try:
        blob = blobs.read(data or b"")
    except NotABlob:
        raise InvalidCiphertextException from None
    if named is None:
        return _key_in(call, blob, action), blob
    if named.key_id != blob.key_id:
        raise IncorrectKeyException(
            "The key ID in the request does not identify a CMK that can perform this operation."
        )
    return named, blob


def _key_in(call: Call, blob: CiphertextBlob, action: str | None) -> Key:
    """The key that a ciphertext names, once the caller may use it: of keys alike, the one that fits best."""

    def misfit(key: Key) -> tuple[bool, bool]:
        other_material = key.material is not None and key.find_material(blob.material_id) is None
        return other_material, key.account != call.account

    key = min(call.view.keys_with_id(call.region, blob.key_id), key=misfit, default=None)
    call.authorize(key, action)
    assert key is not None  # a key that does not exist is never authorized
    return key
