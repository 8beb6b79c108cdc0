"""What a MongoDB driver does for libmongocrypt, with a key vault of one document: seals a text under a key, opens it.

libmongocrypt.py <URL of HTTPS> <PEM file of its authority> <Region> <ARN of the key>
"""

import os
import socket
import ssl
import struct
import sys
from urllib.parse import urlsplit

from pymongocrypt.options import MongoCryptOptions
from pymongocrypt.synchronous.explicit_encrypter import ExplicitEncrypter
from pymongocrypt.synchronous.state_machine import MongoCryptCallback


def bson(document):
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
    """The parts that are the driver's: the connection to KMS, which is one of TLS, and the key vault."""

    def __init__(self, url, ca_file):
        self.place = urlsplit(url)
        self.context = ssl.create_default_context(cafile=ca_file)
        self.vault = b""

    def kms_request(self, kms_context):
        place = (self.place.hostname, self.place.port)
        with (
            socket.create_connection(place, timeout=10) as plain,
            self.context.wrap_socket(plain, server_hostname=place[0]) as connection,
        ):
            connection.sendall(kms_context.message)
            while (needed := kms_context.bytes_needed) > 0:
                data = connection.recv(needed)
                if not data:
                    raise EOFError("the library waits for more than the server sends")
                kms_context.feed(data)

    def insert_data_key(self, data_key):
        self.vault = bytes(data_key)
        at = self.vault.index(b"\5_id\0") + 5
        return self.vault[at + 5 : at + 21]

    def fetch_keys(self, filter):
        yield self.vault

    def bson_encode(self, doc):
        return bson(doc)

    def collection_info(self, database, filter): ...
    def mark_command(self, database, cmd): ...
    def close(self): ...


url, ca_file, region, key = sys.argv[1:]
driver = Driver(url, ca_file)
aws = {"accessKeyId": os.environ["AWS_ACCESS_KEY_ID"], "secretAccessKey": os.environ["AWS_SECRET_ACCESS_KEY"]}


def encrypter():
    """The library with an empty cache of data keys."""
    return ExplicitEncrypter(driver, MongoCryptOptions({"aws": aws}))


key_id = encrypter().create_data_key("aws", {"region": region, "key": key})
sealed = encrypter().encrypt(bson({"v": "order 66"}), "AEAD_AES_256_CBC_HMAC_SHA_512-Deterministic", key_id)
assert b"order 66" not in sealed
assert encrypter().decrypt(sealed) == bson({"v": "order 66"})
print("opened")
