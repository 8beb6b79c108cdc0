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
        key = _of_ciphertext(call, blob)
        if key is not None:
            keys[key.arn] = key
    return list(keys.values())


def _named(call: Call, text: str) -> Key | None:
    try:
        return call.store.newest.named(read_key_identifier(text, call.account, call.region, aliases=True))
    except AwsError:
        return None


def _of_ciphertext(call: Call, data: bytes) -> Key | None:
    try:
        blob = ciphertext_blob.read(data)
    except ciphertext_blob.NotABlob:
        return None
    return call.store.newest.key_of_ciphertext(blob, call.account, call.region)
