"""The AWS CLI, version 1: version 2 is not on PyPI."""

from __future__ import annotations

import json
from base64 import b64decode
from typing import Any

from keytrail.server import KeytrailServer
from tests.acceptance.program import Program, tried
from tests.acceptance.running import ACCESS_KEY, CALLER, SECRET, Runner, expect_last_use
from tests.support import ALIAS, ELSEWHERE, KEY, MRK, SIGNING_KEY, key_arn

PROGRAM = Program(
    name="AWS CLI 1",
    pip=("awscli==1.46.3",),
    how="`AWS_ENDPOINT_URL`, `endpoint_url` in a profile, or `--endpoint-url`",
)


def kms_command(run: Runner, *words: str, **options: Any) -> Any:
    """What a command of `aws kms` prints; None if that is nothing."""
    printed = run("aws", "kms", *words, **options)
    return json.loads(printed) if printed else None


@tried("encrypt and decrypt files")
def test_a_file_is_encrypted_and_decrypted(run: Runner, keytrail_clean: KeytrailServer, kms: Any) -> None:
    (run.folder / "order").write_bytes(b"order \x00\xff 66")
    sealed = kms_command(run, "encrypt", "--key-id", ALIAS, "--plaintext", "fileb://order")
    (run.folder / "sealed").write_bytes(b64decode(sealed["CiphertextBlob"]))
    opened = kms_command(run, "decrypt", "--ciphertext-blob", "fileb://sealed")
    assert b64decode(opened["Plaintext"]) == b"order \x00\xff 66"
    [decrypt] = keytrail_clean.calls("Decrypt", key=key_arn())
    assert "aws-cli/1." in decrypt.record["userAgent"]
    expect_last_use(kms, KEY, decrypt)


@tried("`get-key-last-usage`")
def test_it_tells_when_a_key_was_last_used(run: Runner) -> None:
    usage = kms_command(run, "get-key-last-usage", "--key-id", KEY)["KeyLastUsage"]
    assert usage["Operation"] == "Encrypt"


@tried("a key from `create-key` to `schedule-key-deletion`: tags, alias, policy, grant, rotation")
def test_the_life_of_a_key(run: Runner, keytrail_clean: KeytrailServer) -> None:
    created = kms_command(run, "create-key", "--tags", "TagKey=team,TagValue=payments", "--description", "new")
    key_id = created["KeyMetadata"]["KeyId"]
    kms_command(run, "create-alias", "--alias-name", "alias/new", "--target-key-id", key_id)
    policy = kms_command(run, "get-key-policy", "--key-id", key_id, "--policy-name", "default")["Policy"]
    (run.folder / "policy.json").write_text(policy)
    kms_command(run, "put-key-policy", "--key-id", key_id, "--policy-name", "default", "--policy", "file://policy.json")
    grantee = ("--grantee-principal", CALLER, "--operations", "Decrypt", "DescribeKey")
    grant = kms_command(run, "create-grant", "--key-id", key_id, *grantee)
    kms_command(run, "revoke-grant", "--key-id", key_id, "--grant-id", grant["GrantId"])
    kms_command(run, "enable-key-rotation", "--key-id", key_id, "--rotation-period-in-days", "180")
    assert kms_command(run, "get-key-rotation-status", "--key-id", key_id)["RotationPeriodInDays"] == 180
    kms_command(run, "disable-key", "--key-id", key_id)
    deletion = kms_command(run, "schedule-key-deletion", "--key-id", key_id, "--pending-window-in-days", "7")
    assert deletion["KeyState"] == "PendingDeletion"
    mine = keytrail_clean.calls(access_key_id=ACCESS_KEY)
    assert [call.operation for call in mine if not call.operation.startswith("Get")] == [
        *("CreateKey", "CreateAlias", "PutKeyPolicy", "CreateGrant", "RevokeGrant"),
        *("EnableKeyRotation", "DisableKey", "ScheduleKeyDeletion"),
    ]


@tried("pages, with `--page-size`, `--max-items` and `--starting-token`")
def test_it_reads_page_by_page(run: Runner, keytrail_clean: KeytrailServer) -> None:
    everything = kms_command(run, "list-keys", "--page-size", "2")["Keys"]
    assert len(everything) == 5
    assert len(keytrail_clean.calls("ListKeys")) == 3
    first = kms_command(run, "list-keys", "--max-items", "3")
    rest = kms_command(run, "list-keys", "--starting-token", first["NextToken"])
    assert first["Keys"] + rest["Keys"] == everything


@tried("signatures that OpenSSL verifies, with `get-public-key`")
def test_what_it_signs_is_verified_by_openssl(run: Runner, keytrail_clean: KeytrailServer, kms: Any) -> None:
    (run.folder / "order").write_bytes(b"order 66")
    public = kms_command(run, "get-public-key", "--key-id", SIGNING_KEY)
    (run.folder / "public.der").write_bytes(b64decode(public["PublicKey"]))
    request = ("--message", "fileb://order", "--message-type", "RAW", "--signing-algorithm", "ECDSA_SHA_256")
    signed = kms_command(run, "sign", "--key-id", SIGNING_KEY, *request)
    (run.folder / "signature").write_bytes(b64decode(signed["Signature"]))
    verify = ("-verify", "public.der", "-keyform", "DER", "-signature", "signature", "order")
    assert run("openssl", "dgst", "-sha256", *verify) == "Verified OK\n"
    [sign] = keytrail_clean.calls("Sign")
    expect_last_use(kms, SIGNING_KEY, sign)


@tried("`--region`, for a replica")
def test_the_region_of_a_command_is_where_it_goes(run: Runner, keytrail_clean: KeytrailServer) -> None:
    described = kms_command(run, "describe-key", "--key-id", MRK, "--region", ELSEWHERE)["KeyMetadata"]
    assert described["Arn"] == key_arn(MRK, region=ELSEWHERE)
    [call] = keytrail_clean.calls("DescribeKey")
    assert call.region == ELSEWHERE


@tried("refusals, in AWS's words")
def test_it_shows_refusals(run: Runner) -> None:
    printed = run("aws", "kms", "describe-key", "--key-id", "alias/none", fails=True)
    assert "An error occurred (NotFoundException) when calling the DescribeKey operation: Alias" in printed
    printed = run("aws", "kms", "list-keys", fails=True, AWS_SECRET_ACCESS_KEY="another")
    assert "(InvalidSignatureException) when calling the ListKeys operation" in printed


@tried("a profile that assumes a role")
def test_a_profile_assumes_a_role(run: Runner, keytrail_clean: KeytrailServer) -> None:
    role = CALLER.replace("user/acceptance", "role/Auditor")
    allowed = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "kms:ListKeys", "Resource": "*"}]}
    trust = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": {"AWS": CALLER}, "Action": "sts:AssumeRole"}],
    }
    keytrail_clean.load({"identities": [{"Arn": role, "Policies": {"list": allowed}, "TrustPolicy": trust}]})
    (run.folder / "config").write_text(
        f"[profile user]\naws_access_key_id = {ACCESS_KEY}\naws_secret_access_key = {SECRET}\n"
        f"[profile auditor]\nrole_arn = {role}\nsource_profile = user\nregion = {ELSEWHERE}\n"
        f"endpoint_url = {keytrail_clean.url}\n"
    )
    run.environment = {name: value for name, value in run.environment.items() if not name.startswith("AWS_")}
    run.environment["AWS_CONFIG_FILE"] = str(run.folder / "config")
    profile = ("--profile", "auditor")
    assert run("aws", "kms", "list-keys", *profile)
    assert "assumed-role/Auditor/" in json.loads(run("aws", "sts", "get-caller-identity", *profile))["Arn"]
    assert "AccessDeniedException" in run("aws", "kms", "describe-key", "--key-id", MRK, *profile, fails=True)
    assert {call.region for call in keytrail_clean.calls(service="kms")} == {ELSEWHERE}


@tried("`cloudtrail lookup-events`")
def test_it_looks_up_what_it_did(run: Runner) -> None:
    kms_command(run, "generate-data-key", "--key-id", KEY, "--key-spec", "AES_256")
    where = ("--lookup-attributes", f"AttributeKey=ResourceName,AttributeValue={KEY}")
    events = json.loads(run("aws", "cloudtrail", "lookup-events", *where))["Events"]
    assert [event["EventName"] for event in events] == ["GenerateDataKey"]


@tried("`--endpoint-url`")
def test_an_option_says_where_the_server_is(run: Runner, keytrail_clean: KeytrailServer) -> None:
    run.environment["AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"] = "true"
    assert kms_command(run, "list-keys", "--endpoint-url", keytrail_clean.url)["Keys"]
