"""Drives a container of the image with boto3, as a user would. `.ci/run` has it run by image-check."""

import os
from urllib.request import Request, urlopen

import boto3

kms = boto3.client(
    "kms",
    endpoint_url=os.environ["IMAGE_CHECK_URL"],
    region_name="us-east-1",
    aws_access_key_id="111122223333",
    aws_secret_access_key="any",
)

key_id = kms.create_key(Description="image check")["KeyMetadata"]["KeyId"]
assert kms.get_key_last_usage(KeyId=key_id)["KeyLastUsage"] == {}, "a new key has not been used"

context = {"purpose": "image check"}
encrypted = kms.encrypt(KeyId=key_id, Plaintext=b"a small secret", EncryptionContext=context)
decrypted = kms.decrypt(CiphertextBlob=encrypted["CiphertextBlob"], EncryptionContext=context)
assert decrypted["Plaintext"] == b"a small secret", decrypted

usage = kms.get_key_last_usage(KeyId=key_id)["KeyLastUsage"]
request_id = decrypted["ResponseMetadata"]["HTTPHeaders"]["x-amzn-requestid"]
assert usage["Operation"] == "Decrypt", usage
assert usage["KmsRequestId"] == request_id, (usage, request_id)
url, browser = os.environ["IMAGE_CHECK_URL"], {"Accept": "text/html"}
page = urlopen(Request(url, headers=browser), timeout=10).read().decode()
assert key_id in page, "the console shows the key"
for name in ("console.css", "console.js", "htmx.min.js"):
    assert urlopen(f"{url.rstrip('/')}/_keytrail/console/static/{name}", timeout=10).read(), name
print(f"image_client: {key_id} was last used by {usage['Operation']}, request {request_id}")
