"""DeriveSharedSecret.

How we know: recorded from AWS, unless a test says otherwise. The peer is OpenSSL's command line, or pycryptodome.
"""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest
from Crypto.Protocol.DH import key_agreement
from Crypto.PublicKey import ECC
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from keytrail.server import KeytrailServer
from tests.support import AGREEMENT_KEY, answered_members, key_arn, load_sample_seed, outcomes, refusal

CURVES: dict[str, tuple[type[ec.EllipticCurve], int]] = {
    "ECC_NIST_P256": (ec.SECP256R1, 32),
    "ECC_NIST_P384": (ec.SECP384R1, 48),
    "ECC_NIST_P521": (ec.SECP521R1, 66),
}
"""The curve of a spec, and the bytes of its shared secret: those of the field."""
NO_TEXT = ("ValidationException", "")


@pytest.fixture(autouse=True)
def sample_seed(keytrail_clean: KeytrailServer, kms: Any) -> None:
    """The sample seed, and a key of each of the other curves."""
    load_sample_seed(keytrail_clean, kms)
    others = [{"KeyId": key_id(spec), "KeySpec": spec, "KeyUsage": "KEY_AGREEMENT"} for spec in list(CURVES)[1:]]
    keytrail_clean.load({"keys": others})


def key_id(spec: str) -> str:
    return AGREEMENT_KEY if spec == "ECC_NIST_P256" else f"dddd{spec[-3:]}0-12ab-34cd-56ef-1234567890ab"


def public_der(private: Any) -> bytes:
    der: bytes = private.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return der


def secret_with(kms: Any, key: str, peer: bytes) -> bytes:
    answer = kms.derive_shared_secret(KeyId=key, KeyAgreementAlgorithm="ECDH", PublicKey=peer)
    return bytes(answer["SharedSecret"])


# ---- Shape


def test_a_secret_is_answered_with_the_key_its_origin_and_the_algorithm(kms: Any) -> None:
    members = {"KeyId": AGREEMENT_KEY, "KeyAgreementAlgorithm": "ECDH"}
    members["PublicKey"] = public_der(ec.generate_private_key(ec.SECP256R1()))
    names = ["KeyAgreementAlgorithm", "KeyId", "KeyOrigin", "SharedSecret"]
    assert answered_members(kms, "DeriveSharedSecret", **members) == names
    answer = kms.derive_shared_secret(**members)
    assert (answer["KeyId"], answer["KeyOrigin"]) == (key_arn(AGREEMENT_KEY), "AWS_KMS")
    assert answer["KeyAgreementAlgorithm"] == "ECDH"


# ---- Rules


@pytest.mark.parametrize("spec", CURVES)
def test_the_secret_is_the_one_that_openssl_derives(spec: str, kms: Any, tmp_path: Path) -> None:
    curve, size = CURVES[spec]
    peer = ec.generate_private_key(curve())
    mine, theirs = tmp_path / "mine.der", tmp_path / "theirs.der"
    mine.write_bytes(peer.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption()))
    theirs.write_bytes(kms.get_public_key(KeyId=key_id(spec))["PublicKey"])
    formats = ["-keyform", "DER", "-peerform", "DER"]
    derived = subprocess.run(
        ["openssl", "pkeyutl", "-derive", "-inkey", str(mine), "-peerkey", str(theirs), *formats],
        capture_output=True,
        check=True,
    ).stdout
    secret = secret_with(kms, key_id(spec), public_der(peer))
    assert len(secret) == size
    assert secret == derived


@pytest.mark.parametrize("spec", CURVES)
def test_the_secret_is_the_one_that_pycryptodome_derives_in_full_length(spec: str, kms: Any) -> None:
    """How we know: recorded; leading zeros belong to it, as in NIST SP 800-56A."""
    size = CURVES[spec][1]
    public = ECC.import_key(kms.get_public_key(KeyId=key_id(spec))["PublicKey"])
    for _ in range(8):
        peer = ECC.generate(curve=f"P-{spec[-3:]}")
        derived: bytes = key_agreement(static_priv=peer, static_pub=public, kdf=bytes)
        secret = secret_with(kms, key_id(spec), peer.public_key().export_key(format="DER"))
        assert secret == derived.rjust(size, b"\0")


def test_two_keys_here_share_one_secret(kms: Any) -> None:
    made = [kms.create_key(KeySpec="ECC_NIST_P384", KeyUsage="KEY_AGREEMENT")["KeyMetadata"]["KeyId"] for _ in range(2)]
    first, second = [kms.get_public_key(KeyId=key)["PublicKey"] for key in made]
    assert first != second
    assert secret_with(kms, made[0], second) == secret_with(kms, made[1], first)


# ---- Refusals


def _not_on_the_curve() -> bytes:
    der = bytearray(public_der(ec.generate_private_key(ec.SECP256R1())))
    der[-1] ^= 1
    return bytes(der)


BAD_KEYS = {
    "garbage": b"x" * 91,
    "one byte": b"x",
    "the longest that the model takes": b"\0" * 8192,
    "another NIST curve": public_der(ec.generate_private_key(ec.SECP384R1())),
    "secp256k1, as long as P-256": public_der(ec.generate_private_key(ec.SECP256K1())),
    "Ed25519": public_der(ed25519.Ed25519PrivateKey.generate()),
    "RSA": public_der(rsa.generate_private_key(65537, 2048)),
    "a point that is not on the curve": _not_on_the_curve(),
    "cut off": public_der(ec.generate_private_key(ec.SECP256R1()))[:-1],
    "with a byte too much": public_der(ec.generate_private_key(ec.SECP256R1())) + b"\0",
    "a raw point without DER": public_der(ec.generate_private_key(ec.SECP256R1()))[-65:],
    "PEM": ec.generate_private_key(ec.SECP256R1())
    .public_key()
    .public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
    "a private key": ec.generate_private_key(ec.SECP256R1()).private_bytes(
        Encoding.DER, PrivateFormat.PKCS8, NoEncryption()
    ),
}


@pytest.mark.parametrize("dry", [False, True], ids=["", "dry run"])
@pytest.mark.parametrize("what", BAD_KEYS)
def test_a_public_key_that_is_not_on_the_curve_is_refused_without_a_message(what: str, dry: bool, kms: Any) -> None:
    """How we know: recorded for garbage, the others inferred from it. It is no usage."""
    members = {"KeyId": AGREEMENT_KEY, "KeyAgreementAlgorithm": "ECDH", "PublicKey": BAD_KEYS[what]}
    assert refusal(kms, "DeriveSharedSecret", **members, DryRun=dry) == NO_TEXT
    assert kms.get_key_last_usage(KeyId=AGREEMENT_KEY)["KeyLastUsage"] == {}


PEERS = [
    public_der(private)
    for private in (
        *(ec.generate_private_key(curve()) for curve, _ in CURVES.values()),
        ed25519.Ed25519PrivateKey.generate(),
        rsa.generate_private_key(65537, 2048),
    )
]


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data(), peer=st.sampled_from(PEERS), key=st.sampled_from(list(CURVES)))
def test_a_damaged_public_key_is_refused_or_another_key(data: st.DataObject, peer: bytes, key: str, kms: Any) -> None:
    """Never a failure of Keytrail's own."""
    damaged = bytearray(peer)
    for _ in range(data.draw(st.integers(1, 3))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    members = {"KeyId": key_id(key), "KeyAgreementAlgorithm": "ECDH", "PublicKey": bytes(damaged)}
    assert outcomes(lambda: kms.derive_shared_secret(**members), 1)[0] in {"ok", "ValidationException"}


def test_a_public_key_is_not_looked_at_before_the_state(kms: Any) -> None:
    kms.disable_key(KeyId=AGREEMENT_KEY)
    members = {"KeyId": AGREEMENT_KEY, "KeyAgreementAlgorithm": "ECDH", "PublicKey": b"x"}
    assert refusal(kms, "DeriveSharedSecret", **members)[0] == "DisabledException"


@pytest.mark.parametrize(("length", "bound"), [(0, "greater than or equal to 1"), (8193, "less than or equal to 8192")])
def test_a_public_key_has_1_to_8192_bytes(length: int, bound: str, kms: Any) -> None:
    """How we know: model, in the form that is recorded of other members."""
    members = {"KeyId": AGREEMENT_KEY, "KeyAgreementAlgorithm": "ECDH", "PublicKey": b"x" * length}
    assert refusal(kms, "DeriveSharedSecret", **members) == (
        "ValidationException",
        "1 validation error detected: Value at 'publicKey' failed to satisfy constraint: "
        f"Member must have length {bound}",
    )
