"""An endpoint as a seed that makes it again: over HTTP, in Python, and what is in it.

How we know: docs/export.md. What calls can bring about is in test_export_properties.py.
"""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import yaml
from botocore.exceptions import ClientError

from keytrail import KeytrailServer
from keytrail.client import KeytrailClient
from keytrail.domain.key_spec import ALGORITHMS
from keytrail.seeds import SeedError
from tests.support import ACCOUNT, IMPORTED, KEY, MRK, SAMPLE_SEED, key_arn, wrapped_for
from tests.support.clients import shared_client

NOW = "2026-12-01T09:30:00Z"
OTHER = "444455556666"
SECRET = "auditor-secret"
AUDITOR = f"arn:aws:iam::{ACCOUNT}:role/path/Auditor"
GRANT = {"GranteePrincipal": AUDITOR, "Operations": ["Decrypt"]}
ALLOW = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
DENY = {"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "kms:DisableKey", "Resource": "*"}]}
RCP = {"Version": "2012-10-17", "Statement": [{**DENY["Statement"][0], "Principal": "*"}]}


def scp(name: str, policy: Any = ALLOW) -> dict[str, Any]:
    return {"Arn": f"arn:aws:organizations::{OTHER}:policy/o-abcd/service_control_policy/{name}", "Policy": policy}


def rcp(name: str) -> dict[str, Any]:
    return {"Arn": f"arn:aws:organizations::{OTHER}:policy/o-abcd/resource_control_policy/{name}", "Policy": RCP}


CALLERS: dict[str, Any] = {
    "accounts": [{"Account": ACCOUNT, "AccessKeyIds": ["AKIAROOT"]}],
    "credentials": [
        {"AccessKeyId": "AKIAAUDITOR", "SecretAccessKey": SECRET, "Principal": AUDITOR},
        {"AccessKeyId": "AKIAOTHERROOT", "SecretAccessKey": SECRET, "Principal": f"arn:aws:iam::{OTHER}:root"},
        {
            "AccessKeyId": "ASIASESSION",
            "SecretAccessKey": SECRET,
            "SessionToken": "token",
            "Expiration": "in 3 hours",
            "Principal": f"arn:aws:sts::{ACCOUNT}:assumed-role/Auditor/me",
        },
        {"AccessKeyId": "AKIAS3", "SecretAccessKey": SECRET, "Principal": "s3.amazonaws.com", "Account": OTHER},
    ],
    "identities": [
        {
            "Arn": AUDITOR,
            "Policies": {"inline": ALLOW, "text": json.dumps(DENY, indent=1)},
            "PermissionsBoundary": ALLOW,
            "TrustPolicy": {
                "Version": "2012-10-17",
                "Statement": [{"Effect": "Allow", "Principal": {"AWS": OTHER}, "Action": "sts:AssumeRole"}],
            },
            "MaxSessionDuration": 7200,
            "Tags": {"team": "0123"},
        },
        {"Arn": f"arn:aws:iam::{OTHER}:user/path/Other"},
    ],
    "serviceControlPolicies": [
        {**scp("outside"), "Accounts": ["101010101010", "202020202020", ACCOUNT]},
        {**scp("outside-2"), "Accounts": ["101010101010"]},
    ],
    "resourceControlPolicies": [{**rcp("outside"), "Accounts": ["101010101010"]}],
    "organizations": [
        {
            "Id": "o-abcd",
            "RootId": "r-abcd",
            "ManagementAccount": OTHER,
            "ServiceControlPolicies": [scp("root"), scp("root-2", DENY)],
            "ResourceControlPolicies": [rcp("root")],
            "Accounts": [{"Account": "303030303030", "ResourceControlPolicies": [rcp("own")]}],
            "OrganizationalUnits": [
                {
                    "Id": "ou-abcd-11111111",
                    "ServiceControlPolicies": [scp("unit")],
                    "Accounts": [{"Account": ACCOUNT, "ServiceControlPolicies": [scp("account")]}],
                    "OrganizationalUnits": [
                        {"Id": "ou-abcd-22222222", "Accounts": [{"Account": "404040404040"}]},
                    ],
                }
            ],
        },
        {"Id": "o-efgh", "ManagementAccount": "505050505050", "Accounts": [{"Account": "606060606060"}]},
    ],
}
SETTINGS = {"UsageDelay": "PT15M", "ConsistencyDelay": "PT0.5S", "RequestQuotas": "Symmetric=50"}


@pytest.fixture
def server(keytrail_clean: KeytrailServer) -> KeytrailServer:
    keytrail_clean.clock.freeze(NOW)
    return keytrail_clean


@pytest.fixture
def copy() -> Iterator[KeytrailServer]:
    with KeytrailServer() as other:
        other.clock.freeze(NOW)
        yield other


def client(server: KeytrailServer, region: str = "us-east-1", account: str = ACCOUNT) -> Any:
    return shared_client(server.url, "kms", region, account, "any", None)


def ask(server: KeytrailServer, query: str = "", accept: str = "*/*") -> tuple[int, str, str]:
    request = urllib.request.Request(f"{server.url}/_keytrail/seed{query}", headers={"Accept": accept})
    try:
        with urllib.request.urlopen(request) as answer:
            return answer.status, answer.headers.get_content_type(), answer.read().decode()
    except urllib.error.HTTPError as refused:
        with refused:
            return refused.status, refused.headers.get_content_type(), refused.read().decode()


# ---- The document


@pytest.mark.parametrize("moments", ["absolute", "relative"])
def test_callers_organizations_and_settings_are_exported(
    server: KeytrailServer, copy: KeytrailServer, moments: str
) -> None:
    server.load({**CALLERS, "settings": SETTINGS})
    document = server.export(secrets=True, moments=moments)
    copy.load(document)
    assert copy.export(secrets=True, moments=moments) == document
    assert copy.endpoint.identities.snapshot() == server.endpoint.identities.snapshot()
    assert copy.endpoint.callers.snapshot()[0] == server.endpoint.callers.snapshot()[0]
    assert copy.settings.usage_delay == server.settings.usage_delay
    assert [each["Id"] for each in document["organizations"]] == ["o-abcd", "o-efgh"]


def test_accounts_of_one_organization_that_seeds_describe_differently_are_told_apart(
    server: KeytrailServer, copy: KeytrailServer
) -> None:
    for account, name in ((ACCOUNT, "one"), (OTHER, "two")):
        unit = {"Id": "ou-abcd-11111111", "Accounts": [{"Account": account}]}
        organization = {"Id": "o-abcd", "RootId": "r-abcd", "OrganizationalUnits": [unit]}
        server.load({"organization": {**organization, "ServiceControlPolicies": [scp(name)]}})
    copy.load(server.export())
    assert copy.endpoint.identities.snapshot() == server.endpoint.identities.snapshot()


def test_without_secrets_any_secret_is_right_in_the_copy(server: KeytrailServer, copy: KeytrailServer) -> None:
    server.load(CALLERS)
    text = server.export_yaml()
    assert SECRET not in text
    assert "# 4 secret access keys are not in it, so that any secret is right; export with secrets." in text
    copy.load(server.export())
    assert copy.export() == server.export()
    sts = shared_client(copy.url, "sts", "us-east-1", "AKIAAUDITOR", "wrong", None)
    assert sts.get_caller_identity()["Account"] == ACCOUNT
    copy.reset()
    copy.load(server.export(secrets=True))
    with pytest.raises(ClientError, match="SignatureDoesNotMatch"):
        sts.get_caller_identity()


def test_a_fault_goes_on_counting_in_the_copy(server: KeytrailServer, copy: KeytrailServer) -> None:
    server.load({"keys": [{"KeyId": KEY}]})
    server.add_fault(Operations="DescribeKey", Count=2, Error="KMSInternalException")
    server.add_fault(Operations="ListKeys", Probability=0.5, Seed=7, Error="KMSInternalException")

    def lists(of: KeytrailServer, times: int) -> list[bool]:
        succeeded = []
        for _ in range(times):
            try:
                client(of).list_keys()
                succeeded.append(True)
            except ClientError:
                succeeded.append(False)
        return succeeded

    with pytest.raises(ClientError):
        client(server).describe_key(KeyId=KEY)
    lists(server, 9)
    copy.load(server.export())
    assert [{**rule, "Id": ""} for rule in copy.faults()] == [{**rule, "Id": ""} for rule in server.faults()]
    assert lists(copy, 20) == lists(server, 20)
    with pytest.raises(ClientError):
        client(copy).describe_key(KeyId=KEY)
    assert client(copy).describe_key(KeyId=KEY)["KeyMetadata"]["KeyId"] == KEY


def test_the_event_of_a_last_use_comes_along_and_others_are_counted(
    server: KeytrailServer, copy: KeytrailServer
) -> None:
    server.load({"keys": [{"KeyId": KEY}]})
    for _ in range(3):
        client(server).encrypt(KeyId=KEY, Plaintext=b"order 66")
    assert "# 2 events of the trail are not in it." in server.export_yaml()
    copy.load(server.export())
    usage = client(server).get_key_last_usage(KeyId=KEY)["KeyLastUsage"]
    assert client(copy).get_key_last_usage(KeyId=KEY)["KeyLastUsage"] == usage
    trail = shared_client(copy.url, "cloudtrail", "us-east-1", ACCOUNT, "any", None)
    looked_up = [{"AttributeKey": "EventId", "AttributeValue": usage["CloudTrailEventId"]}]
    assert [event["EventName"] for event in trail.lookup_events(LookupAttributes=looked_up)["Events"]] == ["Encrypt"]


def test_a_use_before_tracking_and_a_use_by_a_service_are_exported(
    server: KeytrailServer, copy: KeytrailServer
) -> None:
    used = {"Operation": "Decrypt", "Timestamp": "2025-01-01T00:00:00Z"}
    server.load({"keys": [{"KeyId": KEY, "CreationDate": "2024-01-01T00:00:00Z", "LastUsage": used}, {"KeyId": MRK}]})
    server.invoke("GenerateDataKey", {"KeyId": key_arn(MRK), "KeySpec": "AES_256"}, via="s3", principal=ACCOUNT)
    document = server.export()
    first, second = document["keys"]
    assert first["LastUsage"]["Timestamp"] == used["Timestamp"]
    assert second["LastUsage"]["Via"] == "s3"
    copy.load(document)
    assert copy.export() == document
    assert client(copy).get_key_last_usage(KeyId=KEY)["KeyLastUsage"] == {}


def test_what_is_not_in_it_is_in_comments(server: KeytrailServer) -> None:
    server.load({"settings": {"UsageDelay": "PT15M"}, "keys": [{"KeyId": KEY}]})
    client(server).encrypt(KeyId=KEY, Plaintext=b"order 66")
    shared_client(server.url, "sts", "us-east-1", ACCOUNT, "any", None).get_session_token()
    with KeytrailServer(strict=True) as strict:
        assert "# What it was started with, which a seed cannot change: KEYTRAIL_STRICT=true\n" in strict.export_yaml()
    assert server.export_yaml().splitlines()[:5] == [
        "# Made by Keytrail's export: loading it makes the same keys again. It contains their key material.",
        "# 2 events of the trail are not in it.",
        "# 1 use that GetKeyLastUsage does not show yet is not in it.",
        "# 1 session of STS is not in it.",
        "# The clock was moved: load it where the time is 2026-12-01T09:30:00Z or later.",
    ]


# ---- Parts


def test_a_part_is_what_belongs_to_an_account_a_region_or_a_key(server: KeytrailServer, copy: KeytrailServer) -> None:
    server.load(CALLERS)
    server.load(SAMPLE_SEED)
    server.load(
        {
            "keys": [{"KeyId": KEY, "Account": OTHER, "Region": "eu-west-1", "Origin": "AWS_CLOUDHSM"}],
            "awsManagedKeys": [{"Alias": "alias/aws/s3", "Account": OTHER}],
            "faults": [{"Error": "KMSInternalException", "Account": OTHER, "Call": 99}],
        }
    )
    part = server.export(account=OTHER)
    assert {key["Account"] for name in ("keys", "customKeyStores", "awsManagedKeys") for key in part[name]} == {OTHER}
    assert [each["Arn"] for each in part["identities"]] == [f"arn:aws:iam::{OTHER}:user/path/Other"]
    assert [each["AccessKeyId"] for each in part["credentials"]] == ["AKIAS3"]
    assert "settings" not in part
    assert len(part["faults"]) == 1
    abroad = server.export(region="eu-west-1")
    assert sorted(key["KeyId"] for key in abroad["keys"]) == sorted([KEY, MRK])
    [key] = server.export(account=OTHER, region="eu-west-1", key=KEY)["keys"]
    assert (key["Account"], key["Origin"]) == (OTHER, "AWS_CLOUDHSM")
    for document in (part, abroad, server.export(key=key_arn(KEY, account=OTHER, region="eu-west-1"))):
        copy.reset()
        copy.clock.freeze(NOW)
        copy.load(document)
    assert copy.export()["customKeyStores"][0]["CustomKeyStoreId"] == key["CustomKeyStoreId"]


@pytest.mark.parametrize(
    ("part", "error", "message"),
    [
        ({"account": "12"}, ValueError, "account: expected 12 digits, got '12'"),
        ({"region": "us-est-1"}, ValueError, "region: .*us-est-1"),
        ({"moments": "soon"}, ValueError, "moments: expected absolute or relative, got 'soon'"),
        ({"key": "alias/none"}, LookupError, "key: Alias arn:aws:kms:us-east-1:[0-9]+:alias/none is not found"),
        ({"key": "KEY?"}, LookupError, "key: "),
    ],
)
def test_what_is_not_there_is_refused_by_server_and_client_alike(
    server: KeytrailServer, part: dict[str, Any], error: type[Exception], message: str
) -> None:
    for one in (server, KeytrailClient(server.url)):
        for export in (one.export, one.export_yaml):
            with pytest.raises(error, match=message):
                export(**part)


# ---- Over HTTP


def test_it_is_yaml_or_json_as_accepted(server: KeytrailServer) -> None:
    server.load(SAMPLE_SEED)
    document = server.export()
    for accept in ("*/*", "application/yaml", "text/html", "application/yaml, application/json;q=0.5"):
        status, kind, text = ask(server, accept=accept)
        assert (status, kind) == (200, "application/yaml")
    assert yaml.load(text, yaml.BaseLoader)["keys"][0]["KeyId"] == document["keys"][0]["KeyId"]
    status, kind, text = ask(server, accept="application/json")
    assert (status, kind, json.loads(text)) == (200, "application/json", document)


def test_a_wrong_parameter_is_refused_with_what_would_be_right(server: KeytrailServer) -> None:
    assert ask(server, "?secrets=perhaps")[2] == '{"error":"secrets: expected true or false, got \'perhaps\'"}'
    assert ask(server, "?keys=1")[0] == 400
    assert ask(server, "?key=alias/none")[0] == 404


def test_a_client_exports_as_the_server_does(server: KeytrailServer) -> None:
    server.load({**CALLERS, **SAMPLE_SEED})
    reader = KeytrailClient(server.url)
    assert reader.export(secrets=True, moments="relative") == server.export(secrets=True, moments="relative")
    assert reader.export_yaml(key=KEY) == server.export_yaml(key=KEY)
    assert KeytrailClient(server.url, account=OTHER).export() == server.export(account=OTHER)


# ---- Key material


USES: dict[str, Callable[[Any, str, Any], Any]] = {
    "ENCRYPT_DECRYPT": lambda kms, key, name: kms.encrypt(KeyId=key, Plaintext=b"66", EncryptionAlgorithm=name),
    "SIGN_VERIFY": lambda kms, key, name: kms.sign(KeyId=key, Message=b"66" * 16, SigningAlgorithm=name),
    "GENERATE_VERIFY_MAC": lambda kms, key, name: kms.generate_mac(KeyId=key, Message=b"66", MacAlgorithm=name),
    "KEY_AGREEMENT": lambda kms, key, name: kms.get_public_key(KeyId=key),
    "ENCAPSULATE_DECAPSULATE": lambda kms, key, name: kms.get_public_key(KeyId=key),
}
CHECKS: dict[str, Callable[[Any, str, Any, Any], Any]] = {
    "ENCRYPT_DECRYPT": lambda kms, key, name, made: (
        kms.decrypt(KeyId=key, CiphertextBlob=made["CiphertextBlob"], EncryptionAlgorithm=name)["Plaintext"] == b"66"
    ),
    "SIGN_VERIFY": lambda kms, key, name, made: kms.verify(
        KeyId=key, Message=b"66" * 16, Signature=made["Signature"], SigningAlgorithm=name
    )["SignatureValid"],
    "GENERATE_VERIFY_MAC": lambda kms, key, name, made: kms.verify_mac(
        KeyId=key, Message=b"66", Mac=made["Mac"], MacAlgorithm=name
    )["MacValid"],
    "KEY_AGREEMENT": lambda kms, key, name, made: kms.get_public_key(KeyId=key)["PublicKey"] == made["PublicKey"],
    "ENCAPSULATE_DECAPSULATE": lambda kms, key, name, made: (
        kms.get_public_key(KeyId=key)["PublicKey"] == made["PublicKey"]
    ),
}
KINDS = [
    (spec, usage)
    for spec, usages in ALGORITHMS.items()
    for usage in usages
    if spec != "SM2" and spec not in ("RSA_3072", "RSA_4096")
]


@pytest.mark.parametrize(("spec", "usage"), KINDS, ids=[f"{spec}, {usage}" for spec, usage in KINDS])
def test_what_a_key_made_before_is_good_after(
    server: KeytrailServer, copy: KeytrailServer, spec: str, usage: str
) -> None:
    kms = client(server)
    key = kms.create_key(KeySpec=spec, KeyUsage=usage)["KeyMetadata"]["KeyId"]
    algorithm = next(name for name in ALGORITHMS[spec][usage] if "_PH_" not in name)
    made = USES[usage](kms, key, algorithm)
    copy.load(server.export())
    assert CHECKS[usage](client(copy), key, algorithm, made)


def test_what_kinds_of_symmetric_keys_encrypted_is_decrypted_after(
    server: KeytrailServer, copy: KeytrailServer
) -> None:
    kms = client(server)
    server.load(SAMPLE_SEED)
    store = kms.create_custom_key_store(
        CustomKeyStoreName="store",
        CloudHsmClusterId="cluster-2a34b5cdefg",
        TrustAnchorCertificate="certificate",
        KeyStorePassword="kmsPswd1",
    )["CustomKeyStoreId"]
    kms.connect_custom_key_store(CustomKeyStoreId=store)
    made = {
        "plain": kms.create_key(),
        "multi-Region": kms.create_key(MultiRegion=True),
        "imported": kms.create_key(Origin="EXTERNAL"),
        "in a store": kms.create_key(Origin="AWS_CLOUDHSM", CustomKeyStoreId=store),
    }
    keys = {name: reply["KeyMetadata"]["KeyId"] for name, reply in made.items()}
    since = made["imported"]["KeyMetadata"]["CreationDate"]
    wrapped = wrapped_for(keys["imported"], material=IMPORTED, since=since)
    kms.import_key_material(KeyId=keys["imported"], ExpirationModel="KEY_MATERIAL_DOES_NOT_EXPIRE", **wrapped)
    managed = kms.describe_key(KeyId="alias/aws/s3")["KeyMetadata"]["KeyId"]
    keys |= {"seeded": KEY, "managed": managed}
    blobs = {name: kms.encrypt(KeyId=key, Plaintext=name.encode())["CiphertextBlob"] for name, key in keys.items()}
    blobs["re-encrypted"] = kms.re_encrypt(CiphertextBlob=blobs["plain"], DestinationKeyId=KEY)["CiphertextBlob"]
    server.clock.advance(hours=1)
    kms.rotate_key_on_demand(KeyId=keys["plain"])
    server.clock.advance(days=366)
    kms.replicate_key(KeyId=keys["multi-Region"], ReplicaRegion="eu-west-1")
    blobs["rotated"] = kms.encrypt(KeyId=managed, Plaintext=b"rotated")["CiphertextBlob"]
    copy.clock.set(server.clock.now)
    copy.load(server.export())
    for name, blob in blobs.items():
        assert client(copy).decrypt(CiphertextBlob=blob)["Plaintext"] == name.replace("re-encrypted", "plain").encode()
    replica = client(copy, "eu-west-1")
    assert replica.decrypt(CiphertextBlob=blobs["multi-Region"])["Plaintext"] == b"multi-Region"


def test_grant_tokens_are_good_after(server: KeytrailServer, copy: KeytrailServer) -> None:
    server.load({"keys": [{"KeyId": KEY}]})
    grant = {"KeyId": KEY, "Name": "one", "Operations": ["DescribeKey"]}
    grantee = f"arn:aws:iam::{OTHER}:root"
    tokens = [client(server).create_grant(**grant, GranteePrincipal=grantee)["GrantToken"] for _ in range(2)]
    copy.load(server.export())
    for token in tokens:
        told = client(copy, account=OTHER).describe_key(KeyId=key_arn(KEY), GrantTokens=[token])
        assert told["KeyMetadata"]["KeyId"] == KEY


# ---- What seeds can say since


@pytest.mark.parametrize(
    ("key", "message"),
    [
        ({"NextKeyState": "Disabled"}, "keys[0].NextKeyState: is Enabled or PendingImport for Creating"),
        ({"NextKeyStateDate": "in 1 hour"}, "keys[0].NextKeyStateDate: needs KeyState: Creating or Updating"),
        (
            {"KeyId": MRK, "KeyState": "Updating", "NextKeyStateDate": "now"},
            "keys[0].NextKeyStateDate: is in the past; describe the key in the state that followed",
        ),
        (
            {"Rotation": {"OnDemandRotationEndDate": "in 1 hour"}},
            "keys[0].Rotation.OnDemandRotationStartDate: is missing; a rotation on demand that is under way has both",
        ),
        (
            {"Rotation": {"OnDemandRotationStartDate": "1 day ago", "OnDemandRotationEndDate": "1 hour ago"}},
            "keys[0].Rotation.OnDemandRotationEndDate: is in the past; list the rotation among the past ones",
        ),
        (
            {"Origin": "EXTERNAL", "Rotation": {"RotationPeriodInDays": 365}},
            "keys[0].Rotation: only a symmetric key of origin AWS_KMS has more than a rotation on demand",
        ),
        (
            {"Grants": [{**GRANT, "GrantToken": "a", "GrantTokens": ["b"]}]},
            "keys[0].Grants[0].GrantToken: is in place of GrantTokens; list it there",
        ),
        (
            {
                "KeyId": MRK,
                "Origin": "EXTERNAL",
                "Replicas": [{"Region": "eu-west-1", "KeyMaterials": [{}, {}]}],
            },
            "keys[0].Replicas[0].KeyMaterials: expected one for each of the primary key's 1",
        ),
        (
            {"Aliases": [{"AliasName": "alias/a", "CreationDate": "in 1 day"}]},
            "keys[0].Aliases[0].CreationDate: 2026-12-02T09:30:00+00:00 is in the future",
        ),
    ],
)
def test_a_state_that_cannot_be_is_refused(server: KeytrailServer, key: dict[str, Any], message: str) -> None:
    with pytest.raises(SeedError) as refused:
        server.load({"keys": [{"KeyId": KEY, **key}]})
    assert message in str(refused.value)


@pytest.mark.parametrize(
    ("store", "message"),
    [
        ({"ConnectionState": "CONNECTING"}, "NextConnectionStateDate: goes with ConnectionState: CONNECTING or"),
        (
            {"ConnectionState": "DISCONNECTING", "NextConnectionStateDate": "1 hour ago"},
            "NextConnectionStateDate: is in the past; describe the store in the state that followed",
        ),
        ({"NextConnectionErrorCode": "NONE"}, "NextConnectionErrorCode: needs ConnectionState: FAILED"),
        (
            {"ConnectionState": "FAILED", "NextConnectionErrorCode": "XKS_PROXY_TIMED_OUT"},
            "NextConnectionErrorCode: AWS_CLOUDHSM does not fail with XKS_PROXY_TIMED_OUT",
        ),
    ],
)
def test_a_connection_that_cannot_be_is_refused(server: KeytrailServer, store: dict[str, Any], message: str) -> None:
    with pytest.raises(SeedError) as refused:
        server.load({"customKeyStores": [{"CustomKeyStoreId": "cks-1234567890abcdef0", **store}]})
    assert f"customKeyStores[0].{message}" in str(refused.value)


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (
            {"Error": "XksKeyNotFoundException"},
            "externalErrors[0]: name exactly one thing, by one of CloudHsm",
        ),
        ({"XksKeyId": "a", "Error": "X"}, "externalErrors[0].Error: expected one of XksKeyInvalidConfiguration"),
    ],
)
def test_an_external_error_that_cannot_be_is_refused(
    server: KeytrailServer, error: dict[str, Any], message: str
) -> None:
    with pytest.raises(SeedError) as refused:
        server.load({"externalErrors": [error]})
    assert message in str(refused.value)


def test_a_rule_cannot_have_struck_more_often_than_it_was_asked(server: KeytrailServer) -> None:
    with pytest.raises(SeedError, match="Hits: are more than the 1 Calls"):
        server.add_fault(Error="KMSInternalException", Calls=1, Hits=2)
