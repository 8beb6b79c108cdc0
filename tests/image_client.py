"""Drives a container of the image with boto3, as a user would. `.ci/run` has it run by image-check."""

import os
from typing import Any
from urllib.request import Request, urlopen

import boto3
from docker import from_env

from keytrail.client import KeytrailClient

URL = os.environ["IMAGE_CHECK_URL"]


def client(url: str) -> Any:
    """A client of the endpoint at a URL."""
    return boto3.client(
        "kms",
        endpoint_url=url,
        region_name="us-east-1",
        aws_access_key_id="111122223333",
        aws_secret_access_key="any",
    )


kms = client(URL)
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
page = urlopen(Request(URL, headers={"Accept": "text/html"}), timeout=10).read().decode()
assert key_id in page, "the console shows the key"
for name in ("console.css", "console.js", "htmx.min.js"):
    assert urlopen(f"{URL.rstrip('/')}/_keytrail/console/static/{name}", timeout=10).read(), name
print(f"image_client: {key_id} was last used by {usage['Operation']}, request {request_id}")

# The same server by its control API.
[call] = KeytrailClient(URL).calls("Decrypt", encryption_context=context)
assert (call.request_id, call.keys) == (request_id, (call.keys[0],)), call
assert call.keys[0].endswith(key_id), call

# Another container of the same image, by testcontainers. Ryuk, which removes what a killed test leaves, is an image of
# its own, which is not here.
os.environ["TESTCONTAINERS_RYUK_DISABLED"] = "true"
from keytrail.testcontainers import KeytrailContainer  # noqa: E402

image = from_env().containers.get(os.environ["IMAGE_CHECK_CONTAINER"]).attrs["Image"]
seed = {"keys": [{"KeyId": key_id, "Account": "111122223333", "CreationDate": "9 days ago"}]}
container = KeytrailContainer(image).with_seed(seed).with_seed("fixtures/quickstart.yaml")
with container.with_settings(control_token="sesame") as keytrail:
    keytrail.client.clock.advance(days=30)
    mark = keytrail.client.mark()
    listed = {key["KeyId"] for key in client(keytrail.url).list_keys()["Keys"]}
    assert {key_id, "1234abcd-12ab-34cd-56ef-1234567890ab"} <= listed, listed
    assert [call.operation for call in keytrail.client.calls(after=mark)] == ["ListKeys"]
    print(f"image_client: {image[:19]} answers by testcontainers at {keytrail.url}")
