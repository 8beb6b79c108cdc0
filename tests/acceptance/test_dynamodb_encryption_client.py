"""The Amazon DynamoDB Encryption Client for Python, with moto's DynamoDB.

Its successor, the AWS Database Encryption SDK, is not there for Python yet: aws-dbesdk-dynamodb 0.0.1 is empty.
"""

from __future__ import annotations

from typing import Any

import pytest

from keytrail.server import KeytrailServer
from tests.acceptance.program import SCRIPTS, Program, tried
from tests.acceptance.running import Runner, expect_last_use
from tests.support import KEY

PROGRAM = Program(
    name="Amazon DynamoDB Encryption Client for Python",
    pip=("dynamodb-encryption-sdk==3.3.0", "boto3==1.44.8"),
    how="`AWS_ENDPOINT_URL_KMS`, and `AWS_ENDPOINT_URL_DYNAMODB` for a DynamoDB such as moto's",
)


@tried("items of a table, encrypted and signed")
@pytest.mark.usefixtures("moto")
def test_items_are_opened_with_the_key_that_sealed_them(run: Runner, keytrail_clean: KeytrailServer, kms: Any) -> None:
    run("python", SCRIPTS / "dynamodb_encryption_client.py")
    generate, decrypt = keytrail_clean.calls()
    assert (generate.operation, decrypt.operation) == ("GenerateDataKey", "Decrypt")
    assert decrypt.encryption_context is not None
    assert decrypt.encryption_context["*aws-kms-table*"] == "orders"
    expect_last_use(kms, KEY, decrypt)
