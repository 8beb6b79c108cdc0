"""python tink_aead.py KEY_URI"""

import sys

import boto3
import tink
from tink import aead
from tink.integration import awskms

aead.register()
uri = sys.argv[1]
remote = awskms.new_client(boto3_client=boto3.client("kms"), key_uri=uri).get_aead(uri)

envelope = aead.KmsEnvelopeAead(aead.aead_key_templates.AES256_GCM, remote)
sealed = envelope.encrypt(b"order 66", b"department")
print("envelope:", envelope.decrypt(sealed, b"department").decode())

handle = tink.new_keyset_handle(aead.aead_key_templates.AES128_GCM)
sealed = handle.primitive(aead.Aead).encrypt(b"order 66", b"")
keyset = tink.proto_keyset_format.serialize_encrypted(handle, remote, b"department")
opened = tink.proto_keyset_format.parse_encrypted(keyset, remote, b"department")
print("keyset:", opened.primitive(aead.Aead).decrypt(sealed, b"").decode())

try:
    tink.proto_keyset_format.parse_encrypted(keyset, remote, b"another department")
except tink.TinkError as error:
    print("refused:", "InvalidCiphertextException" if "InvalidCiphertextException" in str(error) else error)
