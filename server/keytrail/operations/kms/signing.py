"""Sign, Verify and GetPublicKey.

Source: KMS API Reference; the order of the checks and their messages as recorded from AWS or measured on it.
"""

from collections.abc import Callable

from keytrail.call import Call, Reply
from keytrail.crypto import signing
from keytrail.crypto.key_pair import NotSupported
from keytrail.domain.key import ANY, USABLE, Key, KeyState
from keytrail.domain.key_spec import ALGORITHMS, ALGORITHMS_MEMBER, KeyUsage
from keytrail.errors import KMSInvalidSignatureException, UnsupportedOperationException, ValidationException
from keytrail.messages import Later
from keytrail.operation import BY_KEY, operation
from keytrail.operations.kms.slow_work import now_or_later

RAW, DIGEST, EXTERNAL_MU = "RAW", "DIGEST", "EXTERNAL_MU"
_MESSAGE_TYPES = {
    "ED25519_SHA_512": frozenset({RAW}),
    "ED25519_PH_SHA_512": frozenset({DIGEST}),
    "ML_DSA_SHAKE_256": frozenset({RAW, EXTERNAL_MU}),
}
_HASH_AND_SIGN = frozenset({RAW, DIGEST})
_READABLE = ANY - {
    KeyState.PENDING_DELETION,
    KeyState.PENDING_REPLICA_DELETION,
    KeyState.PENDING_IMPORT,
    KeyState.CREATING,
    KeyState.UNAVAILABLE,
}


def _require_message(key: Key, algorithm: str, message_type: str, message: bytes) -> None:
    """Refuse an algorithm that the key does not have, a wrong message type, and a digest of wrong size."""
    key.require_algorithm(algorithm)
    if message_type not in _MESSAGE_TYPES.get(algorithm, _HASH_AND_SIGN):
        by_spec = message_type == EXTERNAL_MU or algorithm == "ML_DSA_SHAKE_256"
        subject = f"key spec {key.spec}" if by_spec else f"algorithm {algorithm}"
        raise ValidationException(f"Message type {message_type} is incompatible with {subject}.")
    name, size = {
        DIGEST: ("Digest", signing.DIGEST_SIZES.get(algorithm)),
        EXTERNAL_MU: ("External Mu", signing.MU_SIZE),
    }.get(message_type, ("", None))
    if size is not None and len(message) != size:
        raise ValidationException(f"{name} is invalid length for algorithm {algorithm}.")


def _refuse_unsupported(algorithm: str, work: Callable[[], Reply]) -> Callable[[], Reply]:
    """The same work, refused with a clear message if the library for the algorithm is not installed."""

    def guarded() -> Reply:
        try:
            return work()
        except NotSupported:
            raise UnsupportedOperationException(f"Keytrail has no cryptography for {algorithm}.") from None

    return guarded


@operation(
    aliases=True,
    cross_account=True,
    usage=KeyUsage.SIGN_VERIFY,
    states=USABLE,
    tracked=True,
    logged_defaults=("MessageType",),
    grantable="any",
    quota=BY_KEY,
)
def sign(
    call: Call, key: Key, *, message: bytes, message_type: str = RAW, signing_algorithm: str
) -> Reply | Later[Reply]:
    """Sign a message of up to 4096 bytes, or a digest of any message."""
    _require_message(key, signing_algorithm, message_type, message)

    def work() -> Reply:
        signature = signing.sign(key.require_pair(), signing_algorithm, message_type, message)
        return {"KeyId": key.arn, "Signature": signature, "SigningAlgorithm": signing_algorithm}

    return now_or_later(key.spec, _refuse_unsupported(signing_algorithm, work))


@operation(
    aliases=True,
    cross_account=True,
    usage=KeyUsage.SIGN_VERIFY,
    states=USABLE,
    tracked=True,
    logged_defaults=("MessageType",),
    grantable="any",
    quota=BY_KEY,
)
def verify(
    call: Call, key: Key, *, message: bytes, message_type: str = RAW, signature: bytes, signing_algorithm: str
) -> Reply | Later[Reply]:
    """Check the signature of a message: SignatureValid is true, or raises KMSInvalidSignatureException."""
    _require_message(key, signing_algorithm, message_type, message)

    def work() -> Reply:
        if not signing.verify(key.require_pair(), signing_algorithm, message_type, message, signature):
            raise KMSInvalidSignatureException
        return {"KeyId": key.arn, "SignatureValid": True, "SigningAlgorithm": signing_algorithm}

    return now_or_later(key.spec, _refuse_unsupported(signing_algorithm, work))


@operation(aliases=True, cross_account=True, states=_READABLE, grantable="asymmetric", quota=2000)
def get_public_key(call: Call, key: Key) -> Reply | Later[Reply]:
    """The public key of an asymmetric key, as a DER SubjectPublicKeyInfo (RFC 5280)."""
    if not key.is_asymmetric:
        raise UnsupportedOperationException

    def work() -> Reply:
        return {
            "KeyId": key.arn,
            "PublicKey": key.require_pair().public_der,
            "CustomerMasterKeySpec": key.spec,
            "KeySpec": key.spec,
            "KeyUsage": key.usage,
            ALGORITHMS_MEMBER[key.usage]: ALGORITHMS[key.spec][key.usage],
        }

    return now_or_later(key.spec, work)
