"""The tags by which LocalStack, moto and Floci let a test choose the id and the material of a new key.

How we know: their documentation. Nothing of this is AWS's, so a server obeys them only if its setting `compat` says so.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from keytrail.server import KeytrailServer
from tests.support import KEY, MRK
from tests.support.clients import new_client

ID, MATERIAL, OVERRIDE = "_custom_id_", "_custom_key_material_", "floci:override-id"
PKCS8, TRADITIONAL = serialization.PrivateFormat.PKCS8, serialization.PrivateFormat.TraditionalOpenSSL
RSA_KEY, EC_KEY = rsa.generate_private_key(65537, 2048), ec.generate_private_key(ec.SECP256K1())


@pytest.fixture(scope="module")
def compatible() -> Iterator[KeytrailServer]:
    """A server that obeys the tags of all emulators."""
    with KeytrailServer(compat="localstack,moto,floci") as server:
        yield server


@pytest.fixture
def kms(compatible: KeytrailServer) -> Any:
    compatible.reset()
    return new_client(compatible.url)


def tags(**values: str) -> list[dict[str, str]]:
    return [{"TagKey": name, "TagValue": value} for name, value in values.items()]


def custom(name: str, value: str) -> list[dict[str, str]]:
    return tags(**{name: value, "team": "payments"})


def text(data: bytes) -> str:
    return base64.b64encode(data).decode()


def der(private: Any, form: serialization.PrivateFormat) -> bytes:
    data: bytes = private.private_bytes(serialization.Encoding.DER, form, serialization.NoEncryption())
    return data


@pytest.mark.parametrize("name", [ID, OVERRIDE])
def test_a_tag_chooses_the_id(kms: Any, name: str) -> None:
    assert kms.create_key(Tags=custom(name, KEY))["KeyMetadata"]["KeyId"] == KEY
    assert kms.create_key(Tags=custom(name, MRK), MultiRegion=True)["KeyMetadata"]["KeyId"] == MRK
    with pytest.raises(kms.exceptions.AlreadyExistsException):
        kms.create_key(Tags=custom(name, KEY))


def test_a_tag_chooses_the_material_of_a_symmetric_key(kms: Any) -> None:
    material = bytes(range(32))
    first = kms.create_key(Tags=custom(MATERIAL, text(material)))["KeyMetadata"]
    kms.schedule_key_deletion(KeyId=first["KeyId"], PendingWindowInDays=7)
    second = kms.create_key(Tags=custom(MATERIAL, text(material)))["KeyMetadata"]
    assert first["CurrentKeyMaterialId"] == second["CurrentKeyMaterialId"]


@pytest.mark.parametrize(
    "secret", [b"custom test key material", bytes(32)], ids=["of any length", "of the usual length"]
)
def test_a_tag_chooses_the_secret_of_an_hmac_key(kms: Any, secret: bytes) -> None:
    made = kms.create_key(KeySpec="HMAC_256", KeyUsage="GENERATE_VERIFY_MAC", Tags=custom(MATERIAL, text(secret)))
    answer = kms.generate_mac(KeyId=made["KeyMetadata"]["KeyId"], Message=b"order 66", MacAlgorithm="HMAC_SHA_256")
    assert answer["Mac"] == hmac.digest(secret, b"order 66", hashlib.sha256)


@pytest.mark.parametrize("form", [PKCS8, TRADITIONAL], ids=["PKCS #8", "PKCS #1 or SEC 1"])
@pytest.mark.parametrize(("spec", "private"), [("RSA_2048", RSA_KEY), ("ECC_SECG_P256K1", EC_KEY)])
def test_a_tag_chooses_the_private_key_of_a_pair(
    kms: Any, spec: str, private: Any, form: serialization.PrivateFormat
) -> None:
    material = text(der(private, form))  # of RSA longer than the value of a tag may be
    made = kms.create_key(KeySpec=spec, KeyUsage="SIGN_VERIFY", Tags=custom(MATERIAL, material))
    public = kms.get_public_key(KeyId=made["KeyMetadata"]["KeyId"])["PublicKey"]
    assert serialization.load_der_public_key(public) == private.public_key()


def test_the_tag_of_the_id_is_shown_as_in_localstack_and_moto_and_the_others_are_not(
    kms: Any, compatible: KeytrailServer
) -> None:
    made = kms.create_key(Tags=[*custom(ID, KEY), *tags(**{MATERIAL: text(bytes(32)), OVERRIDE: KEY})])
    shown = kms.list_resource_tags(KeyId=made["KeyMetadata"]["KeyId"])["Tags"]
    assert shown == custom(ID, KEY)
    (event,) = compatible.events(eventName="CreateKey")
    assert [tag["tagKey"] for tag in event["requestParameters"]["tags"]] == [ID, "team"]


@pytest.mark.parametrize("name", [ID, MATERIAL, OVERRIDE])
def test_without_the_setting_they_are_tags_like_others(keytrail_client: Callable[..., Any], name: str) -> None:
    plain = keytrail_client()
    made = plain.create_key(Tags=custom(name, KEY))["KeyMetadata"]["KeyId"]
    assert made != KEY
    assert sorted(tag["TagKey"] for tag in plain.list_resource_tags(KeyId=made)["Tags"]) == sorted([name, "team"])


@pytest.mark.parametrize(("compat", "obeyed"), [("floci", False), ("moto", True), ("_custom_id_", True)])
def test_only_the_tags_that_the_setting_names_are_obeyed(compat: str, obeyed: bool) -> None:
    with KeytrailServer(compat=compat) as server:
        made = new_client(server.url).create_key(Tags=custom(ID, KEY))["KeyMetadata"]["KeyId"]
    assert (made == KEY) is obeyed


REFUSALS: dict[str, tuple[dict[str, Any], str, str]] = {
    "an id that is none": ({"Tags": custom(ID, "orders")}, "ValidationException", "expects a lower-case UUID"),
    "a UUID for a multi-Region key": (
        {"Tags": custom(ID, KEY), "MultiRegion": True},
        "ValidationException",
        "expects `mrk-` and 32 lower-case hex digits",
    ),
    "no base64": ({"Tags": custom(MATERIAL, "%")}, "ValidationException", "is not base64"),
    "too short": ({"Tags": custom(MATERIAL, text(b"short"))}, "ValidationException", "expects 32 bytes"),
    "the key of another spec": (
        {"KeySpec": "RSA_4096", "KeyUsage": "SIGN_VERIFY", "Tags": custom(MATERIAL, text(der(RSA_KEY, PKCS8)))},
        "ValidationException",
        "does not fit RSA_4096",
    ),
    "no private key": (
        {"KeySpec": "ECC_NIST_P256", "KeyUsage": "SIGN_VERIFY", "Tags": custom(MATERIAL, text(b"no DER"))},
        "ValidationException",
        "expects a private key of this spec in DER",
    ),
    "material that is to be imported": (
        {"Origin": "EXTERNAL", "Tags": custom(MATERIAL, text(bytes(32)))},
        "ValidationException",
        "import it instead",
    ),
    "twice": ({"Tags": [*custom(ID, KEY), *custom(ID, KEY)]}, "TagException", "Duplicate tag keys"),
}


@pytest.mark.parametrize(("members", "code", "words"), REFUSALS.values(), ids=REFUSALS)
def test_a_tag_that_cannot_be_obeyed_is_refused(kms: Any, members: dict[str, Any], code: str, words: str) -> None:
    with pytest.raises(ClientError) as caught:
        kms.create_key(**members)
    assert caught.value.response["Error"]["Code"] == code
    assert words in caught.value.response["Error"]["Message"]
    assert kms.list_keys()["Keys"] == []
