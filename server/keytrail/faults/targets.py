"""Which keys a request is about, as far as it tells before it is carried out."""

from keytrail.call import Call
from keytrail.crypto import ciphertext_blob
from keytrail.domain.arn import read_key_identifier
from keytrail.domain.key import Key
from keytrail.errors import AwsError

_NAMES = ("KeyId", "SourceKeyId", "DestinationKeyId", "TargetKeyId", "AliasName", "KeyIdentifier")


def keys_of(call: Call) -> list[Key]:
    """The keys that exist of those that the request names, by identifier or by a ciphertext."""
    keys: dict[str, Key] = {}
    members = call.members
    for name in _NAMES:
        text = members.get(name)
        if isinstance(text, str):
            key = _named(call, text)
            if key is not None:
                keys[key.arn] = key
    blob = members.get("CiphertextBlob")
    if isinstance(blob, bytes) and "KeyId" not in members and "SourceKeyId" not in members:
        keys.update((key.arn, key) for key in _of_ciphertext(call, blob))
    return list(keys.values())


def _named(call: Call, text: str) -> Key | None:
    try:
        return call.store.named(read_key_identifier(text, call.account, call.region, aliases=True))
    except AwsError:
        return None


def _of_ciphertext(call: Call, blob: bytes) -> list[Key]:
    try:
        key_id = ciphertext_blob.read(blob).key_id
    except ciphertext_blob.NotABlob:
        return []
    return list(call.store.keys_with_id(call.region, key_id))
