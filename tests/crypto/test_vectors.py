"""The crypto floor against published vectors; each test names where its vectors are from, and when.

The files are those of the package cryptography-vectors 50.0.2 (PyPI, read on 2026-11-24). AES-256-GCM, the cipher of
ciphertext blobs, is measured against NIST's vectors in test_crypto.py.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import mldsa, mlkem
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from keytrail.crypto import kem, key_agreement, mac, ml_kem_512, rsa_oaep, signing
from keytrail.crypto.key_pair import KeyPair
from keytrail.crypto.symmetric import NotAuthentic
from tests.support.paths import VECTORS_FOLDER
from tests.support.vector_files import (
    FOLDER,
    PublicOnly,
    cases,
    ec_private,
    ec_public,
    labelled,
    point_in_der,
    rsa_private,
    rsa_public,
)

PSS: dict[str, Any] = json.loads((VECTORS_FOLDER / "rsa-pss.json").read_text())


def verifies(pair: KeyPair, algorithm: str, message: bytes, signature: bytes) -> bool:
    """Whether a signature is the message's; the message whole and its digest must agree on it."""
    digest = hashlib.new(f"sha{algorithm[-3:]}", message).digest()
    whole = signing.verify(pair, algorithm, "RAW", message, signature)
    assert signing.verify(pair, algorithm, "DIGEST", digest, signature) == whole
    return whole


# ---- HMAC


@pytest.mark.parametrize("bits", ["224", "256", "384", "512"])
def test_macs_are_those_of_rfc_4231(bits: str) -> None:
    """RFC 4231 (December 2005), section 4; its case 5 is about shortened MACs, which KMS does not have."""
    read = list(cases(f"HMAC/rfc-4231-sha{bits}.txt", "Len"))
    assert len(read) == 6
    for case in read:
        message, code = bytes.fromhex(case["Msg"]), bytes.fromhex(case["MD"])
        secret = bytes.fromhex(case["Key"])
        assert mac.generate(f"HMAC_SHA_{bits}", secret, message) == code
        assert mac.verify(f"HMAC_SHA_{bits}", secret, message, code)
        assert not mac.verify(f"HMAC_SHA_{bits}", secret, message + b"x", code)


# ---- RSA


@pytest.mark.parametrize(
    ("algorithm", "file", "count"),
    [
        # RSA Laboratories, PKCS #1 v2.1 test vectors (pkcs-1v2-1d2-vec.zip, 14 June 2002)
        ("RSAES_OAEP_SHA_1", "pkcs-1v2-1d2-vec/oaep-vect.txt", 60),
        # PyCA, out of the former, checked with Bouncy Castle
        ("RSAES_OAEP_SHA_256", "oaep-custom/oaep-sha256-sha256.txt", 10),
    ],
)
def test_published_rsa_oaep_ciphertexts_are_decrypted(algorithm: str, file: str, count: int) -> None:
    read = list(labelled(f"asymmetric/RSA/{file}", "Encryption"))
    assert len(read) >= count
    for case in read:
        assert (
            rsa_oaep.decrypt(rsa_private(case), algorithm, bytes.fromhex(case["Encryption"])).hex() == case["Message"]
        )


@pytest.mark.parametrize("bits", ["2048", "3072", "4096"])
def test_signatures_of_nists_pkcs_1_vectors_verify(bits: str) -> None:
    """NIST CAVP, FIPS 186-3 (CAVS 10.1, 2011): SigGen15_186-3.rsp."""
    checked = 0
    for case in cases("asymmetric/RSA/FIPS_186-2/SigGen15_186-3.rsp", "SHAAlg", ("n", "e")):
        if case["section"] == f"mod = {bits}" and case["SHAAlg"] in ("SHA256", "SHA384", "SHA512"):
            pair, algorithm = rsa_public(case["n"], case["e"]), f"RSASSA_PKCS1_V1_5_SHA_{case['SHAAlg'][3:]}"
            message, signature = bytes.fromhex(case["Msg"]), bytes.fromhex(case["S"])
            assert verifies(pair, algorithm, message, signature)
            assert not verifies(pair, algorithm, message + b"x", signature)
            checked += 1
    assert checked == 30


@pytest.mark.parametrize("bits", ["2048", "3072", "4096"])
def test_nists_pkcs_1_vectors_have_the_results_that_they_state(bits: str) -> None:
    """NIST CAVP, FIPS 186-3 (CAVS 11.0, 2 March 2011): SigVer15_186-3.rsp."""
    results = []
    for case in cases("asymmetric/RSA/FIPS_186-2/SigVer15_186-3.rsp", "SHAAlg", ("n", "p", "q")):
        if case["section"] == f"mod = {bits}" and case["SHAAlg"] in ("SHA256", "SHA384", "SHA512"):
            pair, algorithm = rsa_public(case["n"], case["e"]), f"RSASSA_PKCS1_V1_5_SHA_{case['SHAAlg'][3:]}"
            valid = verifies(pair, algorithm, bytes.fromhex(case["Msg"]), bytes.fromhex(case["S"]))
            assert valid == case["Result"].startswith("P"), case["Result"]
            results.append(valid)
    assert (results.count(True), results.count(False)) == (9, 45)


@pytest.mark.parametrize("vector", PSS["vectors"], ids=lambda vector: str(vector["algorithm"]))
def test_signatures_of_wycheproofs_pss_vectors_verify(vector: dict[str, str]) -> None:
    pair = rsa_public(vector["modulus"], PSS["exponent"])
    message, signature = bytes.fromhex(vector["message"]), bytes.fromhex(vector["signature"])
    assert verifies(pair, vector["algorithm"], message, signature)
    assert not verifies(pair, vector["algorithm"], message + b"x", signature)


@pytest.mark.parametrize("name", ["rsa_pss_sha256_no_null.pem", "rsa_pss_cert.pem"])
def test_certificates_signed_with_pss_and_sha_256_verify(name: str) -> None:
    """PyCA's certificates of 27 May 2023 and 1 May 2025, made with OpenSSL; they are signed by their own keys."""
    certificate = x509.load_pem_x509_certificate((FOLDER / "x509" / "custom" / name).read_bytes())
    pair = KeyPair("RSA_2048", PublicOnly(certificate.public_key()), b"")
    assert verifies(pair, "RSASSA_PSS_SHA_256", certificate.tbs_certificate_bytes, certificate.signature)
    assert not verifies(pair, "RSASSA_PSS_SHA_384", certificate.tbs_certificate_bytes, certificate.signature)


# ---- Elliptic curves

ECDSA = [
    ("ECC_NIST_P256", "P-256,SHA-256", "ECDSA_SHA_256"),
    ("ECC_NIST_P384", "P-384,SHA-384", "ECDSA_SHA_384"),
    ("ECC_NIST_P521", "P-521,SHA-512", "ECDSA_SHA_512"),
]


@pytest.mark.parametrize(
    ("file", "spec", "section", "algorithm"),
    [
        # NIST CAVP, FIPS 186-3 (CAVS 11.2, 16 August 2011)
        *(("FIPS_186-3/SigGen.txt", *each) for each in ECDSA),
        # PyCA's own for secp256k1, made with the package ecdsa (2014)
        ("SECP256K1/SigGen.txt", "ECC_SECG_P256K1", "K-256,SHA-256", "ECDSA_SHA_256"),
    ],
)
def test_signatures_of_the_ecdsa_vectors_verify(file: str, spec: str, section: str, algorithm: str) -> None:
    read = [case for case in cases(f"asymmetric/ECDSA/{file}", "Msg") if case["section"] == section]
    assert len(read) >= 15
    for case in read:
        pair = ec_private(spec, case["d"])
        signature = encode_dss_signature(int(case["R"], 16), int(case["S"], 16))
        message = bytes.fromhex(case["Msg"])
        assert pair.public_der == ec_public(spec, case["Qx"], case["Qy"]).public_der
        assert verifies(pair, algorithm, message, signature)
        assert not verifies(pair, algorithm, message + b"x", signature)


@pytest.mark.parametrize(("spec", "section", "algorithm"), ECDSA)
def test_nists_ecdsa_vectors_have_the_results_that_they_state(spec: str, section: str, algorithm: str) -> None:
    """NIST CAVP, FIPS 186-3 (CAVS 11.0, 16 March 2011): SigVer.rsp."""
    read = [case for case in cases("asymmetric/ECDSA/FIPS_186-3/SigVer.rsp", "Msg") if case["section"] == section]
    assert {case["Result"][0] for case in read} == {"P", "F"}
    for case in read:
        signature = encode_dss_signature(int(case["R"], 16), int(case["S"], 16))
        pair = ec_public(spec, case["Qx"], case["Qy"])
        valid = verifies(pair, algorithm, bytes.fromhex(case["Msg"]), signature)
        assert valid == case["Result"].startswith("P"), case["Result"]


@pytest.mark.parametrize(
    ("spec", "section"),
    [("ECC_NIST_P256", "EC - SHA256"), ("ECC_NIST_P384", "ED - SHA384"), ("ECC_NIST_P521", "EE - SHA512")],
)
def test_shared_secrets_are_those_of_nists_vectors_and_points_off_the_curve_are_refused(
    spec: str, section: str
) -> None:
    """NIST CAVP, SP 800-56A, ECC, ZZ only (CAVS 11.0, 17 March 2011)."""
    file = "asymmetric/ECDH/KASValidityTest_ECCStaticUnified_NOKC_ZZOnly_init.fax"
    agreed, refused = 0, 0
    for case in cases(file, "COUNT"):
        if case["section"] != section or "IUT's" in case["Result"]:
            continue  # KMS has made its own key
        pair = ec_private(spec, case["dsIUT"])
        peer = point_in_der(pair, case["QsCAVSx"], case["QsCAVSy"])
        if case["Result"].startswith("P"):
            secret = key_agreement.derive(pair, peer)
            assert len(secret) == (pair.private.key_size + 7) // 8, "with its leading zeros"
            assert int.from_bytes(secret) == int(case["Z"], 16)
            agreed += 1
        elif "CAVS's Static public key" in case["Result"]:
            with pytest.raises(ValueError):  # noqa: PT011 - its words are nobody's to read
                key_agreement.derive(pair, peer)
            refused += 1
    assert agreed >= 15
    assert refused >= 3


def ed25519(secret: bytes) -> KeyPair:
    private = Ed25519PrivateKey.from_private_bytes(secret)
    public = private.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return KeyPair("ECC_NIST_EDWARDS25519", private, public)


def test_ed25519_signatures_are_those_of_its_authors() -> None:
    """sign.input of ed25519.cr.yp.to (2011), every eighth; its first three are the tests 1 to 3 of RFC 8032, 7.1."""
    lines = (FOLDER / "asymmetric/Ed25519/sign.input").read_text().splitlines()
    assert len(lines) == 1024
    for line in [*lines[:3], *lines[::8]]:
        secret, _, message, signed, *_ = (bytes.fromhex(part) for part in line.split(":"))
        pair = ed25519(secret[:32])
        assert signing.sign(pair, "ED25519_SHA_512", "RAW", message) == signed[:64]
        assert signing.verify(pair, "ED25519_SHA_512", "RAW", message, signed[:64])
        assert not signing.verify(pair, "ED25519_SHA_512", "RAW", message + b"x", signed[:64])


def test_an_ed25519ph_signature_is_that_of_rfc_8032() -> None:
    """RFC 8032 (January 2017), section 7.3. What KMS is given as the digest is the message of Ed25519ph."""
    pair = ed25519(bytes.fromhex("833fe62409237b9d62ec77587520911e9a759cec1d19755b7da901b96dca3d42"))
    assert pair.public_der.hex().endswith("ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf")
    signature = bytes.fromhex(
        "98a70222f0b8121aa9d30f813d683f809e462b469c7ff87639499bb94e6dae41"
        "31f85042463c2a355a2003d062adf5aaa10b8c61e636062aaad11c2a26083406"
    )
    assert signing.sign(pair, "ED25519_PH_SHA_512", "DIGEST", b"abc") == signature
    assert signing.verify(pair, "ED25519_PH_SHA_512", "DIGEST", b"abc", signature)
    assert not signing.verify(pair, "ED25519_PH_SHA_512", "DIGEST", b"abd", signature)
    assert not signing.verify(pair, "ED25519_SHA_512", "RAW", b"abc", signature)


# ---- Lattices


@pytest.mark.parametrize("size", ["44", "65", "87"])
def test_signatures_of_the_ml_dsa_vectors_verify_by_their_message_representative(size: str) -> None:
    """kat_MLDSA_*_det_pure.rsp of post-quantum-cryptography/KAT (2024).

    Their messages have contexts, which KMS has not. What is signed is mu (FIPS 204, algorithm 7), so they are
    vectors of EXTERNAL_MU; mu is worked out of the published public key here.
    """
    read = list(cases(f"asymmetric/MLDSA/kat_MLDSA_{size}_det_pure.rsp", "count"))[:25]
    for case in read:
        private = getattr(mldsa, f"MLDSA{size}PrivateKey").from_seed_bytes(bytes.fromhex(case["xi"]))
        public, message, context = (bytes.fromhex(case[name]) for name in ("pk", "msg", "ctx"))
        assert private.public_key().public_bytes_raw() == public
        signature = bytes.fromhex(case["sm"])[: -len(message)]
        pair = KeyPair(f"ML_DSA_{size}", private, b"")
        framed = bytes((0, len(context))) + context + message
        mu = hashlib.shake_256(hashlib.shake_256(public).digest(64) + framed).digest(signing.MU_SIZE)
        assert signing.verify(pair, "ML_DSA_SHAKE_256", "EXTERNAL_MU", mu, signature)
        assert not signing.verify(pair, "ML_DSA_SHAKE_256", "RAW", message, signature), "that has another context"
        ours = signing.sign(pair, "ML_DSA_SHAKE_256", "EXTERNAL_MU", mu)
        private.public_key().verify(ours, message, context)


@pytest.mark.parametrize("size", ["512", "768", "1024"])
def test_ml_kem_vectors_are_decapsulated_and_broken_ones_rejected_implicitly(size: str) -> None:
    """kat_MLKEM_*.rsp of post-quantum-cryptography/KAT (2024): `ct` is whole, `ct_n` is not."""
    made = ml_kem_512.PrivateKey if size == "512" else getattr(mlkem, f"MLKEM{size}PrivateKey")
    for case, _ in zip(cases(f"asymmetric/MLKEM/kat_MLKEM_{size}.rsp", "count"), range(20), strict=False):
        private = made.from_seed_bytes(bytes.fromhex(case["d"] + case["z"]))
        assert private.public_key().public_bytes_raw().hex() == case["pk"]
        pair = KeyPair(f"ML_KEM_{size}", private, b"")
        whole, broken = bytes.fromhex(case["ct"]), bytes.fromhex(case["ct_n"])
        assert kem.decapsulate(pair, whole).hex() == case["ss"]
        assert kem.decapsulate(pair, broken).hex() == case["ss_n"]
        for other in (whole[:-1], whole + b"\0", b""):
            with pytest.raises(NotAuthentic):
                kem.decapsulate(pair, other)
