"""Signatures, MACs, key agreement, encapsulation: against published vectors, and against OpenSSL's command line.

Vectors: the files of NIST's CAVP and ACVP, of the RFCs and of the post-quantum KATs as the package cryptography-vectors
50 (2026) ships them; those that stand here name their source.
"""

from __future__ import annotations

import hashlib
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cryptography_vectors
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, mldsa, mlkem
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_public_key
from hypothesis import given, settings
from hypothesis import strategies as st

from keytrail.crypto import kem, key_agreement, key_pair, mac, rsa_oaep, signing
from keytrail.crypto.key_pair import KeyPair, NotSupported
from keytrail.crypto.key_pool import KeyPool
from keytrail.crypto.symmetric import NotAuthentic

VECTORS = Path(cryptography_vectors.__file__).parent

ALGORITHMS = {
    "RSA_2048": [f"RSASSA_{scheme}_SHA_{bits}" for scheme in ("PSS", "PKCS1_V1_5") for bits in (256, 384, 512)],
    "ECC_NIST_P256": ["ECDSA_SHA_256"],
    "ECC_NIST_P384": ["ECDSA_SHA_384"],
    "ECC_NIST_P521": ["ECDSA_SHA_512"],
    "ECC_SECG_P256K1": ["ECDSA_SHA_256"],
    "ECC_NIST_EDWARDS25519": ["ED25519_SHA_512", "ED25519_PH_SHA_512"],
    "ML_DSA_44": ["ML_DSA_SHAKE_256"],
    "ML_DSA_65": ["ML_DSA_SHAKE_256"],
    "ML_DSA_87": ["ML_DSA_SHAKE_256"],
}
SIGNING = [(spec, algorithm) for spec, algorithms in ALGORITHMS.items() for algorithm in algorithms]


@pytest.fixture(scope="module")
def pair_of() -> Callable[[str], KeyPair]:
    """One pair of a spec, made once."""
    made: dict[str, KeyPair] = {}

    def of(spec: str) -> KeyPair:
        if spec not in made:
            made[spec] = key_pair.generate(spec)
        return made[spec]

    return of


def message_type(algorithm: str) -> str:
    return "DIGEST" if algorithm == "ED25519_PH_SHA_512" else "RAW"


def read(path: str, first: str, separator: str = " = ") -> Iterator[dict[str, str]]:
    """The cases of a vector file; each begins with the member `first`."""
    case: dict[str, str] = {}
    for line in (VECTORS / path).read_text().splitlines():
        name, found, value = line.strip().partition(separator)
        if line.startswith("["):
            case = {"section": line.strip()}
        elif found:
            if name == first and first in case:
                yield case
                case = {"section": case.get("section", "")}
            case[name] = value
            case.setdefault("section", "")
    if first in case:
        yield case


# published vectors


@pytest.mark.parametrize("bits", ["224", "256", "384", "512"])
def test_hmac_is_that_of_rfc_4231(bits: str) -> None:
    cases = list(read(f"HMAC/rfc-4231-sha{bits}.txt", "Len"))
    assert len(cases) >= 5
    for case in cases:
        computed = mac.generate(f"HMAC_SHA_{bits}", bytes.fromhex(case["Key"]), bytes.fromhex(case["Msg"]))
        assert computed.hex() == case["MD"]


@pytest.mark.parametrize(
    ("spec", "curve", "section", "algorithm"),
    [
        ("ECC_NIST_P256", ec.SECP256R1, "[P-256,SHA-256]", "ECDSA_SHA_256"),
        ("ECC_NIST_P384", ec.SECP384R1, "[P-384,SHA-384]", "ECDSA_SHA_384"),
        ("ECC_NIST_P521", ec.SECP521R1, "[P-521,SHA-512]", "ECDSA_SHA_512"),
    ],
)
def test_signatures_of_nists_ecdsa_vectors_verify(
    spec: str, curve: Callable[[], ec.EllipticCurve], section: str, algorithm: str
) -> None:
    from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

    cases = [case for case in read("asymmetric/ECDSA/FIPS_186-3/SigGen.txt", "Msg") if case["section"] == section]
    assert len(cases) >= 15
    for case in cases:
        pair = KeyPair(spec, ec.derive_private_key(int(case["d"], 16), curve()), b"")
        signature = encode_dss_signature(int(case["R"], 16), int(case["S"], 16))
        message = bytes.fromhex(case["Msg"])
        assert signing.verify(pair, algorithm, "RAW", message, signature)
        digest = hashlib.new(f"sha{algorithm[-3:]}", message).digest()
        assert signing.verify(pair, algorithm, "DIGEST", digest, signature)
        assert not signing.verify(pair, algorithm, "RAW", message + b"x", signature)


def test_ed25519_signs_as_its_authors_do() -> None:
    """The first 64 lines of sign.input of ed25519.cr.yp.to."""
    lines = (VECTORS / "asymmetric/Ed25519/sign.input").read_text().splitlines()[:64]
    for line in lines:
        secret, _, message, signed, *_ = (bytes.fromhex(part) for part in line.split(":"))
        pair = KeyPair("ECC_NIST_EDWARDS25519", Ed25519PrivateKey.from_private_bytes(secret[:32]), b"")
        assert signing.sign(pair, "ED25519_SHA_512", "RAW", message) == signed[:64]


def test_ed25519ph_signs_as_rfc_8032_does() -> None:
    """RFC 8032, section 7.3. What KMS is given as the digest is the message of Ed25519ph."""
    secret = bytes.fromhex("833fe62409237b9d62ec77587520911e9a759cec1d19755b7da901b96dca3d42")
    private = Ed25519PrivateKey.from_private_bytes(secret)
    public = private.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    pair = KeyPair("ECC_NIST_EDWARDS25519", private, public)
    signature = signing.sign(pair, "ED25519_PH_SHA_512", "DIGEST", b"abc")
    assert signature.hex() == (
        "98a70222f0b8121aa9d30f813d683f809e462b469c7ff87639499bb94e6dae41"
        "31f85042463c2a355a2003d062adf5aaa10b8c61e636062aaad11c2a26083406"
    )
    assert signing.verify(pair, "ED25519_PH_SHA_512", "DIGEST", b"abc", signature)


@pytest.mark.parametrize("size", ["44", "65", "87"])
def test_signatures_of_the_ml_dsa_vectors_verify(size: str) -> None:
    cases = [
        case for case in read(f"asymmetric/MLDSA/kat_MLDSA_{size}_det_pure.rsp", "count") if not case.get("ctx", "")
    ][:10]
    for case in cases:
        private = getattr(mldsa, f"MLDSA{size}PrivateKey").from_seed_bytes(bytes.fromhex(case["xi"]))
        assert private.public_key().public_bytes_raw().hex() == case["pk"].lower()
        message, signed = bytes.fromhex(case["msg"]), bytes.fromhex(case["sm"])
        signature = signed[: len(signed) - len(message)]
        pair = KeyPair(f"ML_DSA_{size}", private, b"")
        assert signing.verify(pair, "ML_DSA_SHAKE_256", "RAW", message, signature)


@pytest.mark.parametrize("size", ["768", "1024"])
def test_the_ml_kem_vectors_are_decapsulated_and_what_is_broken_rejected_implicitly(size: str) -> None:
    cases = [case for _, case in zip(range(20), read(f"asymmetric/MLKEM/kat_MLKEM_{size}.rsp", "count"), strict=False)]
    for case in cases:
        private = getattr(mlkem, f"MLKEM{size}PrivateKey").from_seed_bytes(bytes.fromhex(case["d"] + case["z"]))
        pair = KeyPair(f"ML_KEM_{size}", private, b"")
        assert kem.decapsulate(pair, bytes.fromhex(case["ct"])).hex() == case["ss"]
        assert kem.decapsulate(pair, bytes.fromhex(case["ct_n"])).hex() == case["ss_n"]


# with OpenSSL


def openssl(*arguments: str | Path) -> bytes:
    return subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True).stdout


@pytest.mark.parametrize(
    ("spec", "algorithm", "options"),
    [
        ("RSA_2048", "RSASSA_PKCS1_V1_5_SHA_384", ["-sha384"]),
        (
            "RSA_2048",
            "RSASSA_PSS_SHA_512",
            ["-sha512", "-sigopt", "rsa_padding_mode:pss", "-sigopt", "rsa_pss_saltlen:64"],
        ),
        ("ECC_NIST_P256", "ECDSA_SHA_256", ["-sha256"]),
        ("ECC_NIST_P521", "ECDSA_SHA_512", ["-sha512"]),
        ("ECC_SECG_P256K1", "ECDSA_SHA_256", ["-sha256"]),
    ],
)
def test_openssl_verifies_what_is_signed_and_signs_what_is_verified(
    pair_of: Callable[[str], KeyPair], tmp_path: Path, spec: str, algorithm: str, options: list[str]
) -> None:
    pair = pair_of(spec)
    public, private, message, signature = (tmp_path / name for name in ("public", "private", "message", "signature"))
    public.write_bytes(pair.public_der)
    private.write_bytes(pair.private_der())
    message.write_bytes(b"attack at dawn")
    signature.write_bytes(signing.sign(pair, algorithm, "RAW", b"attack at dawn"))
    openssl("dgst", *options, "-keyform", "DER", "-verify", public, "-signature", signature, message)
    theirs = openssl("dgst", *options, "-keyform", "DER", "-sign", private, message)
    assert signing.verify(pair, algorithm, "RAW", b"attack at dawn", theirs)


@pytest.mark.parametrize(("algorithm", "digest"), [("RSAES_OAEP_SHA_1", "sha1"), ("RSAES_OAEP_SHA_256", "sha256")])
def test_what_openssl_encrypts_is_decrypted_and_the_other_way_round(
    pair_of: Callable[[str], KeyPair], tmp_path: Path, algorithm: str, digest: str
) -> None:
    pair = pair_of("RSA_2048")
    public, private, data = (tmp_path / name for name in ("public", "private", "data"))
    public.write_bytes(pair.public_der)
    private.write_bytes(pair.private_der())
    options = ["-pkeyopt", "rsa_padding_mode:oaep", "-pkeyopt", f"rsa_oaep_md:{digest}"]
    longest = b"m" * rsa_oaep.longest_plaintext("RSA_2048", algorithm)
    data.write_bytes(longest)
    theirs = openssl("pkeyutl", "-encrypt", "-pubin", "-inkey", public, "-keyform", "DER", *options, "-in", data)
    assert rsa_oaep.decrypt(pair, algorithm, theirs) == longest
    data.write_bytes(rsa_oaep.encrypt(pair, algorithm, longest))
    assert openssl("pkeyutl", "-decrypt", "-inkey", private, "-keyform", "DER", *options, "-in", data) == longest


@pytest.mark.parametrize("spec", ["ECC_NIST_P256", "ECC_NIST_P384", "ECC_NIST_P521"])
def test_a_shared_secret_is_the_one_that_openssl_derives(
    pair_of: Callable[[str], KeyPair], tmp_path: Path, spec: str
) -> None:
    mine, peer = pair_of(spec), key_pair.generate(spec)
    private, public = tmp_path / "private", tmp_path / "public"
    private.write_bytes(peer.private_der())
    public.write_bytes(mine.public_der)
    theirs = openssl(
        *("pkeyutl", "-derive", "-inkey", private, "-keyform", "DER", "-peerkey", public, "-peerform", "DER")
    )
    assert key_agreement.derive(mine, peer.public_der) == theirs


# what a pair is


@pytest.mark.parametrize("spec", sorted(key_pair.SPECS - {"RSA_3072", "RSA_4096"}))
def test_a_pair_is_read_back_from_its_private_key(pair_of: Callable[[str], KeyPair], spec: str) -> None:
    pair = pair_of(spec)
    again = key_pair.load(spec, pair.private_der())
    assert (again.spec, again.public_der) == (spec, pair.public_der)
    assert load_der_public_key(pair.public_der)


def test_the_sizes_are_those_that_kms_documents(pair_of: Callable[[str], KeyPair]) -> None:
    """Reference E.6: SPKI of Ed25519 and ML-DSA as measured, signatures by FIPS 204, ML-KEM keys of one length."""
    spki = {"ECC_NIST_EDWARDS25519": 44, "ML_DSA_44": 1334, "ML_DSA_65": 1974, "ML_DSA_87": 2614}
    assert {spec: len(pair_of(spec).public_der) for spec in spki} == spki
    signatures = {"ML_DSA_44": 2420, "ML_DSA_65": 3309, "ML_DSA_87": 4627}
    for spec, size in signatures.items():
        assert len(signing.sign(pair_of(spec), "ML_DSA_SHAKE_256", "RAW", b"x")) == size
    assert len(pair_of("ML_KEM_768").private_der()) == len(pair_of("ML_KEM_1024").private_der())


@pytest.mark.parametrize("der", [b"", b"garbage", bytes(1000)])
def test_what_is_no_private_key_of_the_spec_is_refused(pair_of: Callable[[str], KeyPair], der: bytes) -> None:
    with pytest.raises(ValueError, match="no private key"):
        key_pair.load("ECC_NIST_P256", der)
    for spec in ("RSA_2048", "ECC_NIST_P384", "ECC_NIST_EDWARDS25519"):
        with pytest.raises(ValueError, match=f"none of {spec}"):
            key_pair.load(spec, pair_of("ECC_NIST_P256").private_der())


@pytest.mark.parametrize("spec", ["ML_KEM_512", "SM2"])
def test_a_spec_without_cryptography_here_is_told(spec: str) -> None:
    with pytest.raises(NotSupported):
        key_pair.generate(spec)


# what must not verify


@pytest.mark.parametrize(("spec", "algorithm"), SIGNING)
def test_a_signature_of_any_odd_length_does_not_verify(
    pair_of: Callable[[str], KeyPair], spec: str, algorithm: str
) -> None:
    pair, kind, message = pair_of(spec), message_type(algorithm), b"m" * 64
    signature = signing.sign(pair, algorithm, kind, message)
    assert signing.verify(pair, algorithm, kind, message, signature)
    for other in (b"x", signature[:-1], signature + b"\0", b"", bytes(len(signature))):
        assert not signing.verify(pair, algorithm, kind, message, other)


@settings(deadline=None, max_examples=40)
@given(data=st.data())
def test_a_flipped_bit_of_signature_or_mac_is_refused(pair_of: Callable[[str], KeyPair], data: Any) -> None:
    spec, algorithm = data.draw(st.sampled_from(SIGNING))
    pair, kind, message = pair_of(spec), message_type(algorithm), b"m" * 64
    signature = signing.sign(pair, algorithm, kind, message)
    assert not signing.verify(pair, algorithm, kind, message, flipped(signature, data))
    code = mac.generate("HMAC_SHA_384", b"secret", message)
    assert mac.verify("HMAC_SHA_384", b"secret", message, code)
    assert not mac.verify("HMAC_SHA_384", b"secret", message, flipped(code, data))


@settings(deadline=None, max_examples=30)
@given(data=st.data(), plaintext=st.binary(min_size=1, max_size=190))
def test_rsa_decrypts_what_it_encrypted_and_nothing_else(
    pair_of: Callable[[str], KeyPair], data: Any, plaintext: bytes
) -> None:
    pair, algorithm = pair_of("RSA_2048"), data.draw(st.sampled_from(rsa_oaep.ALGORITHMS))
    ciphertext = rsa_oaep.encrypt(pair, algorithm, plaintext)
    assert rsa_oaep.decrypt(pair, algorithm, ciphertext) == plaintext
    for other in (flipped(ciphertext, data), ciphertext[:-1], b"x", ciphertext * 2):
        with pytest.raises(NotAuthentic):
            rsa_oaep.decrypt(pair, algorithm, other)


@settings(deadline=None, max_examples=20)
@given(data=st.data())
def test_an_altered_encapsulation_gives_another_secret_and_one_of_another_length_none(
    pair_of: Callable[[str], KeyPair], data: Any
) -> None:
    pair = pair_of(data.draw(st.sampled_from(["ML_KEM_768", "ML_KEM_1024"])))
    secret, ciphertext = kem.encapsulate(pair)
    assert kem.decapsulate(pair, ciphertext) == secret
    altered = kem.decapsulate(pair, flipped(ciphertext, data))
    assert (len(altered), altered == secret) == (32, False)
    with pytest.raises(NotAuthentic):
        kem.decapsulate(pair, ciphertext[:-1])


def test_an_external_mu_is_signed_for_the_message_behind_it(pair_of: Callable[[str], KeyPair]) -> None:
    """FIPS 204, algorithm 7: mu is SHAKE256(SHAKE256(pk, 64) || 0 || 0 || M, 64) for the empty context."""
    pair, message = pair_of("ML_DSA_65"), b"attack at dawn"
    public = pair.private.public_key().public_bytes_raw()
    mu = hashlib.shake_256(hashlib.shake_256(public).digest(64) + b"\0\0" + message).digest(signing.MU_SIZE)
    signature = signing.sign(pair, "ML_DSA_SHAKE_256", "EXTERNAL_MU", mu)
    assert signing.verify(pair, "ML_DSA_SHAKE_256", "RAW", message, signature)
    assert signing.verify(pair, "ML_DSA_SHAKE_256", "EXTERNAL_MU", mu, signature)


@pytest.mark.parametrize("peer", [b"garbage", b"\x30\x00"])
def test_what_is_no_public_key_of_the_curve_agrees_on_nothing(pair_of: Callable[[str], KeyPair], peer: bytes) -> None:
    for other in (peer, pair_of("ECC_NIST_P384").public_der, pair_of("ECC_NIST_EDWARDS25519").public_der):
        with pytest.raises(ValueError):  # noqa: PT011 - the words are nobody's to read
            key_agreement.derive(pair_of("ECC_NIST_P256"), other)


def flipped(data: bytes, draw: Any) -> bytes:
    at = draw.draw(st.integers(0, 8 * len(data) - 1))
    changed = bytearray(data)
    changed[at // 8] ^= 1 << at % 8
    return bytes(changed)


# the pool


def test_a_pool_hands_each_pair_out_once_and_never_waits() -> None:
    import threading

    made, go = [0], threading.Semaphore(0)

    def generate(spec: str) -> KeyPair:
        go.acquire()
        made[0] += 1
        return KeyPair(spec, made[0], b"")

    pool = KeyPool(generate, {"RSA_2048": 2})
    assert pool.take("RSA_2048") is None, "nothing is ready, and nobody waits"
    assert pool.take("ECC_NIST_P256") is None, "the pool holds RSA pairs only"
    for _ in range(3):
        go.release()
    taken = []
    while len(taken) < 3:
        pair = pool.take("RSA_2048")
        if pair is not None:
            taken.append(pair.private)
    assert taken == [1, 2, 3]
    pool.close()
    go.release()


def test_a_pool_makes_nothing_before_it_is_asked_and_no_more_than_it_holds() -> None:
    import threading

    made: list[str] = []
    full = threading.Event()

    def generate(spec: str) -> KeyPair:
        made.append(spec)
        if len(made) == 3:
            full.set()
        return KeyPair(spec, None, b"")

    pool = KeyPool(generate, {"RSA_2048": 2, "RSA_4096": 1})
    assert made == []
    pool.warm()
    assert full.wait(10)
    pool.close()
    assert sorted(made) == ["RSA_2048", "RSA_2048", "RSA_4096"]
