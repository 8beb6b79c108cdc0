"""What test_boto3.py has boto3 do: the name of a function below is the argument."""

import sys
from collections.abc import Callable
from typing import Any

import boto3

KEY, OTHER_KEY = "1234abcd-12ab-34cd-56ef-1234567890ab", "2345abcd-12ab-34cd-56ef-1234567890ab"
MRK = "mrk-1234abcd12ab34cd56ef1234567890ab"
MAC_KEY, SIGNING_KEY = "aaaa0001-12ab-34cd-56ef-1234567890ab", "aaaa0002-12ab-34cd-56ef-1234567890ab"
CONTEXT = {"order": "66"}

kms = boto3.client("kms")


def cryptography() -> None:
    data_key = kms.generate_data_key(KeyId="alias/orders", KeySpec="AES_256", EncryptionContext=CONTEXT)
    opened = kms.decrypt(CiphertextBlob=data_key["CiphertextBlob"], EncryptionContext=CONTEXT)
    assert opened["Plaintext"] == data_key["Plaintext"]

    sealed = kms.encrypt(KeyId=MRK, Plaintext=b"order 66")["CiphertextBlob"]
    replica = boto3.client("kms", region_name="eu-west-1")
    assert replica.decrypt(KeyId=MRK, CiphertextBlob=sealed)["Plaintext"] == b"order 66"

    signing = {"KeyId": SIGNING_KEY, "Message": b"order 66", "SigningAlgorithm": "ECDSA_SHA_256"}
    signature = kms.sign(**signing)["Signature"]
    assert kms.verify(**signing, Signature=signature)["SignatureValid"] is True
    authenticating = {"KeyId": MAC_KEY, "Message": b"order 66", "MacAlgorithm": "HMAC_SHA_256"}
    mac = kms.generate_mac(**authenticating)["Mac"]
    assert kms.verify_mac(**authenticating, Mac=mac)["MacValid"] is True


def paginators() -> None:
    grantee = boto3.client("sts").get_caller_identity()["Arn"]
    kms.create_grant(KeyId=KEY, GranteePrincipal=grantee, RetiringPrincipal=grantee, Operations=["Decrypt"])
    arguments = {
        "list_key_policies": {"KeyId": KEY},
        "list_grants": {"KeyId": KEY},
        "list_resource_tags": {"KeyId": KEY},
        "list_key_rotations": {"KeyId": KEY},
        "list_retirable_grants": {"RetiringPrincipal": grantee},
    }
    names = [name for name in kms.meta.method_to_api_mapping if kms.can_paginate(name)]
    assert {"list_keys", "list_aliases", "describe_custom_key_stores", *arguments} <= set(names), names
    for name in names:
        pages = kms.get_paginator(name).paginate(**arguments.get(name, {}), PaginationConfig={"PageSize": 1})
        print(name, len(list(pages)))


def error_of(kind: type[Exception], operation: Callable[..., Any], **members: Any) -> dict[str, Any]:
    """The response of an error that has to be of a kind, as the client has it."""
    try:
        operation(**members)
    except kind as error:
        response: dict[str, Any] = error.response
        return response
    raise AssertionError(f"no {kind}")


def errors() -> None:
    response = error_of(kms.exceptions.NotFoundException, kms.describe_key, KeyId="alias/none")
    assert response["Error"]["Message"].endswith("alias/none is not found."), response
    assert response["ResponseMetadata"]["HTTPStatusCode"] == 400
    sealed = kms.encrypt(KeyId=KEY, Plaintext=b"order 66", EncryptionContext=CONTEXT)["CiphertextBlob"]
    response = error_of(kms.exceptions.InvalidCiphertextException, kms.decrypt, CiphertextBlob=sealed)
    assert response["Error"]["Code"] == "InvalidCiphertextException"
    kms.disable_key(KeyId=KEY)
    response = error_of(kms.exceptions.DisabledException, kms.encrypt, KeyId=KEY, Plaintext=b"order 66")
    assert "is disabled" in response["Error"]["Message"]


def retries() -> None:
    answer = kms.encrypt(KeyId=OTHER_KEY, Plaintext=b"order 66")
    assert answer["ResponseMetadata"]["RetryAttempts"] == 3, answer["ResponseMetadata"]


def endpoint() -> None:
    assert boto3.client("kms", endpoint_url=sys.argv[2]).list_keys()["Keys"]


globals()[sys.argv[1]]()
