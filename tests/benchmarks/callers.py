"""What it costs to verify a signature: a request whose access key a seed declares beside one of an account's root."""

import json
import tempfile
from pathlib import Path

import servers
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from measures import Effort, in_turn
from messages import HOST, http, kms
from report import Row, of_cpu

ACCOUNT, KEY = "000000000000", "1234abcd-12ab-34cd-56ef-1234567890ab"
ACCESS_KEY, SECRET = "AKIAREADER0000000001", "wJalrXUtnFEMI"
READER = f"arn:aws:iam::{ACCOUNT}:role/Reader"
ALLOW = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "kms:*", "Resource": "*"}]}
SEED = {
    "credentials": [{"AccessKeyId": ACCESS_KEY, "SecretAccessKey": SECRET, "Principal": READER}],
    "identities": [{"Arn": READER, "Policies": {"all": ALLOW}}],
    "keys": [{"KeyId": KEY, "Account": ACCOUNT, "Region": "us-east-1"}],
}


def verified(effort: Effort) -> list[Row]:
    """DescribeKey by a declared role, its signature verified and its policies asked, beside an undeclared caller's."""
    with tempfile.TemporaryDirectory() as folder:
        fixtures = Path(folder, "seed.json")
        fixtures.write_text(json.dumps(SEED))
        with servers.keytrail(fixtures) as server:
            ours, theirs = in_turn(effort, server, server, signed(), kms("DescribeKey", KeyId=KEY), 16)
    return [of_cpu("DescribeKey, 16 connections, verified: unverified", ours, theirs, 2)]


def signed() -> bytes:
    """A call with a signature that is right for five minutes."""
    body = json.dumps({"KeyId": KEY}).encode()
    headers = {"X-Amz-Target": "TrentService.DescribeKey", "Content-Type": "application/x-amz-json-1.1", "Host": HOST}
    request = AWSRequest("POST", f"http://{HOST}/", headers, body)
    SigV4Auth(Credentials(ACCESS_KEY, SECRET), "kms", "us-east-1").add_auth(request)
    del request.headers["Host"]
    return http("POST", "/", body, dict(request.headers.items()))
