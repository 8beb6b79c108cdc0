"""SM2: a key spec of the China Regions, of which Keytrail has no cryptography (decision 18).

How we know: KMS Developer Guide, "Key spec reference"; the refusal outside China as measured (kms-behaviour E.1).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.support import refusal

ELSEWHERE = "KeySpec SM2 is not supported in this Region"
IN_CHINA = "Keytrail has no cryptography for keys of KeySpec SM2."


@pytest.mark.parametrize(
    ("region", "message"),
    [("cn-north-1", IN_CHINA), ("cn-northwest-1", IN_CHINA), ("us-east-1", ELSEWHERE), ("ap-east-1", ELSEWHERE)],
)
def test_sm2_is_refused_everywhere_and_says_why(keytrail_client: Callable[..., Any], region: str, message: str) -> None:
    kms = keytrail_client(region=region)
    refused = ("UnsupportedOperationException", message)
    for usage in ("SIGN_VERIFY", "ENCRYPT_DECRYPT", "KEY_AGREEMENT"):
        assert refusal(kms, "CreateKey", KeySpec="SM2", KeyUsage=usage) == refused
        assert refusal(kms, "CreateKey", CustomerMasterKeySpec="SM2", KeyUsage=usage) == refused
    assert kms.list_keys()["Keys"] == [], "and nothing is left of it"
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    for operation in ("GenerateDataKeyPair", "GenerateDataKeyPairWithoutPlaintext"):
        assert refusal(kms, operation, KeyId=key, KeyPairSpec="SM2") == refused
    code, _ = refusal(kms, "CreateKey", KeySpec="SM2", KeyUsage="GENERATE_VERIFY_MAC")
    assert code == "ValidationException"
