"""prowler's checks of KMS: it asks for the Regions, reads every key there, and looks attested calls up in the trail."""

from __future__ import annotations

import json
from typing import Any

from keytrail.server import KeytrailServer
from tests.acceptance.program import Program, tried
from tests.acceptance.running import CALLER, Runner
from tests.support import ACCOUNT, KEY, MAC_KEY, MRK, OTHER_KEY, SIGNING_KEY, key_arn
from tests.support.attestation import PCRS, document

PROGRAM = Program(
    name="prowler",
    pip=("prowler==5.46.0",),
    how="`AWS_ENDPOINT_URL`; `prowler aws --services kms`",
)

ROTATED, DISABLED, DELETED, PUBLIC, FAR = (f"{digit * 8}-1111-4111-8111-111111111111" for digit in "abcde")
FAR_REGION = "af-south-1"
"""A Region that an account must enable."""

EVERYBODY = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "kms:*", "Resource": "*"}],
}
STATES: dict[str, Any] = {
    "keys": [
        {"KeyId": ROTATED, "Rotation": {"RotationPeriodInDays": 365}},
        {"KeyId": DISABLED, "KeyState": "Disabled"},
        {"KeyId": DELETED, "KeyState": "PendingDeletion"},
        {"KeyId": PUBLIC, "Policy": EVERYBODY},
        {"KeyId": FAR, "Region": FAR_REGION},
    ]
}

Findings = dict[str, dict[str, str]]


def scan(run: Runner, *words: str) -> Findings:
    """What prowler finds: by check, the status of each resource, by the end of its ARN."""
    output = ("-M", "json-ocsf", "-o", "found", "-F", "scan")
    run("prowler", "aws", "--services", "kms", "--no-banner", "-z", *output, *words, timeout=600)
    findings: Findings = {}
    for finding in json.loads((run.folder / "found/scan.ocsf.json").read_text()):
        name = finding["resources"][0]["uid"].rpartition("/")[2]
        findings.setdefault(finding["metadata"]["event_code"], {})[name] = finding["status_code"]
    return findings


@tried("its checks of KMS in all enabled Regions, with enclaves in debug mode from the event history")
def test_its_checks_find_what_is_wrong_with_keys(run: Runner, keytrail_clean: KeytrailServer, kms: Any) -> None:
    keytrail_clean.load(STATES)
    zeros = bytes(48)
    attested = document(pcrs={**PCRS, 0: zeros, 1: zeros, 2: zeros})
    recipient = {"KeyEncryptionAlgorithm": "RSAES_OAEP_SHA_256", "AttestationDocument": attested}
    used = kms.generate_data_key(KeyId=ROTATED, KeySpec="AES_256", Recipient=recipient)
    before = kms.get_key_last_usage(KeyId=ROTATED)["KeyLastUsage"]
    assert before["KmsRequestId"] == used["ResponseMetadata"]["RequestId"]

    found = scan(run)

    assert found["kms_cmk_are_used"] == {
        **dict.fromkeys((KEY, OTHER_KEY, MRK, MAC_KEY, SIGNING_KEY, ROTATED, PUBLIC, FAR), "PASS"),
        DISABLED: "FAIL",
        DELETED: "PASS",
    }
    assert found["kms_cmk_not_deleted_unintentionally"][DELETED] == "FAIL"
    assert found["kms_cmk_not_deleted_unintentionally"][KEY] == "PASS"
    assert found["kms_cmk_not_multi_region"][MRK] == "FAIL"
    assert found["kms_cmk_not_multi_region"][KEY] == "PASS"
    assert found["kms_cmk_rotation_enabled"] == {
        **dict.fromkeys((KEY, OTHER_KEY, MRK, PUBLIC, FAR), "FAIL"),
        ROTATED: "PASS",
    }
    public = found["kms_key_not_publicly_accessible"]
    assert {name for name, status in public.items() if status == "FAIL"} == {PUBLIC}
    assert found["kms_key_enclave_debug_attestation_detected"] == {ROTATED: "FAIL"}

    # A scan reads, and uses no key.
    assert kms.get_key_last_usage(KeyId=ROTATED)["KeyLastUsage"] == before
    calls = [call for call in keytrail_clean.calls() if call.principal == CALLER]
    assert {call.operation for call in calls} >= {
        *("DescribeRegions", "DescribeTrails", "LookupEvents", "GetCallerIdentity"),
        *("ListKeys", "DescribeKey", "GetKeyRotationStatus", "GetKeyPolicy", "ListResourceTags", "ListAliases"),
    }
    [described] = keytrail_clean.calls("DescribeKey", key=key_arn(FAR, region=FAR_REGION))
    assert described.region == FAR_REGION


@tried("a key that the scanner may not read")
def test_a_key_that_it_may_not_read_is_not_judged(run: Runner, keytrail_clean: KeytrailServer) -> None:
    deny = {"Effect": "Deny", "Principal": "*", "Action": "kms:DescribeKey", "Resource": "*"}
    root = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, "Action": "kms:*", "Resource": "*"}
    keytrail_clean.load({"keys": [{"KeyId": ROTATED, "Policy": {"Version": "2012-10-17", "Statement": [root, deny]}}]})
    found = scan(run, "-f", "us-east-1")
    assert ROTATED not in found["kms_cmk_are_used"]
    assert found["kms_cmk_are_used"][KEY] == "PASS"
    # The event of a denied call does not say which key it was about.
    refused = [call.error_code for call in keytrail_clean.calls("DescribeKey") if call.error_code is not None]
    assert refused == ["AccessDenied"]
