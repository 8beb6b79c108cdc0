"""The crypto floor with other libraries than the one that it calls: OpenSSL's command line, and pycryptodome.

Both read the keys in the forms in which clients get them: SubjectPublicKeyInfo (GetPublicKey, GenerateDataKeyPair) and
PKCS #8 (GenerateDataKeyPair).
"""

from __future__ import annotations

import functools
import hashlib
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from Crypto.Cipher import PKCS1_OAEP
from Crypto.Hash import SHA1, SHA256, SHA384, SHA512
from Crypto.PublicKey import ECC, MLDSA, MLKEM, RSA
from Crypto.Signature import DSS, eddsa, mldsa, pkcs1_15, pss

from keytrail.crypto import kem, key_agreement, key_pair, rsa_oaep, signing
from keytrail.crypto.key_pair import KeyPair

MESSAGE = b"attack at dawn"
HASHES: dict[str, Any] = {"256": SHA256, "384": SHA384, "512": SHA512}
RSA_SIGNATURES = [f"RSASSA_{scheme}_SHA_{bits}" for scheme in ("PSS", "PKCS1_V1_5") for bits in HASHES]
ECDSA = {
    "ECC_NIST_P256": "ECDSA_SHA_256",
    "ECC_NIST_P384": "ECDSA_SHA_384",
    "ECC_NIST_P521": "ECDSA_SHA_512",
    "ECC_SECG_P256K1": "ECDSA_SHA_256",
}
NIST = ("ECC_NIST_P256", "ECC_NIST_P384", "ECC_NIST_P521")
SIGNATURES = [*(("RSA_2048", algorithm) for algorithm in RSA_SIGNATURES), *ECDSA.items()]
with_openssl = pytest.mark.skipif(shutil.which("openssl") is None, reason="needs the command openssl")


@functools.cache
def pair_of(spec: str) -> KeyPair:
    """One pair of a spec, made once."""
    return key_pair.generate(spec)


# ---- OpenSSL's command line


class OpenSSL:
    """The command, with files for what goes in."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def file(self, name: str, data: bytes) -> Path:
        path = self.folder / name
        path.write_bytes(data)
        return path

    def __call__(self, *arguments: str | Path) -> bytes:
        done = subprocess.run(["openssl", *map(str, arguments)], capture_output=True, timeout=60)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


@pytest.fixture
def openssl(tmp_path: Path) -> OpenSSL:
    return OpenSSL(tmp_path)


def options(algorithm: str) -> list[str]:
    if "PSS" not in algorithm:
        return [f"-sha{algorithm[-3:]}"]
    size = str(int(algorithm[-3:]) // 8)
    return [f"-sha{algorithm[-3:]}", "-sigopt", "rsa_padding_mode:pss", "-sigopt", f"rsa_pss_saltlen:{size}"]


@with_openssl
@pytest.mark.parametrize(("spec", "algorithm"), SIGNATURES)
def test_signatures_are_interchangeable_with_openssl(openssl: OpenSSL, spec: str, algorithm: str) -> None:
    pair = pair_of(spec)
    public, private = openssl.file("public", pair.public_der), openssl.file("private", pair.private_der())
    message = openssl.file("message", MESSAGE)
    digest = hashlib.new(f"sha{algorithm[-3:]}", MESSAGE).digest()
    for kind, given in (("RAW", MESSAGE), ("DIGEST", digest)):
        signature = openssl.file("signature", signing.sign(pair, algorithm, kind, given))
        command = ("dgst", *options(algorithm), "-keyform", "DER")
        assert b"Verified OK" in openssl(*command, "-verify", public, "-signature", signature, message)
        theirs = openssl(*command, "-sign", private, message)
        assert signing.verify(pair, algorithm, kind, given, theirs)


@with_openssl
def test_openssl_verifies_ed25519_signatures_and_makes_the_same(openssl: OpenSSL) -> None:
    pair = pair_of("ECC_NIST_EDWARDS25519")
    public, private = openssl.file("public", pair.public_der), openssl.file("private", pair.private_der())
    message, ours = openssl.file("message", MESSAGE), signing.sign(pair, "ED25519_SHA_512", "RAW", MESSAGE)
    command = ("pkeyutl", "-rawin", "-keyform", "DER", "-in", message)
    openssl(*command, "-verify", "-pubin", "-inkey", public, "-sigfile", openssl.file("signature", ours))
    assert openssl(*command, "-sign", "-inkey", private) == ours


@with_openssl
@pytest.mark.parametrize(("algorithm", "digest"), [("RSAES_OAEP_SHA_1", "sha1"), ("RSAES_OAEP_SHA_256", "sha256")])
def test_rsa_ciphertexts_are_interchangeable_with_openssl(openssl: OpenSSL, algorithm: str, digest: str) -> None:
    pair = pair_of("RSA_2048")
    public, private = openssl.file("public", pair.public_der), openssl.file("private", pair.private_der())
    longest = b"m" * rsa_oaep.longest_plaintext("RSA_2048", algorithm)
    mode = ("-pkeyopt", "rsa_padding_mode:oaep", "-pkeyopt", f"rsa_oaep_md:{digest}", "-keyform", "DER", "-in")
    theirs = openssl("pkeyutl", "-encrypt", "-pubin", "-inkey", public, *mode, openssl.file("data", longest))
    assert rsa_oaep.decrypt(pair, algorithm, theirs) == longest
    ours = openssl.file("data", rsa_oaep.encrypt(pair, algorithm, longest))
    assert openssl("pkeyutl", "-decrypt", "-inkey", private, *mode, ours) == longest


@with_openssl
@pytest.mark.parametrize("spec", NIST)
def test_openssl_derives_the_same_shared_secret(openssl: OpenSSL, spec: str) -> None:
    mine, peer = pair_of(spec), key_pair.generate(spec)
    private, public = openssl.file("private", peer.private_der()), openssl.file("public", mine.public_der)
    keys = ("-inkey", private, "-keyform", "DER", "-peerkey", public, "-peerform", "DER")
    assert key_agreement.derive(mine, peer.public_der) == openssl("pkeyutl", "-derive", *keys)


@with_openssl
@pytest.mark.parametrize("spec", ["RSA_2048", *ECDSA, "ECC_NIST_EDWARDS25519"])
def test_openssl_reads_both_keys_of_a_pair_and_writes_the_same_public_key(openssl: OpenSSL, spec: str) -> None:
    pair = pair_of(spec)
    private = openssl.file("private", pair.private_der())
    assert openssl("pkey", "-inform", "DER", "-in", private, "-pubout", "-outform", "DER") == pair.public_der
    public = openssl.file("public", pair.public_der)
    assert openssl("pkey", "-inform", "DER", "-pubin", "-in", public, "-outform", "DER") == pair.public_der


@with_openssl
@pytest.mark.parametrize(
    ("spec", "options"),
    [
        ("RSA_2048", ["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"]),
        ("ECC_NIST_P384", ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-384"]),
        ("ECC_SECG_P256K1", ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:secp256k1"]),
        ("ECC_NIST_EDWARDS25519", ["-algorithm", "ED25519"]),
    ],
)
def test_a_private_key_of_openssl_is_read_from_pkcs_8_only(openssl: OpenSSL, spec: str, options: list[str]) -> None:
    der = openssl.file("private", openssl("genpkey", *options, "-outform", "DER"))
    pkcs_8 = openssl("pkcs8", "-topk8", "-nocrypt", "-inform", "DER", "-in", der, "-outform", "DER")
    pair = key_pair.load(spec, pkcs_8)
    assert pair.public_der == openssl("pkey", "-inform", "DER", "-in", der, "-pubout", "-outform", "DER")
    if spec != "ECC_NIST_EDWARDS25519":
        older = openssl("pkey", "-inform", "DER", "-in", der, "-traditional", "-outform", "DER")
        assert older != pkcs_8
        with pytest.raises(ValueError, match="no private key"):
            key_pair.load(spec, older)
    locked = openssl("pkcs8", "-topk8", "-inform", "DER", "-in", der, "-outform", "DER", "-passout", "pass:secret")
    with pytest.raises(ValueError, match="no private key"):
        key_pair.load(spec, locked)


# ---- pycryptodome


@pytest.mark.parametrize("algorithm", RSA_SIGNATURES)
def test_rsa_signatures_are_interchangeable_with_pycryptodome(algorithm: str) -> None:
    pair = pair_of("RSA_2048")
    digest = HASHES[algorithm[-3:]].new(MESSAGE)
    scheme: Any = pss if "PSS" in algorithm else pkcs1_15
    scheme.new(RSA.import_key(pair.public_der)).verify(digest, signing.sign(pair, algorithm, "RAW", MESSAGE))
    theirs = scheme.new(RSA.import_key(pair.private_der())).sign(digest)
    assert signing.verify(pair, algorithm, "RAW", MESSAGE, theirs)


@pytest.mark.parametrize(("spec", "algorithm"), [each for each in ECDSA.items() if each[0] in NIST])
def test_ecdsa_signatures_are_interchangeable_with_pycryptodome(spec: str, algorithm: str) -> None:
    pair = pair_of(spec)
    digest = HASHES[algorithm[-3:]].new(MESSAGE)
    verifier = DSS.new(ECC.import_key(pair.public_der), "fips-186-3", encoding="der")
    verifier.verify(digest, signing.sign(pair, algorithm, "RAW", MESSAGE))
    signer = DSS.new(ECC.import_key(pair.private_der()), "deterministic-rfc6979", encoding="der")
    assert signing.verify(pair, algorithm, "RAW", MESSAGE, signer.sign(digest))


def test_pycryptodome_makes_the_same_ed25519_signatures() -> None:
    pair = pair_of("ECC_NIST_EDWARDS25519")
    theirs = eddsa.new(ECC.import_key(pair.private_der()), "rfc8032").sign(MESSAGE)
    assert signing.sign(pair, "ED25519_SHA_512", "RAW", MESSAGE) == theirs


@pytest.mark.parametrize(("algorithm", "digest"), [("RSAES_OAEP_SHA_1", SHA1), ("RSAES_OAEP_SHA_256", SHA256)])
def test_rsa_ciphertexts_are_interchangeable_with_pycryptodome(algorithm: str, digest: Any) -> None:
    pair = pair_of("RSA_2048")
    theirs = PKCS1_OAEP.new(RSA.import_key(pair.public_der), hashAlgo=digest).encrypt(MESSAGE)
    assert rsa_oaep.decrypt(pair, algorithm, theirs) == MESSAGE
    opened = PKCS1_OAEP.new(RSA.import_key(pair.private_der()), hashAlgo=digest)
    assert opened.decrypt(rsa_oaep.encrypt(pair, algorithm, MESSAGE)) == MESSAGE


@pytest.mark.parametrize("spec", ["ML_DSA_44", "ML_DSA_65", "ML_DSA_87"])
def test_ml_dsa_signatures_are_interchangeable_with_pycryptodome(spec: str) -> None:
    pair, algorithm = pair_of(spec), "ML_DSA_SHAKE_256"
    public, private = MLDSA.import_key(pair.public_der), MLDSA.import_key(pair.private_der())
    framed = hashlib.shake_256(public.pk).digest(64) + b"\0\0" + MESSAGE  # FIPS 204, algorithm 7: no context
    mu = hashlib.shake_256(framed).digest(signing.MU_SIZE)
    for kind, given in (("RAW", MESSAGE), ("EXTERNAL_MU", mu)):
        mldsa.new(public).verify(MESSAGE, signing.sign(pair, algorithm, kind, given))
        assert signing.verify(pair, algorithm, kind, given, mldsa.new(private).sign(MESSAGE))


@pytest.mark.parametrize("spec", ["ML_KEM_512", "ML_KEM_768", "ML_KEM_1024"])
def test_ml_kem_keys_are_interchangeable_with_pycryptodome(spec: str) -> None:
    """RFC 9935: the private key as its seed."""
    pair = pair_of(spec)
    theirs = MLKEM.import_key(pair.private_der())
    assert theirs.public_key().export_key(format="DER") == pair.public_der
    assert key_pair.load(spec, theirs.export_key(format="DER")).public_der == pair.public_der
    other = MLKEM.generate(param_set=theirs.param_set)
    read = key_pair.load(spec, other.export_key(format="DER"))
    assert read.public_der == other.public_key().export_key(format="DER")
    secret, ciphertext = kem.encapsulate(read)
    assert kem.decapsulate(read, ciphertext) == secret


def test_ml_kem_ciphertexts_are_interchangeable_with_kyber_py() -> None:
    """kyber-py, where `cryptography` is what we call."""
    from kyber_py.ml_kem import ML_KEM_768, ML_KEM_1024

    for spec, other in (("ML_KEM_768", ML_KEM_768), ("ML_KEM_1024", ML_KEM_1024)):
        pair = pair_of(spec)
        secret, ciphertext = other.encaps(pair.private.public_key().public_bytes_raw())
        assert kem.decapsulate(pair, ciphertext) == secret
        _, expanded = other.key_derive(pair.private_der()[-64:])
        secret, ciphertext = kem.encapsulate(pair)
        assert other.decaps(expanded, ciphertext) == secret
