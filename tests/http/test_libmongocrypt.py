"""libmongocrypt, MongoDB's client-side field level encryption: its data keys are sealed and opened by our KMS.

It speaks KMS by an HTTP client of its own that compares the names of headers letter by letter. The bytes of its
requests go over a plain socket here, and through TLS, as in production.

How we know: the library itself; libmongocrypt's integration guide, "State: MONGOCRYPT_CTX_NEED_KMS".
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from pymongocrypt.errors import MongoCryptError
from pymongocrypt.options import MongoCryptOptions
from pymongocrypt.synchronous.explicit_encrypter import ExplicitEncrypter
from pymongocrypt.synchronous.state_machine import MongoCryptCallback

from keytrail.server import KeytrailServer
from tests.support import KEY, REGION, key_arn
from tests.support.raw_http import Client

ACCESS_KEY = {
    "AccessKeyId": "AKIAMONGO00000000001",
    "SecretAccessKey": "mongo-secret",
    "Principal": "arn:aws:iam::000000000000:role/Mongo",
}
MASTER_KEY = {"region": REGION, "key": key_arn()}
DETERMINISTIC = "AEAD_AES_256_CBC_HMAC_SHA_512-Deterministic"


def bson(document: Mapping[str, Any]) -> bytes:
    """A document of texts and documents (bsonspec.org)."""
    elements = b""
    for name, value in document.items():
        if isinstance(value, str):
            text = value.encode() + b"\0"
            elements += b"\2" + name.encode() + b"\0" + struct.pack("<i", len(text)) + text
        else:
            elements += b"\3" + name.encode() + b"\0" + bson(value)
    return struct.pack("<i", len(elements) + 5) + elements + b"\0"


class Driver(MongoCryptCallback):
    """What a MongoDB driver does for the library, with a key vault of one document and a KMS on a socket."""

    def __init__(self, server: KeytrailServer, *, tls: bool) -> None:
        self.server = server
        self.tls = tls
        self.vault = b""
        self.kms_requests: list[bytes] = []

    def kms_request(self, kms_context: Any) -> None:
        self.kms_requests.append(kms_context.message)
        with Client(self.server, tls=self.tls) as client:
            client.send(kms_context.message)
            while (needed := kms_context.bytes_needed) > 0:
                data = client.socket.recv(needed)
                assert data, "the library waits for more than the server sends"
                kms_context.feed(data)

    def insert_data_key(self, data_key: bytes) -> bytes:
        self.vault = bytes(data_key)
        at = self.vault.index(b"\5_id\0") + 5
        return self.vault[at + 5 : at + 21]

    def fetch_keys(self, filter: bytes) -> Iterator[bytes]:
        yield self.vault

    def bson_encode(self, doc: Mapping[str, Any]) -> bytes:
        return bson(doc)

    def collection_info(self, database: str, filter: bytes) -> None: ...

    def mark_command(self, database: str, cmd: bytes) -> None: ...

    def close(self) -> None: ...


@pytest.fixture(scope="module")
def module_server() -> Iterator[KeytrailServer]:
    with KeytrailServer(tls_port=0) as server:
        yield server


@pytest.fixture(params=[False, True], ids=["plain", "TLS"])
def driver(module_server: KeytrailServer, request: pytest.FixtureRequest) -> Driver:
    module_server.reset()
    module_server.load({"keys": [{"KeyId": KEY}], "credentials": [ACCESS_KEY]})
    return Driver(module_server, tls=request.param)


def encrypter(driver: Driver, secret: str = ACCESS_KEY["SecretAccessKey"]) -> ExplicitEncrypter:
    """The library's explicit encryption; each has a cache of data keys of its own."""
    aws = {"accessKeyId": ACCESS_KEY["AccessKeyId"], "secretAccessKey": secret}
    return ExplicitEncrypter(driver, MongoCryptOptions({"aws": aws}))


def test_what_it_seals_under_a_data_key_of_ours_it_opens_again(driver: Driver) -> None:
    """It makes the data key itself and has it encrypted; a library with an empty cache has it decrypted."""
    key_id = encrypter(driver).create_data_key("aws", MASTER_KEY)
    sealed = encrypter(driver).encrypt(bson({"v": "order 66"}), DETERMINISTIC, key_id)
    assert b"order 66" not in sealed
    assert encrypter(driver).decrypt(sealed) == bson({"v": "order 66"})
    names = [event["eventName"] for event in driver.server.events()]
    assert names == ["Encrypt", "Decrypt", "Decrypt"]
    assert driver.server.events()[0]["userIdentity"]["arn"] == ACCESS_KEY["Principal"], "its signature is right"


def test_it_understands_a_refusal(driver: Driver) -> None:
    with pytest.raises(MongoCryptError, match="NotFoundException"):
        encrypter(driver).create_data_key("aws", {**MASTER_KEY, "key": key_arn("99999999-9999-4999-8999-999999999999")})
    with pytest.raises(MongoCryptError, match="InvalidSignatureException"):
        encrypter(driver, secret="another").create_data_key("aws", MASTER_KEY)
