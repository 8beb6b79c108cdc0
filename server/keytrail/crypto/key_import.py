"""The import of key material: wrapping key pairs, import tokens, and unwrapping.

Formats: RSAES-OAEP (RFC 8017); an AES key under RSAES-OAEP followed by AES key wrap with padding (RFC 5649), which is
CKM_RSA_AES_KEY_WRAP of PKCS #11. A token contains, encrypted, everything that unwrapping needs, so the process stores
nothing for each token.
"""

import contextlib
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from keytrail.crypto import key_pair, key_pool, rsa_oaep, symmetric
from keytrail.crypto.key_pair import KeyPair
from keytrail.crypto.randomness import NONCE_SIZE, random_bytes
from keytrail.crypto.symmetric import NotAuthentic

WRAPPING_SPECS = ("RSA_2048", "RSA_3072", "RSA_4096")
"""The WrappingKeySpecs that Keytrail supports."""

_WITH_AES: Mapping[str, str] = {
    "RSA_AES_KEY_WRAP_SHA_1": "RSAES_OAEP_SHA_1",
    "RSA_AES_KEY_WRAP_SHA_256": "RSAES_OAEP_SHA_256",
}
PLAIN, WITH_AES = frozenset(rsa_oaep.ALGORITHMS), frozenset(_WITH_AES)
"""The WrappingAlgorithms that Keytrail supports: the material under the public key, or under an AES key that is."""
_ALGORITHMS = (*rsa_oaep.ALGORITHMS, *_WITH_AES)

_secrets = [random_bytes(32)]
"""The keys under which tokens were encrypted; new ones are under the first.

It is new in each process, so tokens of others are not valid, unless the process continues where another ended.
"""
_TOKEN_MARK = b"\x01KT"
_EXPIRY = struct.Struct(">d")


class WrongSize(Exception):
    """Wrapped key material of this algorithm and wrapping key cannot have this length."""


class NotAToken(Exception):
    """The bytes are not a token that this process sealed for this subject."""


@dataclass(frozen=True, slots=True)
class ImportToken:
    """The content of a token: pair and algorithm for unwrapping, and when it expires (an aware datetime)."""

    pair: KeyPair
    algorithm: str
    expires: datetime


def wrapping_pair(spec: str) -> KeyPair:
    """A new pair for wrapping key material. Slow (up to seconds) unless the pool has one.

    `spec` is one of WRAPPING_SPECS.
    """
    return key_pool.new_pair(spec)


def token_secret() -> bytes:
    """The key under which this process encrypts tokens, for a data folder to keep."""
    return _secrets[0]


def continue_tokens(secret: bytes) -> None:
    """Encrypt tokens under the key of the process that a data folder is from; those of this process stay valid."""
    if secret not in _secrets:
        _secrets.insert(0, secret)


def seal_token(subject: str, token: ImportToken) -> bytes:
    """The encrypted bytes of a token, bound to the text `subject`."""
    head = bytes((WRAPPING_SPECS.index(token.pair.spec), _ALGORITHMS.index(token.algorithm)))
    plaintext = head + _EXPIRY.pack(token.expires.timestamp()) + token.pair.private_der()
    nonce, sealed = symmetric.encrypt(_secrets[0], plaintext, subject.encode())
    return _TOKEN_MARK + nonce + sealed


def open_token(subject: str, data: bytes) -> ImportToken:
    """The token that this process sealed for this subject. Does not check its expiry. Raises NotAToken."""
    start = len(_TOKEN_MARK)
    nonce, sealed = data[start : start + NONCE_SIZE], data[start + NONCE_SIZE :]
    if not data.startswith(_TOKEN_MARK) or len(nonce) < NONCE_SIZE:
        raise NotAToken
    plaintext = _decrypt(nonce, sealed, subject.encode())
    (expires,) = _EXPIRY.unpack_from(plaintext, 2)
    pair = key_pair.load_own(WRAPPING_SPECS[plaintext[0]], plaintext[2 + _EXPIRY.size :])
    return ImportToken(pair, _ALGORITHMS[plaintext[1]], datetime.fromtimestamp(expires, UTC))


def _decrypt(nonce: bytes, sealed: bytes, subject: bytes) -> bytes:
    for secret in _secrets:
        with contextlib.suppress(NotAuthentic):
            return symmetric.decrypt(secret, nonce, sealed, subject)
    raise NotAToken


def unwrap(pair: KeyPair, algorithm: str, wrapped: bytes) -> bytes:
    """The key material. Slow: 1 to 5 ms.

    Raises WrongSize, or NotAuthentic if it was not wrapped with this algorithm under this pair.
    """
    modulus = int(pair.spec.removeprefix("RSA_")) // 8
    if algorithm in PLAIN:
        if len(wrapped) != modulus:
            raise WrongSize
        return rsa_oaep.decrypt(pair, algorithm, wrapped)
    # RFC 5649: at least two blocks of 8 bytes.
    if len(wrapped) < modulus + 16 or (len(wrapped) - modulus) % 8:
        raise WrongSize
    aes_key = rsa_oaep.decrypt(pair, _WITH_AES[algorithm], wrapped[:modulus])
    from cryptography.hazmat.primitives import keywrap

    try:
        return keywrap.aes_key_unwrap_with_padding(aes_key, wrapped[modulus:])
    except (keywrap.InvalidUnwrap, ValueError):  # ValueError: an AES key of another size
        raise NotAuthentic from None
