"""What test_s3_encryption_client.py has the client do: the name of a function below is the argument."""

import sys

import boto3
from s3_encryption import S3EncryptionClient, S3EncryptionClientConfig
from s3_encryption.materials.kms_keyring import KmsKeyring

KEY = "arn:aws:kms:us-east-1:000000000000:key/1234abcd-12ab-34cd-56ef-1234567890ab"
ORDER, LARGE = b"order 66", bytes(range(256)) * 4096 * 6
CONTEXT = {"order": "66"}

kms, s3 = boto3.client("kms"), boto3.client("s3")
client = S3EncryptionClient(boto3.client("s3"), S3EncryptionClientConfig(keyring=KmsKeyring(kms, KEY)))
s3.create_bucket(Bucket="orders")


def objects() -> None:
    client.put_object(Bucket="orders", Key="66", Body=ORDER, EncryptionContext=CONTEXT)
    assert ORDER not in s3.get_object(Bucket="orders", Key="66")["Body"].read()
    assert client.get_object(Bucket="orders", Key="66", EncryptionContext=CONTEXT)["Body"].read() == ORDER
    client.put_object(Bucket="orders", Key="large", Body=LARGE)
    assert client.get_object(Bucket="orders", Key="large")["Body"].read() == LARGE


def disabled() -> None:
    client.put_object(Bucket="orders", Key="66", Body=ORDER)
    kms.disable_key(KeyId=KEY)
    try:
        client.get_object(Bucket="orders", Key="66")["Body"].read()
    except Exception as error:
        assert "is disabled" in f"{error} {error.__cause__}", error  # noqa: PT017
        return
    raise AssertionError("the key is disabled")


globals()[sys.argv[1]]()
