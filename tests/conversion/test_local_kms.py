"""Seed files of local-kms become seeds of Keytrail: ids, ARNs, aliases and materials stay.

How we know: what local-kms documents of its seeding file format, and the code that reads it (versions 3, 4). The
material is compared by `cryptography`, which knows nothing of Keytrail.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import yaml
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, mldsa, padding, rsa

from keytrail.conversion import Conversion, convert_local_kms
from keytrail.domain.key_material import KeyMaterial
from keytrail.seeds import SeedError
from keytrail.server import KeytrailServer
from keytrail.settings import Settings

NOW = datetime.now(UTC)
ACCOUNT, REGION = "111122223333", "eu-west-2"
AES, HMAC, RSA, ECC, PENDING = (f"{digit * 8}-0000-4000-8000-000000000000" for digit in "12345")
FIRST, SECOND, THIRD = "01" * 32, "a2" * 32, "33" * 32  # the last is of digits alone, which YAML calls a number


PKCS8, SEC1 = serialization.PrivateFormat.PKCS8, serialization.PrivateFormat.TraditionalOpenSSL


def pem(private: Any, form: serialization.PrivateFormat = PKCS8) -> str:
    data: bytes = private.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption())
    return data.decode()


RSA_KEY = rsa.generate_private_key(65537, 2048)
CURVES = {
    "ECC_NIST_P256": ec.SECP256R1(),
    "ECC_NIST_P384": ec.SECP384R1(),
    "ECC_NIST_P521": ec.SECP521R1(),
    "ECC_SECG_P256K1": ec.SECP256K1(),
}


def convert(source: object, *, now: datetime = NOW) -> Conversion:
    """Convert a document, or the text of a file."""
    text = source if isinstance(source, str) else yaml.safe_dump(source)
    return convert_local_kms(text.encode(), "seed.yaml", Settings(account=ACCOUNT, region=REGION), now)


def problems(source: object) -> list[str]:
    with pytest.raises(SeedError) as caught:
        convert(source)
    return caught.value.problems


def symmetric(**members: Any) -> dict[str, Any]:
    return {"Keys": {"Symmetric": {"Aes": [{"Metadata": {"KeyId": AES}, **members}]}}}


@pytest.fixture
def served(keytrail_server: KeytrailServer, keytrail_client: Callable[..., Any]) -> Callable[[Conversion], Any]:
    """Load what was converted; gives a client of local-kms's account and Region."""

    def load(converted: Conversion) -> Any:
        keytrail_server.load(converted.seed)
        return keytrail_client(account=ACCOUNT, region=REGION)

    return load


VERSION_3 = {
    "Keys": {
        "Symmetric": {
            "Aes": [
                {"Metadata": {"KeyId": AES, "Description": "orders"}, "BackingKeys": [FIRST]},
                {"Metadata": {"KeyId": PENDING, "Origin": "EXTERNAL"}},
            ],
            "Hmac": [{"Metadata": {"KeyId": HMAC, "KeySpec": "HMAC_256"}, "BackingKeys": [SECOND]}],
        },
        "Asymmetric": {
            "Rsa": [{"Metadata": {"KeyId": RSA, "KeyUsage": "SIGN_VERIFY"}, "PrivateKeyPem": pem(RSA_KEY)}],
            "Ecc": [
                {
                    "Metadata": {"KeyId": ECC, "KeyUsage": "SIGN_VERIFY"},
                    "PrivateKeyPem": pem(ec.derive_private_key(7, ec.SECP256R1()), SEC1),
                }
            ],
        },
    },
    "Aliases": [{"AliasName": "alias/orders", "TargetKeyId": AES}, {"AliasName": "alias/sign", "TargetKeyId": RSA}],
}


def test_keys_keep_their_id_arn_description_spec_usage_and_aliases(served: Callable[[Conversion], Any]) -> None:
    converted = convert(VERSION_3)
    assert converted.warnings == ()
    kms = served(converted)
    seen = {}
    for key_id in (AES, HMAC, RSA, ECC, PENDING):
        key = kms.describe_key(KeyId=key_id)["KeyMetadata"]
        assert key["Arn"] == f"arn:aws:kms:{REGION}:{ACCOUNT}:key/{key_id}"
        seen[key_id] = (key["KeySpec"], key["KeyUsage"], key["KeyState"], key["Origin"], key["Description"])
    assert seen == {
        AES: ("SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT", "Enabled", "AWS_KMS", "orders"),
        HMAC: ("HMAC_256", "GENERATE_VERIFY_MAC", "Enabled", "AWS_KMS", ""),
        RSA: ("RSA_2048", "SIGN_VERIFY", "Enabled", "AWS_KMS", ""),
        ECC: ("ECC_NIST_P256", "SIGN_VERIFY", "Enabled", "AWS_KMS", ""),
        PENDING: ("SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT", "PendingImport", "EXTERNAL", ""),
    }
    aliases = {
        alias["AliasName"]: alias["TargetKeyId"] for alias in kms.list_aliases()["Aliases"] if "TargetKeyId" in alias
    }
    assert {"alias/orders": AES, "alias/sign": RSA}.items() <= aliases.items()


def test_macs_and_signatures_are_those_of_the_material(served: Callable[[Conversion], Any]) -> None:
    kms = served(convert(VERSION_3))
    mac = kms.generate_mac(KeyId=HMAC, Message=b"order 66", MacAlgorithm="HMAC_SHA_256")["Mac"]
    assert mac == hmac.digest(bytes.fromhex(SECOND), b"order 66", hashlib.sha256)
    signed = kms.sign(KeyId=RSA, Message=b"order 66", SigningAlgorithm="RSASSA_PKCS1_V1_5_SHA_256")["Signature"]
    RSA_KEY.public_key().verify(signed, b"order 66", padding.PKCS1v15(), hashes.SHA256())
    current = kms.describe_key(KeyId=AES)["KeyMetadata"]["CurrentKeyMaterialId"]
    assert current == KeyMaterial.from_secret(bytes.fromhex(FIRST)).id


@pytest.mark.parametrize("spec", CURVES)
def test_a_curve_is_found_in_the_private_key(served: Callable[[Conversion], Any], spec: str) -> None:
    private = ec.generate_private_key(CURVES[spec])
    key = {"Metadata": {"KeyId": ECC, "KeyUsage": "SIGN_VERIFY"}, "PrivateKeyPem": pem(private)}
    kms = served(convert({"Keys": {"Asymmetric": {"Ecc": [key]}}}))
    public = kms.get_public_key(KeyId=ECC)
    assert public["KeySpec"] == spec
    assert serialization.load_der_public_key(public["PublicKey"]) == private.public_key()


def test_backing_keys_are_the_materials_before_each_rotation_and_the_current_one(
    served: Callable[[Conversion], Any],
) -> None:
    kms = served(convert(symmetric(BackingKeys=[FIRST, SECOND, THIRD])))
    ids = [KeyMaterial.from_secret(bytes.fromhex(secret)).id for secret in (FIRST, SECOND, THIRD)]
    rotations = kms.list_key_rotations(KeyId=AES, IncludeKeyMaterial="ALL_KEY_MATERIAL")["Rotations"]
    assert {rotation["KeyMaterialId"] for rotation in rotations} == set(ids)
    assert kms.describe_key(KeyId=AES)["KeyMetadata"]["CurrentKeyMaterialId"] == ids[-1]


def test_a_material_of_digits_alone_without_quotes_is_read_as_it_is_written() -> None:
    text = f"Keys: {{Symmetric: {{Aes: [{{Metadata: {{KeyId: {AES}}}, BackingKeys: [{'0' * 63}1]}}]}}}}"
    (key,) = convert(text).seed["keys"]
    assert key["KeyMaterial"].endswith("AAE=")


def test_the_next_rotation_is_as_many_days_from_now() -> None:
    (key,) = convert(symmetric(BackingKeys=[FIRST], NextKeyRotation=(NOW + timedelta(days=30)).isoformat())).seed[
        "keys"
    ]
    assert key["Rotation"] == {"RotationPeriodInDays": 365, "NextRotationDate": "in 30 days"}
    over = convert(symmetric(BackingKeys=[FIRST], NextKeyRotation="2019-09-12T15:19:21+00:00"))
    assert over.seed["keys"][0]["Rotation"] == {"RotationPeriodInDays": 365}
    assert over.warnings == (
        "Keys.Symmetric.Aes[0].NextKeyRotation: 2019-09-12T15:19:21+00:00 is over; the next rotation is in a year",
    )


def test_imported_material_is_imported(served: Callable[[Conversion], Any]) -> None:
    kms = served(convert(symmetric(BackingKeys=[FIRST]) | {"Aliases": []}))
    assert kms.describe_key(KeyId=AES)["KeyMetadata"]["Origin"] == "AWS_KMS"
    external = {"Metadata": {"KeyId": PENDING, "Origin": "EXTERNAL"}, "BackingKeys": [FIRST]}
    kms = served(convert({"Keys": {"Symmetric": {"Aes": [external]}}}))
    key = kms.describe_key(KeyId=PENDING)["KeyMetadata"]
    assert (key["Origin"], key["KeyState"]) == ("EXTERNAL", "Enabled")


# ---- the forms of other versions


def test_the_form_of_version_4_has_every_kind_in_one_list(served: Callable[[Conversion], Any]) -> None:
    edwards, lattice = ed25519.Ed25519PrivateKey.generate(), mldsa.MLDSA65PrivateKey.generate()
    keys = [
        (AES, {"KeySpec": "SYMMETRIC_DEFAULT"}, {"BackingKeys": [FIRST, SECOND]}),
        (HMAC, {"KeySpec": "HMAC_512", "KeyUsage": "GENERATE_VERIFY_MAC"}, {"BackingKeys": ["ab" * 64]}),
        (RSA, {"KeySpec": "RSA_2048", "KeyUsage": "ENCRYPT_DECRYPT"}, {"PrivateKeyPem": pem(RSA_KEY)}),
        (ECC, {"KeySpec": "ECC_NIST_EDWARDS25519", "KeyUsage": "SIGN_VERIFY"}, {"PrivateKeyPem": pem(edwards)}),
        (PENDING, {"KeySpec": "ML_DSA_65", "KeyUsage": "SIGN_VERIFY"}, {"PrivateKeyPem": pem(lattice)}),
    ]
    listed = [{"KeyId": key_id, "Metadata": metadata, "Material": material} for key_id, metadata, material in keys]
    aliases = [{"AliasName": "orders", "TargetKeyId": f"arn:aws:kms:{REGION}:{ACCOUNT}:key/{AES}"}]
    converted = convert({"Version": 2, "Keys": listed, "Aliases": aliases})
    assert converted.warnings == ()
    kms = served(converted)
    for key_id, metadata, _ in keys:
        key = kms.describe_key(KeyId=key_id)["KeyMetadata"]
        assert {name: key[name] for name in metadata} == metadata
    assert kms.describe_key(KeyId="alias/orders")["KeyMetadata"]["KeyId"] == AES
    signed = kms.sign(KeyId=ECC, Message=b"order 66", SigningAlgorithm="ED25519_SHA_512")["Signature"]
    edwards.public_key().verify(signed, b"order 66")
    signed = kms.sign(KeyId=PENDING, Message=b"order 66", SigningAlgorithm="ML_DSA_SHAKE_256")["Signature"]
    lattice.public_key().verify(signed, b"order 66")


def test_the_form_before_version_3_is_a_list_of_aes_keys() -> None:
    converted = convert({"Keys": [{"Metadata": {"KeyId": AES.upper()}, "BackingKeys": [FIRST]}]})
    assert [key["KeyId"] for key in converted.seed["keys"]] == [AES]


# ---- what is left out, and what is wrong


def test_what_the_seed_does_not_have_is_a_warning() -> None:
    aes = [{"Metadata": {"KeyId": AES}, "BackingKeys": [secret]} for secret in (FIRST, SECOND)]
    rotated = {"Metadata": {"KeyId": HMAC}, "BackingKeys": [SECOND, FIRST], "NextKeyRotation": "2030-01-01"}
    source = {
        "Keys": {"Symmetric": {"Aes": aes, "Hmac": [rotated]}},
        "Aliases": [
            {"AliasName": "alias/a", "TargetKeyId": AES},
            {"AliasName": "alias/a", "TargetKeyId": HMAC},
            {"AliasName": "alias/b", "TargetKeyId": RSA},
        ],
    }
    converted = convert(source)
    assert converted.warnings == (
        f"Keys.Symmetric.Aes[1]: {AES} appears twice; the second is left out, as in local-kms",
        "Keys.Symmetric.Hmac[0].BackingKeys: only the first is kept; KMS does not rotate HMAC keys",
        "Keys.Symmetric.Hmac[0].NextKeyRotation is left out: KMS does not rotate HMAC keys",
        "Aliases[1]: alias/a appears twice; the second is left out, as in local-kms",
        f"Aliases[2]: alias/b is left out: no key here has the id {RSA}",
    )
    assert [key.get("Aliases") for key in converted.seed["keys"]] == [["alias/a"], None]


MISTAKES: dict[str, tuple[object, str]] = {
    "no YAML": ("Keys: [", "not YAML: "),
    "no mapping": ("- 1", "expected a mapping with Keys, Aliases, got a list"),
    "a member that is none": (
        symmetric(BackingKey=[FIRST]),
        "Keys.Symmetric.Aes[0]: there is no member BackingKey; did you mean BackingKeys?",
    ),
    "no material": (symmetric(), "Keys.Symmetric.Aes[0]: BackingKeys is missing; expected one or more secrets"),
    "no hex": (symmetric(BackingKeys=["xyz"]), "Keys.Symmetric.Aes[0].BackingKeys[0]: expected hex digits, got 'xyz'"),
    "too short": (
        symmetric(BackingKeys=["0102"]),
        "the seed that it would become: keys[0].KeyMaterial: expected 32 bytes in base64",
    ),
    "no PEM": (
        {"Keys": {"Asymmetric": {"Ecc": [{"Metadata": {"KeyId": ECC}, "PrivateKeyPem": "x"}]}}},
        "Keys.Asymmetric.Ecc[0].PrivateKeyPem: expected a private key in PEM without a password; ",
    ),
    "no usage": (
        {"Keys": {"Asymmetric": {"Rsa": [{"Metadata": {"KeyId": RSA}, "PrivateKeyPem": pem(RSA_KEY)}]}}},
        "Keys.Asymmetric.Rsa[0].Metadata: KeyUsage is missing; expected one of SIGN_VERIFY, ENCRYPT_DECRYPT",
    ),
    "another spec": (
        {
            "Keys": [
                {"KeyId": RSA, "Metadata": {"KeySpec": "RSA_4096"}, "Material": {"PrivateKeyPem": pem(RSA_KEY)}},
            ]
        },
        "Keys[0].Metadata.KeySpec: the private key is one of RSA_2048, not of RSA_4096",
    ),
    "an id that is no UUID": (
        {"Keys": {"Symmetric": {"Aes": [{"Metadata": {"KeyId": "orders"}, "BackingKeys": [FIRST]}]}}},
        "the seed that it would become: keys[0].KeyId: expected a lower-case UUID",
    ),
    "two imported materials": (
        {
            "Keys": {
                "Symmetric": {
                    "Aes": [{"Metadata": {"KeyId": AES, "Origin": "EXTERNAL"}, "BackingKeys": [FIRST, FIRST]}]
                }
            }
        },
        "Keys.Symmetric.Aes[0].BackingKeys: an EXTERNAL key of SYMMETRIC_DEFAULT has at most one",
    ),
}


@pytest.mark.parametrize(("source", "message"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_is_reported_with_its_place(source: object, message: str) -> None:
    (problem,) = problems(source)
    assert problem.startswith(f"seed.yaml: {message}")
