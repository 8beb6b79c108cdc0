"""Imported key material: get the parameters, import, delete.

Source: KMS API Reference; KMS Developer Guide, "Importing key material".
"""

from datetime import datetime

from keytrail.call import Call, Reply
from keytrail.crypto import key_import
from keytrail.crypto.key_import import ImportToken, NotAToken, WrongSize
from keytrail.crypto.symmetric import NotAuthentic
from keytrail.domain import imported_material
from keytrail.domain.imported_material import EXPIRES, TOKENS_LIVE
from keytrail.domain.key import ANY, NOT_PENDING_DELETION, Key, KeyState
from keytrail.domain.key_material import KeyMaterial, is_supported
from keytrail.domain.material_history import Import
from keytrail.domain.refusals import no_cryptography
from keytrail.errors import (
    ExpiredImportTokenException,
    InvalidCiphertextException,
    InvalidImportTokenException,
    ValidationException,
)
from keytrail.messages import Later
from keytrail.operation import operation

# KMS checks the Origin after these states, and before all others.
_CREATED = ANY - {KeyState.CREATING}
_NOT_CHANGING = _CREATED - {KeyState.UPDATING}


@operation(states=_NOT_CHANGING, quota=1)
def get_parameters_for_import(call: Call, key: Key, *, wrapping_algorithm: str, wrapping_key_spec: str) -> Later[Reply]:
    """A public key to wrap key material with, and its import token; both are valid for 24 hours."""
    imported_material.require_external(key)
    key.require_state(NOT_PENDING_DELETION)
    imported_material.require_wrapping(key, wrapping_algorithm, wrapping_key_spec)
    expires = call.now + TOKENS_LIVE

    def work() -> Reply:
        pair = key_import.wrapping_pair(wrapping_key_spec)
        token = ImportToken(pair, wrapping_algorithm, expires)
        return {
            "KeyId": key.arn,
            "ImportToken": key_import.seal_token(imported_material.token_subject(key), token),
            "PublicKey": pair.public_der,
            "ParametersValidTo": expires,
        }

    return Later(work)


@operation(states=_CREATED, logged_reply="reply", quota=15)
def import_key_material(
    call: Call,
    key: Key,
    *,
    import_token: bytes,
    encrypted_key_material: bytes,
    valid_to: datetime | None = None,
    expiration_model: str = EXPIRES,
    import_type: str | None = None,
    key_material_description: str | None = None,
    key_material_id: str | None = None,
) -> Later[Reply]:
    """Import key material into a key: its first, one that it has lost, or the next to rotate to."""
    imported_material.require_external(key)

    def require_import(of: Key) -> None:
        of.require_state(NOT_PENDING_DELETION)
        imported_material.require_import_members(
            of, import_type, key_material_description, key_material_id, is_replica=call.store.is_replica(of)
        )

    require_import(key)
    imported_material.require_validity(expiration_model, valid_to, call.now)
    import_ = Import(valid_to, key_material_description)

    def work() -> Reply:
        material = _unwrap(call, key, import_token, encrypted_key_material)

        def imported(newest: Key) -> Key:
            require_import(newest)
            return imported_material.import_material(
                newest, material, kind=import_type, material_id=key_material_id, imported=import_
            )

        call.change(key, imported)
        return {"KeyId": key.arn, **_material_id_member(key, material.id)}

    return Later(work)


def _unwrap(call: Call, key: Key, import_token: bytes, wrapped: bytes) -> KeyMaterial:
    try:
        token = key_import.open_token(imported_material.token_subject(key), import_token)
    except NotAToken:
        raise InvalidImportTokenException from None
    if token.expires <= call.now:
        raise ExpiredImportTokenException
    try:
        data = key_import.unwrap(token.pair, token.algorithm, wrapped)
    except WrongSize:
        raise ValidationException("Invalid encrypted key size.") from None
    except NotAuthentic:
        raise InvalidCiphertextException from None
    if not is_supported(key.spec):
        raise no_cryptography(key.spec)
    try:
        return KeyMaterial.imported(key.key_id, key.spec, data)
    except ValueError:
        raise InvalidCiphertextException from None


@operation(states=_NOT_CHANGING, logged_reply="reply", quota=15)
def delete_imported_key_material(call: Call, key: Key, *, key_material_id: str | None = None) -> Reply:
    """Delete an imported key material, by default the current one; the key's state becomes PendingImport."""
    imported_material.require_external(key)
    if key_material_id is None:
        if key.material is None:
            return {"KeyId": key.arn}  # the key never had material
        key_material_id = key.material.id
    material_id = key_material_id
    call.change(
        key,
        lambda newest: imported_material.delete_material(newest, material_id, is_replica=call.store.is_replica(newest)),
    )
    return {"KeyId": key.arn, **_material_id_member(key, material_id)}


def _material_id_member(key: Key, material_id: str) -> dict[str, object]:
    """The member KeyMaterialId, which KMS shows only of symmetric keys."""
    return {"KeyMaterialId": material_id} if key.is_symmetric else {}
