"""DeriveSharedSecret, Encapsulate and Decapsulate. Source: KMS API Reference."""

from keytrail.call import Call, Reply
from keytrail.crypto import kem, key_agreement
from keytrail.crypto.symmetric import NotAuthentic
from keytrail.domain.key import USABLE, Key
from keytrail.domain.key_spec import KeyUsage
from keytrail.errors import InvalidCiphertextException, ValidationException
from keytrail.messages import Later
from keytrail.operation import BY_KEY, operation
from keytrail.operations.kms.recipients import for_recipient
from keytrail.operations.kms.slow_work import now_or_later


@operation(
    aliases=True,
    cross_account=True,
    usage=KeyUsage.KEY_AGREEMENT,
    states=USABLE,
    tracked=True,
    grantable="any",
    quota=BY_KEY,
)
def derive_shared_secret(
    call: Call,
    key: Key,
    *,
    key_agreement_algorithm: str,
    public_key: bytes,
) -> Reply | Later[Reply]:
    """The raw shared secret (the x coordinate, NIST SP 800-56A) of the key and a peer's public key, in DER."""
    key.require_algorithm(key_agreement_algorithm)

    def work() -> Reply:
        try:
            secret = key_agreement.derive(key.require_pair(), public_key)
        except ValueError:
            raise ValidationException from None  # AWS sends no message
        reply = {
            "KeyId": key.arn,
            "SharedSecret": secret,
            "KeyAgreementAlgorithm": key_agreement_algorithm,
            "KeyOrigin": key.origin,
        }
        return for_recipient(call, reply, "SharedSecret")

    return now_or_later(key.spec, work)


@operation(
    aliases=True,
    cross_account=True,
    usage=KeyUsage.ENCAPSULATE_DECAPSULATE,
    states=USABLE,
    tracked=True,
    grantable="any",
)
def encapsulate(call: Call, key: Key, *, encapsulation_algorithm: str) -> Reply | Later[Reply]:
    """A fresh shared secret of 32 bytes, and the ciphertext that Decapsulate reads it from (FIPS 203)."""
    key.require_algorithm(encapsulation_algorithm)

    def work() -> Reply:
        secret, ciphertext = kem.encapsulate(key.require_pair())
        return {
            "KeyId": key.arn,
            "SharedSecret": secret,
            "SharedSecretCiphertextBlob": ciphertext,
            "EncapsulationAlgorithm": encapsulation_algorithm,
        }

    return now_or_later(key.spec, work)


@operation(
    aliases=True,
    cross_account=True,
    usage=KeyUsage.ENCAPSULATE_DECAPSULATE,
    states=USABLE,
    tracked=True,
    grantable="any",
)
def decapsulate(
    call: Call, key: Key, *, shared_secret_ciphertext_blob: bytes, encapsulation_algorithm: str
) -> Reply | Later[Reply]:
    """The shared secret in a ciphertext. An altered one gives another secret and no error (implicit rejection)."""
    key.require_algorithm(encapsulation_algorithm)

    def work() -> Reply:
        try:
            secret = kem.decapsulate(key.require_pair(), shared_secret_ciphertext_blob)
        except NotAuthentic:
            raise InvalidCiphertextException from None
        return {"KeyId": key.arn, "SharedSecret": secret, "EncapsulationAlgorithm": encapsulation_algorithm}

    return now_or_later(key.spec, work)
