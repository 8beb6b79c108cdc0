"""Which keys a request names, read from its members before its operation is carried out."""

from keytrail.call import Call
from keytrail.crypto import ciphertext_blob
from keytrail.domain.arn import read_key_identifier
from keytrail.domain.key import Key
from keytrail.errors import AwsError

_KEY_MEMBERS = ("KeyId", "SourceKeyId", "DestinationKeyId", "TargetKeyId", "AliasName", "KeyIdentifier")


def keys_of(call: Call) -> list[Key]:
    """The existing keys that the request names by an identifier or by its ciphertext."""
    keys: dict[str, Key] = {}
    members = call.members
    for name in _KEY_MEMBERS:
        text = members.get(name)
        if isinstance(text, str):
            key = _key_named(call, text)
            if key is not None:
                keys[key.arn] = key
    blob = members.get("CiphertextBlob")
    if isinstance(blob, bytes) and "KeyId" not in members and "SourceKeyId" not in members:
        key = _key_of_ciphertext(call, blob)
        if key is not None:
            keys[key.arn] = key
    return list(keys.values())


def _key_named(call: Call, text: str) -> Key | None:
    try:
        return call.store.newest.named(read_key_identifier(text, call.account, call.region, aliases=True))
    except AwsError:
        return None


def _key_of_ciphertext(call: Call, data: bytes) -> Key | None:
    try:
        blob = ciphertext_blob.read(data)
    except ciphertext_blob.NotABlob:
        return None
    return call.store.newest.key_of_ciphertext(blob, call.account, call.region)
