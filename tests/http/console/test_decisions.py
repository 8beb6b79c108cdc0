"""Why denied: the statement that decided, or the nearest ones and what they lack; and the form that asks.

How we know: docs/console.md; the decisions are those of tests/http/control/test_explain.py.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import pytest

from keytrail.server import KeytrailServer
from tests.support import ACCOUNT, ALIAS, KEY
from tests.support.console import Visitor, words

READER = f"arn:aws:iam::{ACCOUNT}:role/Reader"
POLICY = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Sid": "OneTenant",
            "Effect": "Allow",
            "Principal": {"AWS": READER},
            "Action": "kms:Decrypt",
            "Resource": "*",
            "Condition": {"StringEquals": {"kms:EncryptionContext:tenant": "acme"}},
        },
        {"Sid": "NeverDisable", "Effect": "Deny", "Principal": "*", "Action": "kms:DisableKey", "Resource": "*"},
    ],
}
SEED: dict[str, Any] = {
    "identities": [{"Arn": READER, "Policies": {}}],
    "keys": [{"KeyId": KEY, "Aliases": [ALIAS], "Policy": POLICY}],
}


@pytest.fixture
def visitor(keytrail_clean: KeytrailServer) -> Visitor:
    keytrail_clean.load(SEED)
    return Visitor(keytrail_clean)


def asked(visitor: Visitor, **form: str) -> str:
    page = visitor.page("/why?" + urlencode({"principal": READER, "keyId": ALIAS, **form}))
    return words(page.xpath("//section[@id='answer']")[0])


def test_an_allow_is_shown_with_its_statement(visitor: Visitor) -> None:
    answer = asked(visitor, action="kms:Decrypt", request='{"EncryptionContext": {"tenant": "acme"}}')
    assert answer.startswith("allowed kms:Decrypt A statement of the resource-based policy allows it.")
    assert "Decided by statement 1 of the key policy" in answer
    assert '"Sid": "OneTenant"' in answer


def test_a_deny_is_shown_with_its_statement(visitor: Visitor) -> None:
    answer = asked(visitor, action="DisableKey")
    assert answer.startswith("denied kms:DisableKey A statement of the resource-based policy denies it.")
    assert "Decided by statement 2 of the key policy" in answer


def test_for_want_of_an_allow_the_nearest_statement_says_what_it_lacks(visitor: Visitor) -> None:
    answer = asked(visitor, action="kms:Decrypt", request='{"EncryptionContext": {"tenant": "globex"}}')
    assert "Condition StringEquals kms:EncryptionContext:tenant is acme, not globex" in answer
    assert "kms:encryptioncontext:tenant globex" in answer
    answer = asked(visitor, action="kms:Decrypt")
    assert "kms:EncryptionContext:tenant is acme; the request has none" in answer


def test_the_form_keeps_what_was_asked(visitor: Visitor) -> None:
    page = visitor.page(
        "/why?" + urlencode({"principal": READER, "action": "kms:Decrypt", "keyId": ALIAS, "region": "us-east-1"})
    )
    [form] = [form for form in page.forms if str(form.action).endswith("/why")]
    fields = dict(form.fields)
    assert (fields["principal"], fields["action"], fields["keyId"]) == (READER, "kms:Decrypt", ALIAS)
    assert page.xpath("//details/@open")


@pytest.mark.parametrize(
    ("form", "told"),
    [
        ({"action": "kms:Fly"}, "kms:Fly is not a permission of KMS"),
        ({"action": "kms:Decrypt", "principal": "me"}, "principal: "),
        ({"action": "kms:Decrypt", "keyId": "alias/missing"}, "keyId: "),
        ({"action": "kms:Decrypt", "request": "{"}, "request: expected a JSON object"),
        ({"action": "kms:Decrypt", "context": '{"aws:SourceIp": 7}'}, "context"),
    ],
)
def test_a_question_that_is_none_is_answered_with_what_would_be_right(
    visitor: Visitor, form: dict[str, str], told: str
) -> None:
    assert told in asked(visitor, **form)


def test_the_calls_that_were_denied_last_are_listed(visitor: Visitor) -> None:
    import boto3
    from botocore.exceptions import ClientError

    server = visitor.server
    kms = boto3.client(
        "kms", endpoint_url=server.url, region_name="us-east-1", aws_access_key_id=ACCOUNT, aws_secret_access_key="any"
    )
    with pytest.raises(ClientError):
        kms.disable_key(KeyId=KEY)
    with pytest.raises(ClientError):
        kms.describe_key(KeyId="alias/missing")
    rows = [words(row) for row in visitor.page("/why").xpath("//table[@class='events']/tbody/tr")]
    assert len(rows) == 1
    assert "DisableKey" in rows[0]
    assert "with an explicit deny in a resource-based policy" in rows[0]
