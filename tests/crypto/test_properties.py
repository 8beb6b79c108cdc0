"""What holds for every key spec: what was encrypted decrypts, and what was altered by one bit is refused.

Of symmetric ciphertexts and their encryption contexts: test_crypto.py.
"""

from __future__ import annotations

import functools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keytrail.crypto import kem, key_agreement, key_pair, mac, rsa_oaep, seeded_pair, signing
from keytrail.crypto.key_pair import KeyPair, NotSupported
from keytrail.crypto.symmetric import NotAuthentic

RSA = ("RSA_2048", "RSA_3072", "RSA_4096")
NIST = ("ECC_NIST_P256", "ECC_NIST_P384", "ECC_NIST_P521")
ML_KEM = ("ML_KEM_512", "ML_KEM_768", "ML_KEM_1024")
_RSA_SIGNATURES = [f"RSASSA_{scheme}_SHA_{bits}" for scheme in ("PSS", "PKCS1_V1_5") for bits in (256, 384, 512)]
SHORT_SIGNATURES = [
    ("ECC_NIST_P256", "ECDSA_SHA_256"),
    ("ECC_NIST_P384", "ECDSA_SHA_384"),
    ("ECC_NIST_P521", "ECDSA_SHA_512"),
    ("ECC_SECG_P256K1", "ECDSA_SHA_256"),
    ("ECC_NIST_EDWARDS25519", "ED25519_SHA_512"),
    ("ECC_NIST_EDWARDS25519", "ED25519_PH_SHA_512"),
]
SIGNATURES = [
    *((spec, algorithm) for spec in RSA for algorithm in _RSA_SIGNATURES),
    *SHORT_SIGNATURES,
    *((f"ML_DSA_{size}", "ML_DSA_SHAKE_256") for size in (44, 65, 87)),
]
BITS = st.integers(0, 2**32)
"""Which bit to flip, modulo how many there are: signatures in DER differ in length from one to the next."""


@functools.cache
def pair_of(spec: str) -> KeyPair:
    """One pair of a spec, made once."""
    return key_pair.generate(spec)


def flipped(data: bytes, bit: int) -> bytes:
    bit %= 8 * len(data)
    return data[: bit // 8] + bytes([data[bit // 8] ^ 1 << bit % 8]) + data[bit // 8 + 1 :]


def signed(spec: str, algorithm: str, message: bytes) -> tuple[KeyPair, str, bytes]:
    kind = "DIGEST" if algorithm == "ED25519_PH_SHA_512" else "RAW"
    return pair_of(spec), kind, signing.sign(pair_of(spec), algorithm, kind, message)


# ---- Pairs


@pytest.mark.parametrize("spec", sorted(key_pair.SPECS))
def test_a_pair_is_read_back_from_its_private_key(spec: str) -> None:
    pair = pair_of(spec)
    again = key_pair.load(spec, pair.private_der())
    assert (again.spec, again.public_der, again.private_der()) == (spec, pair.public_der, pair.private_der())


@pytest.mark.parametrize("spec", sorted(key_pair.SPECS))
def test_bytes_that_are_not_a_private_key_of_the_spec_are_refused(spec: str) -> None:
    whole = pair_of(spec).private_der()
    # Of RSA one length stands for all, but among themselves: to read one takes long.
    specs = key_pair.SPECS if spec.startswith("RSA") else key_pair.SPECS - {"RSA_3072", "RSA_4096"}
    others = [pair_of(other).private_der() for other in specs if other != spec]
    for der in (b"", b"\x30", b"garbage", bytes(1000), whole[:-1], whole[:10], pair_of(spec).public_der, *others):
        with pytest.raises(ValueError, match="private key"):
            key_pair.load(spec, der)


@pytest.mark.parametrize("spec", ["RSA_2048", "ECC_NIST_P256", "ECC_NIST_P521", "ECC_SECG_P256K1"])
def test_a_pair_is_read_from_ber(spec: str) -> None:
    """How we know: recorded of an outer sequence of indefinite length; X.690 allows it, and longer lengths inside."""
    pair = pair_of(spec)
    whole = pair.private_der()
    content = whole[2 + (whole[1] & 0x7F if whole[1] & 0x80 else 0) :]
    assert content.startswith(b"\x02\x01")  # the version
    for ber in (
        b"\x30\x80" + content + b"\0\0",
        b"\x30\x80\x02\x81\x01" + content[2:] + b"\0\0",
        b"\x30\x84" + len(content).to_bytes(4, "big") + content,
    ):
        assert key_pair.load(spec, ber).public_der == pair.public_der


@given(spec=st.sampled_from(["RSA_2048", "ECC_NIST_P256"]), data=st.data())
def test_broken_ber_is_no_private_key(spec: str, data: st.DataObject) -> None:
    whole = pair_of(spec).private_der()
    ber = b"\x30\x80" + whole[2 + (whole[1] & 0x7F) :] + b"\0\0"
    cut = data.draw(st.integers(0, len(ber) - 1))
    filler = data.draw(st.sampled_from([b"\x30\x80", b"\x02\x80", b"\x04\x7f", b"\x30\xff"]))
    for broken in (ber[:cut], ber + b"\0", filler * data.draw(st.integers(1, 3000)), ber[:cut] + filler):
        with pytest.raises(ValueError, match="private key"):
            key_pair.load(spec, broken)


def test_two_pairs_of_a_spec_differ() -> None:
    for spec in key_pair.SPECS - {"RSA_3072", "RSA_4096"}:
        assert key_pair.generate(spec).public_der != pair_of(spec).public_der


def test_an_unsupported_spec_is_refused() -> None:
    with pytest.raises(NotSupported):
        key_pair.generate("SM2")
    with pytest.raises(NotSupported):
        key_pair.load("SM2", b"")


def test_the_sizes_are_those_that_kms_documents() -> None:
    """How we know: kms-behaviour E.6 (SPKI, signatures) and kms-behaviour E.5 (ML-KEM keys are of one length).

    Private keys on curves: radkawar/stackd testdata/aws/kms/ecc.json, 2026-09-12.
    """
    private = {"P256": 150, "P384": 194, "P521": 250, "EDWARDS25519": 48}
    assert {spec: len(pair_of(f"ECC_NIST_{spec}").private_der()) for spec in private} == private
    assert len(pair_of("ECC_SECG_P256K1").private_der()) == 144
    spki = {"ECC_NIST_EDWARDS25519": 44, "ML_DSA_44": 1334, "ML_DSA_65": 1974, "ML_DSA_87": 2614}
    assert {spec: len(pair_of(spec).public_der) for spec in spki} == spki
    for spec, size in {"ML_DSA_44": 2420, "ML_DSA_65": 3309, "ML_DSA_87": 4627}.items():
        assert len(signed(spec, "ML_DSA_SHAKE_256", b"x")[2]) == size
    assert len({len(pair_of(spec).private_der()) for spec in ML_KEM}) == 1


# ---- Encryption


@settings(deadline=None, max_examples=30)
@given(spec=st.sampled_from(RSA), algorithm=st.sampled_from(rsa_oaep.ALGORITHMS), data=st.data())
def test_rsa_decrypts_its_ciphertexts_and_refuses_altered_ones(spec: str, algorithm: str, data: st.DataObject) -> None:
    pair = pair_of(spec)
    most = rsa_oaep.longest_plaintext(spec, algorithm)
    plaintext = data.draw(st.binary(min_size=1, max_size=most) | st.binary(min_size=most, max_size=most))
    ciphertext = rsa_oaep.encrypt(pair, algorithm, plaintext)
    assert len(ciphertext) == int(spec[4:]) // 8
    assert rsa_oaep.decrypt(pair, algorithm, ciphertext) == plaintext
    for other in (flipped(ciphertext, data.draw(BITS)), ciphertext[:-1], b"\0" + ciphertext, b"x", b"", ciphertext * 2):
        with pytest.raises(NotAuthentic):
            rsa_oaep.decrypt(pair, algorithm, other)
    with pytest.raises(NotAuthentic):
        rsa_oaep.decrypt(pair, next(each for each in rsa_oaep.ALGORITHMS if each != algorithm), ciphertext)
    with pytest.raises(ValueError):  # noqa: PT011 - its words are nobody's to read
        rsa_oaep.encrypt(pair, algorithm, bytes(most + 1))


@settings(deadline=None, max_examples=30)
@given(spec=st.sampled_from(ML_KEM), bit=BITS)
def test_an_altered_ml_kem_ciphertext_always_gives_the_same_other_secret(spec: str, bit: int) -> None:
    """FIPS 203, implicit rejection."""
    pair = pair_of(spec)
    secret, ciphertext = kem.encapsulate(pair)
    assert kem.decapsulate(pair, ciphertext) == secret
    altered = flipped(ciphertext, bit)
    rejected = kem.decapsulate(pair, altered)
    assert (len(secret), len(rejected)) == (32, 32)
    assert rejected == kem.decapsulate(pair, altered) != secret


@pytest.mark.parametrize("spec", ML_KEM)
def test_a_secret_is_never_encapsulated_twice(spec: str) -> None:
    assert len({part for _ in range(5) for part in kem.encapsulate(pair_of(spec))}) == 10


# ---- Signatures and MACs


@settings(deadline=None, max_examples=150)
@given(case=st.sampled_from(SIGNATURES), bit=BITS, message=st.binary(min_size=1, max_size=200))
def test_a_signature_verifies_and_is_refused_with_any_bit_flipped(
    case: tuple[str, str], bit: int, message: bytes
) -> None:
    pair, kind, signature = signed(*case, message)
    assert signing.verify(pair, case[1], kind, message, signature)
    assert not signing.verify(pair, case[1], kind, message, flipped(signature, bit))
    assert not signing.verify(pair, case[1], kind, flipped(message, bit), signature)


@pytest.mark.parametrize(("spec", "algorithm"), SHORT_SIGNATURES)
def test_a_short_signature_with_each_of_its_bits_flipped_is_refused(spec: str, algorithm: str) -> None:
    pair, kind, signature = signed(spec, algorithm, b"attack at dawn")
    for bit in range(8 * len(signature)):
        assert not signing.verify(pair, algorithm, kind, b"attack at dawn", flipped(signature, bit)), bit


@pytest.mark.parametrize(("spec", "algorithm"), SIGNATURES)
def test_a_signature_of_another_length_key_or_algorithm_is_refused(spec: str, algorithm: str) -> None:
    pair, kind, signature = signed(spec, algorithm, b"m" * 64)
    for other in (b"x", signature[:-1], signature + b"\0", b"", bytes(len(signature)), b"\xff" * len(signature)):
        assert not signing.verify(pair, algorithm, kind, b"m" * 64, other)
    if spec not in ("RSA_3072", "RSA_4096"):
        assert not signing.verify(key_pair.generate(spec), algorithm, kind, b"m" * 64, signature)
    for its, another in SIGNATURES:
        if its == spec and another != algorithm:
            assert not signing.verify(pair, another, "RAW", b"m" * 64, signature)


@settings(deadline=None)
@given(spec=st.sampled_from(sorted(mac.SECRET_SIZES)), secret=st.binary(min_size=28), message=st.binary(), bit=BITS)
def test_a_mac_verifies_and_is_refused_with_any_bit_flipped(spec: str, secret: bytes, message: bytes, bit: int) -> None:
    algorithm = f"HMAC_SHA_{spec[-3:]}"
    code = mac.generate(algorithm, secret, message)
    assert len(code) == mac.SECRET_SIZES[spec]
    assert mac.verify(algorithm, secret, message, code)
    assert not mac.verify(algorithm, secret, message, flipped(code, bit))
    assert not mac.verify(algorithm, secret, message, code[:-1])
    assert not mac.verify(algorithm, secret, message + b"\0", code)


# ---- Key agreement


@pytest.mark.parametrize("spec", NIST)
def test_both_sides_derive_the_same_secret_and_another_peer_another_one(spec: str) -> None:
    mine, peer, other = pair_of(spec), key_pair.generate(spec), key_pair.generate(spec)
    secret = key_agreement.derive(mine, peer.public_der)
    assert secret == key_agreement.derive(peer, mine.public_der) != key_agreement.derive(mine, other.public_der)


@pytest.mark.parametrize("spec", NIST)
def test_bytes_that_are_not_a_public_key_on_the_curve_are_refused(spec: str) -> None:
    others = [pair_of(other).public_der for other in key_pair.SPECS if other != spec and "RSA" not in other]
    for peer in (b"garbage", b"\x30\x00", b"", pair_of(spec).private_der(), *others):
        with pytest.raises(ValueError, match="public key"):
            key_agreement.derive(pair_of(spec), peer)


@pytest.mark.parametrize("spec", sorted(key_pair.SPECS - set(RSA)))
def test_the_same_seed_gives_the_same_pair(spec: str) -> None:
    pairs = [seeded_pair.derive(spec, bytes([seed]) * 32).public_der for seed in (1, 1, 2)]
    assert pairs[0] == pairs[1] != pairs[2]


@pytest.mark.parametrize("spec", RSA)
def test_an_rsa_pair_is_random_whatever_the_seed(spec: str) -> None:
    assert seeded_pair.derive(spec, bytes(32)).public_der != seeded_pair.derive(spec, bytes(32)).public_der
