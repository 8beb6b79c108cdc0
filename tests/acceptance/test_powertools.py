"""Powertools for AWS Lambda (Python): data masking, whose provider is the Encryption SDK with keys of KMS."""

from __future__ import annotations

import json
from typing import Any

from keytrail.server import KeytrailServer
from tests.acceptance.program import SCRIPTS, Program, tried
from tests.acceptance.running import Runner, expect_last_use
from tests.support import OTHER_KEY, key_arn

PROGRAM = Program(
    name="Powertools for AWS Lambda (Python), data masking",
    pip=("aws-lambda-powertools[datamasking]==3.37.0",),
    how="`AWS_ENDPOINT_URL`",
)


@tried("`DataMasking.encrypt` and `decrypt` under two keys, a wrong encryption context")
def test_data_is_masked_and_unmasked(run: Runner, keytrail_clean: KeytrailServer, kms: Any) -> None:
    printed = run("python", SCRIPTS / "powertools.py", key_arn(), key_arn(OTHER_KEY))
    assert json.loads(printed) == {"opened": {"order": 66}, "refused": "DataMaskingContextMismatchError"}
    [generate] = keytrail_clean.calls("GenerateDataKey", key=key_arn())
    assert (generate.encryption_context or {})["tenant"] == "acme"
    assert len(keytrail_clean.calls("Encrypt", key=key_arn(OTHER_KEY))) == 1
    # By either key, as it comes; for the other tenant too: it is Powertools that compares the contexts.
    [_, decrypt] = keytrail_clean.calls("Decrypt")
    expect_last_use(kms, decrypt.keys[0], decrypt)
