"""Seed files: they are loaded as a whole, or not at all.

How we know: docs/seeds.md, "Seeds"; what the seeded keys answer: kms-behaviour C.1, C.2.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from keytrail.crypto import key_pair
from keytrail.domain.key_material import KeyMaterial
from keytrail.seeds import SeedError, json_schema
from keytrail.server import KeytrailServer
from tests.support import ALIAS, ELSEWHERE, KEY, MRK, OTHER_KEY, key_arn, own_aliases, refusal
from tests.support.paths import SAMPLE_FOLDER
from tests.support.wire import post

SAMPLES = sorted(SAMPLE_FOLDER.glob("*.yaml"))
TRACKING_START = datetime(2026, 4, 23, tzinfo=UTC)
OWNER, AUDITOR = "111122223333", "AKIAAUDITOR000000001"

DOCUMENT = """
credentials:
  - AccessKeyId: AKIAAUDITOR000000001
    SecretAccessKey: auditor-secret
    Principal: arn:aws:iam::111122223333:role/KeyAuditor
keys:
  - KeyId: 1234abcd-12ab-34cd-56ef-1234567890ab
    Account: "111122223333"
    Region: us-east-1
    Description: orders, used by a nightly job
    CreationDate: 2024-03-01T08:00:00Z
    Aliases: [alias/orders]
    Tags: {team: payments}
    LastUsage: {Operation: Decrypt, Timestamp: 200 days ago}
  - KeyId: 0987dcba-09fe-87dc-65ba-ab0987654321
    Account: "111122223333"
    CreationDate: 2023-01-01T00:00:00Z      # older than tracking, and no use on record
    KeyState: Disabled
  - KeyId: mrk-1234abcd12ab34cd56ef1234567890ab
    Account: "111122223333"
    MultiRegion: true
    CreationDate: 90 days ago
    Replicas:
      - {Region: eu-west-1, LastUsage: {Operation: GenerateDataKey, Timestamp: 3 days ago}}
  - KeyId: 5555abcd-12ab-34cd-56ef-1234567890ab
    Account: "444455556666"
    KeyState: PendingDeletion
    DeletionDate: in 10 days
"""


class TextDates(yaml.SafeLoader):
    """YAML whose dates are texts, as a JSON Schema sees them."""

    yaml_implicit_resolvers = {  # noqa: RUF012
        letter: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
        for letter, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }


@pytest.fixture
def seed(keytrail_clean: KeytrailServer, tmp_path: Path) -> Callable[..., Path]:
    """Load a YAML text, by way of a file."""

    def load(text: str, name: str = "seed.yaml") -> Path:
        file = tmp_path / name
        file.write_text(text)
        keytrail_clean.load(file)
        return file

    return load


def about(moment: datetime, **ago: float) -> bool:
    """Whether a moment is that long ago, give or take a minute for the test itself."""
    return abs(datetime.now(UTC) - timedelta(**ago) - moment) < timedelta(minutes=1)


# ---- A whole document


def test_a_used_key_has_its_last_usage_and_the_trail_has_the_event(
    seed: Callable[..., Path], keytrail_server: KeytrailServer, keytrail_client: Callable[..., Any]
) -> None:
    seed(DOCUMENT)
    auditor = keytrail_client(access_key_id=AUDITOR, secret_access_key="auditor-secret")
    answer = auditor.get_key_last_usage(KeyId=KEY)
    assert answer["KeyCreationDate"] == datetime(2024, 3, 1, 8, tzinfo=UTC)
    assert answer["TrackingStartDate"] == TRACKING_START
    usage = answer["KeyLastUsage"]
    assert usage["Operation"] == "Decrypt"
    assert about(usage["Timestamp"], days=200)
    (event,) = keytrail_server.events(eventId=usage["CloudTrailEventId"])
    assert (event["eventName"], event["requestID"]) == ("Decrypt", usage["KmsRequestId"])
    assert event["eventTime"] == f"{usage['Timestamp']:%Y-%m-%dT%H:%M:%SZ}"
    assert event["resources"][0]["ARN"] == key_arn(account=OWNER)
    metadata = auditor.describe_key(KeyId=ALIAS)["KeyMetadata"]
    assert (metadata["KeyId"], metadata["Description"]) == (KEY, "orders, used by a nightly job")


def test_an_unused_key_older_than_tracking_has_an_empty_last_usage(
    seed: Callable[..., Path], keytrail_client: Callable[..., Any]
) -> None:
    seed(DOCUMENT)
    client = keytrail_client(account=OWNER)
    answer = client.get_key_last_usage(KeyId="0987dcba-09fe-87dc-65ba-ab0987654321")
    assert answer["KeyLastUsage"] == {}
    assert answer["KeyCreationDate"] == datetime(2023, 1, 1, tzinfo=UTC)
    assert answer["TrackingStartDate"] == TRACKING_START
    state = client.describe_key(KeyId="0987dcba-09fe-87dc-65ba-ab0987654321")["KeyMetadata"]
    assert (state["KeyState"], state["Enabled"]) == ("Disabled", False)


def test_a_primary_and_its_replica_each_have_their_own_past(
    seed: Callable[..., Path], keytrail_client: Callable[..., Any]
) -> None:
    seed(DOCUMENT)
    primary = keytrail_client(account=OWNER).get_key_last_usage(KeyId=MRK)
    replica = keytrail_client(account=OWNER, region=ELSEWHERE).get_key_last_usage(KeyId=MRK)
    assert primary["KeyLastUsage"] == {}
    assert replica["KeyLastUsage"]["Operation"] == "GenerateDataKey"
    assert about(replica["KeyLastUsage"]["Timestamp"], days=3)
    assert about(primary["KeyCreationDate"], days=90)
    assert primary["TrackingStartDate"] == primary["KeyCreationDate"], "it is younger than tracking"
    regions = keytrail_client(account=OWNER).describe_key(KeyId=MRK)["KeyMetadata"]["MultiRegionConfiguration"]
    assert regions["MultiRegionKeyType"] == "PRIMARY"
    assert [key["Region"] for key in regions["ReplicaKeys"]] == [ELSEWHERE]


def test_a_key_pending_deletion_is_deleted_on_its_date(
    seed: Callable[..., Path], keytrail_client: Callable[..., Any], keytrail_clock: Any
) -> None:
    seed(DOCUMENT)
    client = keytrail_client(account="444455556666")
    metadata = client.describe_key(KeyId="5555abcd-12ab-34cd-56ef-1234567890ab")["KeyMetadata"]
    assert metadata["KeyState"] == "PendingDeletion"
    assert about(metadata["DeletionDate"], days=-10)
    keytrail_clock.advance(days=10, minutes=1)
    assert client.list_keys()["Keys"] == []


def test_credentials_name_their_principal(
    seed: Callable[..., Path], keytrail_server: KeytrailServer, keytrail_client: Callable[..., Any]
) -> None:
    seed(DOCUMENT)
    answer = keytrail_client(access_key_id=AUDITOR).list_keys()
    assert {key["KeyId"] for key in answer["Keys"]} == {KEY, "0987dcba-09fe-87dc-65ba-ab0987654321", MRK}
    (event,) = keytrail_server.events(requestID=answer["ResponseMetadata"]["RequestId"])
    issuer = event["userIdentity"]["sessionContext"]["sessionIssuer"]
    assert issuer["arn"] == "arn:aws:iam::111122223333:role/KeyAuditor"


# ---- Files and forms


def test_json_and_yaml_are_the_same(tmp_path: Path) -> None:
    document = yaml.load(DOCUMENT, TextDates)
    (tmp_path / "seed.json").write_text(json.dumps(document, indent=2))
    (tmp_path / "seed.yaml").write_text(DOCUMENT)
    seen = []
    for seed in (tmp_path / "seed.json", tmp_path / "seed.yaml", document):
        with KeytrailServer(fixtures=seed) as server:
            keys = post(server, "ListKeys", account=OWNER).json()["Keys"]
            usage = post(server, "GetKeyLastUsage", {"KeyId": KEY}, account=OWNER).json()
            seen.append((keys, usage["KeyCreationDate"], usage["KeyLastUsage"]["CloudTrailEventId"]))
    assert seen[0] == seen[1] == seen[2], "the made-up ids too are always alike"


def test_a_folder_is_all_its_seed_files(tmp_path: Path) -> None:
    (tmp_path / "one.yaml").write_text(f"keys: [{{KeyId: {KEY}}}]")
    (tmp_path / "two.yml").write_text(f"keys: [{{KeyId: {OTHER_KEY}}}]")
    (tmp_path / "three.json").write_text(json.dumps({"keys": [{"KeyId": MRK}]}))
    (tmp_path / "README.md").write_text("no seed")
    with KeytrailServer(fixtures=tmp_path) as server:
        assert {key["KeyId"] for key in post(server, "ListKeys").json()["Keys"]} == {KEY, OTHER_KEY, MRK}


def test_account_and_region_are_those_of_the_settings_by_default() -> None:
    with KeytrailServer(fixtures={"keys": [{"KeyId": KEY}]}, account=OWNER, region=ELSEWHERE) as server:
        keys = post(server, "ListKeys", account=OWNER, region=ELSEWHERE).json()["Keys"]
    assert [key["KeyArn"] for key in keys] == [key_arn(account=OWNER, region=ELSEWHERE)]


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.name)
def test_a_sample_loads_and_each_of_its_keys_answers(sample: Path) -> None:
    document = yaml.load(sample.read_text(), TextDates)
    with KeytrailServer(fixtures=sample) as server:
        for key in document["keys"]:
            for place in (key, *key.get("Replicas", ())):
                where = {"account": key["Account"], "region": place.get("Region", "us-east-1")}
                metadata = post(server, "DescribeKey", {"KeyId": key["KeyId"]}, **where).json()["KeyMetadata"]
                assert metadata["KeyState"] == place.get("KeyState", "Enabled")
                assert metadata["Description"] == place.get("Description", "")
                usage = post(server, "GetKeyLastUsage", {"KeyId": key["KeyId"]}, **where)
                assert usage.status_code == 200
    assert len(SAMPLES) >= 4


def test_the_idle_key_sample_has_all_three_kinds_of_last_usage() -> None:
    # How we know: kms-behaviour C.2.
    (sample,) = (sample for sample in SAMPLES if sample.name == "idle-keys.yaml")
    readings = set()
    with KeytrailServer(fixtures=sample) as server:
        for key in post(server, "ListKeys", account="222233334444").json()["Keys"]:
            usage = post(server, "GetKeyLastUsage", {"KeyId": key["KeyId"]}, account="222233334444").json()
            younger = usage["KeyCreationDate"] == usage["TrackingStartDate"]
            readings.add("used" if usage["KeyLastUsage"] else "never used" if younger else "unknown")
    assert readings == {"used", "never used", "unknown"}


def test_the_cross_account_sample_shares_one_key_and_not_the_other() -> None:
    (sample,) = (sample for sample in SAMPLES if sample.name == "cross-account.yaml")
    with KeytrailServer(fixtures=sample) as server:
        shared, private = (
            f"arn:aws:kms:us-east-1:555566667777:key/c0ffee00-000{n}-4bbb-8bbb-00000000000{n}" for n in (1, 2)
        )
        answers = [
            post(
                server,
                "Encrypt",
                {"KeyId": key, "Plaintext": b"x"},
                account="AKIACONSUMER00000001",
                secret="consumer-secret",
            )
            for key in (shared, private)
        ]
    assert [answer.status_code for answer in answers] == [200, 400]
    assert answers[1].json()["__type"] == "AccessDeniedException"


def test_a_seed_may_have_tags_that_only_aws_sets(keytrail_clean: KeytrailServer, kms: Any) -> None:
    keytrail_clean.load({"keys": [{"KeyId": KEY, "Tags": {"aws:cloudformation:stack-name": "orders"}}]})
    [tag] = kms.list_resource_tags(KeyId=KEY)["Tags"]
    assert tag == {"TagKey": "aws:cloudformation:stack-name", "TagValue": "orders"}


def test_a_seed_may_delay_uses(keytrail_clean: KeytrailServer, kms: Any, keytrail_clock: Any) -> None:
    keytrail_clean.load({"settings": {"UsageDelay": "PT15M"}, "keys": [{"KeyId": KEY}]})
    keytrail_clock.freeze()
    kms.encrypt(KeyId=KEY, Plaintext=b"x")
    keytrail_clock.advance("PT14M59S")
    assert kms.get_key_last_usage(KeyId=KEY)["KeyLastUsage"] == {}
    keytrail_clock.advance("PT1S")
    assert kms.get_key_last_usage(KeyId=KEY)["KeyLastUsage"]["Operation"] == "Encrypt"


def test_a_seed_may_have_the_ids_of_a_last_usage(keytrail_clean: KeytrailServer, kms: Any) -> None:
    ids = {
        "CloudTrailEventId": "2cfd5892-ea8c-4342-ad49-4b9594b06a8b",
        "KmsRequestId": "040cce3e-9ef3-4651-b8cf-e47c9bafdc9b",
    }
    keytrail_clean.load(
        {"keys": [{"KeyId": KEY, "LastUsage": {"Operation": "Encrypt", "Timestamp": "1 hour ago", **ids}}]}
    )
    usage = kms.get_key_last_usage(KeyId=KEY)["KeyLastUsage"]
    assert {name: usage[name] for name in ids} == ids
    assert keytrail_clean.events(eventId=ids["CloudTrailEventId"])


# ---- Key material

STORED = {
    KEY: (
        "AQICAHiMLUdHOn3kvyiHFdX3448li27V05AIVYYZkMRWJuSm7AESNKvNEqs0zVbvEjRWeJCrAAAAbDBqBgkqhkiG9w0BBwagXTBbAgEAMFYGCSqGSIb3"
        "DQEHATAeBglghkgBZQMEAS4wEQQMoEw4jT5skzz3zJ4AAgEQgCmmV9nQdI/8FrUQAmpd46R/9hmXbykt/EwHi0GQFEFsjDBJrVBDbK+FyQ=="
    ),
    MRK: (
        "AQICAHh931FCHEUuMVrWYfvAQ0wp94NECpfKLMcQI3/vc/yZFAISNKvNEqs0zVbvEjRWeJCrAAAAbDBqBgkqhkiG9w0BBwagXTBbAgEAMFYGCSqGSIb3"
        "DQEHATAeBglghkgBZQMEAS4wEQQMglRj8xh23nqcNb91AgEQgCmNgPPiGodpaqU3DzW/iwC0af7FdDVYFcfHNCToK4p9NQKcMxA1ehoitA=="
    ),
    OTHER_KEY: (
        "AQICAHi0NGN1rRjpYYO+d8Tf+2kS9rCG0coJ9gU1BevVeeTIagEjRavNEqs0zVbvEjRWeJCrAAAAbDBqBgkqhkiG9w0BBwagXTBbAgEAMFYGCSqGSIb3"
        "DQEHATAeBglghkgBZQMEAS4wEQQMZ88HW+fDjTFAki0ZAgEQgClHGaVVOfQTwvAKRNx8c2VuGpnyg9Y1VOQ29+3lADcD/bz6Gs1/NClKUg=="
    ),
}
"""Ciphertexts of "attack at dawn", made by Encrypt of Keytrail 0.1.0 on 2026-11-24. Users have such ciphertexts in
their repositories, so a later version that cannot decrypt them says so in the changelog. The seed has the material of
the last one's key; that of the others is derived."""

CONTEXT = {"order": "17", "team": "payments"}
GIVEN = base64.b64encode(bytes(range(32))).decode()
HOLDERS = {
    "keys": [
        {"KeyId": KEY},
        {"KeyId": MRK, "Replicas": [{"Region": ELSEWHERE}]},
        {"KeyId": OTHER_KEY, "KeyMaterial": GIVEN},
    ]
}


@pytest.mark.parametrize("key", STORED)
def test_a_stored_ciphertext_decrypts_in_every_run(keytrail_clean: KeytrailServer, kms: Any, key: str) -> None:
    keytrail_clean.load(HOLDERS)
    answer = kms.decrypt(CiphertextBlob=base64.b64decode(STORED[key]), EncryptionContext=CONTEXT)
    assert (answer["Plaintext"], answer["KeyId"]) == (b"attack at dawn", key_arn(key))


def test_a_stored_ciphertext_decrypts_by_a_replica(
    keytrail_clean: KeytrailServer, keytrail_client: Callable[..., Any]
) -> None:
    keytrail_clean.load(HOLDERS)
    client = keytrail_client(region=ELSEWHERE)
    answer = client.decrypt(CiphertextBlob=base64.b64decode(STORED[MRK]), EncryptionContext=CONTEXT)
    assert answer["Plaintext"] == b"attack at dawn"


ROTATED = {"Rotation": {"Rotations": [{"RotationDate": "20 days ago"}, {"RotationDate": "10 days ago"}]}}
IMPORTED = {
    "Origin": "EXTERNAL",
    "KeyMaterials": [{}, {"RotationDate": "10 days ago"}, {"KeyMaterialState": "PENDING_ROTATION"}],
}
REPLICATED = {"Replicas": [{"Region": ELSEWHERE}]}
KINDS = {
    "plain": {"KeyId": KEY},
    "rotated": {"KeyId": KEY, **ROTATED},
    "imported": {"KeyId": KEY, **IMPORTED},
    "multi-Region": {"KeyId": MRK, **REPLICATED},
    "multi-Region, rotated": {"KeyId": MRK, **REPLICATED, **ROTATED},
    "multi-Region, imported": {"KeyId": MRK, **REPLICATED, **IMPORTED},
}


def materials_of(client: Any, key_id: str) -> set[str]:
    """The ids of all materials of a key."""
    current = client.describe_key(KeyId=key_id)["KeyMetadata"]["CurrentKeyMaterialId"]
    rotations = client.list_key_rotations(KeyId=key_id, IncludeKeyMaterial="ALL_KEY_MATERIAL")["Rotations"]
    return {current, *(rotation["KeyMaterialId"] for rotation in rotations)}


@pytest.mark.parametrize("kind", KINDS)
def test_a_key_id_in_two_accounts_has_other_materials_in_each(
    keytrail_clean: KeytrailServer, keytrail_client: Callable[..., Any], kind: str
) -> None:
    key = KINDS[kind]
    keytrail_clean.load({"keys": [{**key, "Account": account} for account in (OWNER, "444455556666")]})
    one, other = (
        materials_of(keytrail_client(account=account), str(key["KeyId"])) for account in (OWNER, "444455556666")
    )
    assert len(one) == len(other) == (1 if kind in ("plain", "multi-Region") else 3)
    assert not one & other


@pytest.mark.parametrize("kind", [kind for kind in KINDS if "multi-Region" not in kind])
def test_a_key_id_in_two_regions_has_other_materials_in_each(
    keytrail_clean: KeytrailServer, keytrail_client: Callable[..., Any], kind: str
) -> None:
    key = KINDS[kind]
    keytrail_clean.load({"keys": [key, {**key, "Region": ELSEWHERE}]})
    one, other = (materials_of(keytrail_client(region=region), KEY) for region in ("us-east-1", ELSEWHERE))
    assert len(one) == len(other) == (1 if kind in ("plain", "multi-Region") else 3)
    assert not one & other


@pytest.mark.parametrize("kind", [kind for kind in KINDS if "multi-Region" in kind])
def test_the_keys_of_a_multi_region_set_share_their_materials(
    keytrail_clean: KeytrailServer, keytrail_client: Callable[..., Any], kind: str
) -> None:
    keytrail_clean.load({"keys": [KINDS[kind]]})
    one, other = (materials_of(keytrail_client(region=region), MRK) for region in ("us-east-1", ELSEWHERE))
    assert one == other


@pytest.mark.parametrize("members", [{}, {"KeyId": KEY}], ids=["by the ciphertext", "by the own key"])
def test_a_tenant_does_not_decrypt_what_another_encrypted_under_the_same_key_id(
    keytrail_clean: KeytrailServer, keytrail_client: Callable[..., Any], members: dict[str, str]
) -> None:
    keytrail_clean.load({"keys": [{"KeyId": KEY, "Account": account} for account in (OWNER, "444455556666")]})
    blob = keytrail_client(account=OWNER).encrypt(KeyId=KEY, Plaintext=b"x")["CiphertextBlob"]
    other = keytrail_client(account="444455556666")
    code = "AccessDeniedException" if not members else "InvalidCiphertextException"
    assert refusal(other, "Decrypt", CiphertextBlob=blob, **members)[0] == code


def test_a_key_pair_too_is_of_its_account_and_region(
    keytrail_clean: KeytrailServer, keytrail_client: Callable[..., Any]
) -> None:
    key = {"KeyId": KEY, "KeySpec": "ECC_NIST_P256", "KeyUsage": "SIGN_VERIFY"}
    keytrail_clean.load({"keys": [key, {**key, "Account": OWNER}, {**key, "Region": ELSEWHERE}]})
    places: list[dict[str, str]] = [{}, {"account": OWNER}, {"region": ELSEWHERE}]
    assert len({keytrail_client(**place).get_public_key(KeyId=KEY)["PublicKey"] for place in places}) == 3


def test_the_grants_of_a_key_id_in_two_accounts_have_other_ids_and_tokens(
    keytrail_clean: KeytrailServer, keytrail_client: Callable[..., Any]
) -> None:
    grant = {"GranteePrincipal": f"arn:aws:iam::{OWNER}:role/Reader", "Operations": ["Decrypt"]}
    accounts = (OWNER, "444455556666")
    keytrail_clean.load({"keys": [{"KeyId": KEY, "Account": account, "Grants": [grant]} for account in accounts]})
    one, other = (keytrail_client(account=account).list_grants(KeyId=KEY)["Grants"] for account in accounts)
    assert one[0]["GrantId"] != other[0]["GrantId"]


@pytest.mark.parametrize("spec", ["RSA_2048", "ECC_NIST_P256", "ML_DSA_44", "HMAC_256"])
def test_a_key_of_any_spec_has_the_material_of_the_seed(
    keytrail_clean: KeytrailServer, kms: Any, keytrail_client: Callable[..., Any], spec: str
) -> None:
    """A key verifies the signatures and MACs of another key with the same material."""
    material = bytes(range(32)) if spec == "HMAC_256" else key_pair.generate(spec).private_der()
    key = {"KeyId": KEY, "KeySpec": spec, "KeyMaterial": base64.b64encode(material).decode()}
    if spec == "RSA_2048":
        key["KeyUsage"] = "SIGN_VERIFY"
    keytrail_clean.load({"keys": [key, {**key, "Account": OWNER}]})
    other, message = keytrail_client(account=OWNER), {"KeyId": KEY, "Message": b"attack at dawn"}
    if spec == "HMAC_256":
        mac = kms.generate_mac(**message, MacAlgorithm="HMAC_SHA_256")["Mac"]
        assert other.verify_mac(**message, MacAlgorithm="HMAC_SHA_256", Mac=mac)["MacValid"]
        return
    algorithm = kms.get_public_key(KeyId=KEY)["SigningAlgorithms"][0]
    signature = kms.sign(**message, SigningAlgorithm=algorithm)["Signature"]
    assert other.verify(**message, SigningAlgorithm=algorithm, Signature=signature)["SignatureValid"]


def test_material_in_a_seed_replaces_derived_material(
    keytrail_client: Callable[..., Any], keytrail_server: Any
) -> None:
    given, derived = {"KeyId": KEY, "KeyMaterial": GIVEN}, {"KeyId": KEY, "Account": OWNER}
    keytrail_server.load({"keys": [given, derived]})
    ids = {
        keytrail_client(account=account).describe_key(KeyId=KEY)["KeyMetadata"]["CurrentKeyMaterialId"]
        for account in ("000000000000", OWNER)
    }
    assert len(ids) == 2


def test_a_seed_may_have_the_materials_of_past_rotations(keytrail_clean: KeytrailServer, kms: Any) -> None:
    secrets = [bytes([number]) * 32 for number in range(3)]
    texts = [base64.b64encode(secret).decode() for secret in secrets]
    rotations = [{"RotationDate": "2 days ago"}, {"RotationDate": "1 day ago"}]
    rotation = {"Rotations": rotations, "PastKeyMaterials": texts[:2]}
    keytrail_clean.load({"keys": [{"KeyId": KEY, "KeyMaterial": texts[2], "Rotation": rotation}]})
    listed = kms.list_key_rotations(KeyId=KEY, IncludeKeyMaterial="ALL_KEY_MATERIAL")["Rotations"]
    expected = {KeyMaterial.from_secret(secret).id for secret in secrets}
    assert {each["KeyMaterialId"] for each in listed} == expected


# ---- Moments

NOW = datetime(2027, 3, 1, 12, 0, 0, tzinfo=UTC)
MOMENTS = {
    "now": NOW,
    "1 second ago": NOW - timedelta(seconds=1),
    "90 seconds ago": NOW - timedelta(seconds=90),
    "5 minutes ago": NOW - timedelta(minutes=5),
    "1 hour ago": NOW - timedelta(hours=1),
    "200 days ago": NOW - timedelta(days=200),
    "2 weeks ago": NOW - timedelta(weeks=2),
    "2024-03-01T08:00:00Z": datetime(2024, 3, 1, 8, tzinfo=UTC),
    "2024-03-01T08:00:00+02:00": datetime(2024, 3, 1, 6, tzinfo=UTC),
    "2024-03-01T08:00:00.125Z": datetime(2024, 3, 1, 8, 0, 0, 125000, tzinfo=UTC),
    "2024-03-01": datetime(2024, 3, 1, tzinfo=UTC),
}


@pytest.mark.parametrize("text", MOMENTS)
def test_a_moment_in_the_past_is_a_date_or_relative_to_the_clock(
    seed: Callable[..., Path], kms: Any, keytrail_clock: Any, text: str
) -> None:
    keytrail_clock.freeze(NOW)
    seed(f"keys: [{{KeyId: {KEY}, CreationDate: {text}}}]")
    assert kms.describe_key(KeyId=KEY)["KeyMetadata"]["CreationDate"] == MOMENTS[text]


@pytest.mark.parametrize("text", ["in 1 day", "in 10 days", "in 2 weeks", "in 36 hours"])
def test_a_moment_in_the_future_is_relative_to_the_clock(
    seed: Callable[..., Path], kms: Any, keytrail_clock: Any, text: str
) -> None:
    keytrail_clock.freeze(NOW)
    seed(f"keys: [{{KeyId: {KEY}, KeyState: PendingDeletion, DeletionDate: {text}}}]")
    _, count, unit = text.split()
    distance = timedelta(**{f"{unit.rstrip('s')}s": int(count)})
    assert kms.describe_key(KeyId=KEY)["KeyMetadata"]["DeletionDate"] == NOW + distance


# ---- Mistakes: the path inside the file, and words for what is wrong and what would be right

BAD_KEYS: Mapping[str, tuple[str, str, tuple[str, ...]]] = {
    "a member that is none": ("KeyStat: Disabled", "", ("KeyStat", "KeyState")),
    "a state that is none": ("KeyState: Asleep", ".KeyState", ("Asleep", "Enabled", "PendingDeletion")),
    "a usage that is none": ("KeyUsage: ENCRYPT", ".KeyUsage", ("ENCRYPT", "ENCRYPT_DECRYPT", "SIGN_VERIFY")),
    "an origin that is none": ("Origin: HOME", ".Origin", ("HOME", "AWS_KMS", "EXTERNAL")),
    "an account without quotes": ("Account: 111122223333", ".Account", ("quotes",)),
    "an account too short": ('Account: "1111"', ".Account", ("12 digits",)),
    "a Region that is none": ("Region: US East", ".Region", ("us-east-1",)),
    "a spec that is none": ("KeySpec: RSA_1", ".KeySpec", ("RSA_1", "RSA_2048", "SYMMETRIC_DEFAULT")),
    "a usage that the spec has not": (
        "KeySpec: HMAC_256\n    KeyUsage: SIGN_VERIFY",
        ".KeyUsage",
        ("HMAC_256", "GENERATE_VERIFY_MAC", "SIGN_VERIFY"),
    ),
    "an operation that is no use": (
        "LastUsage: {Operation: DescribeKey, Timestamp: now}",
        ".LastUsage.Operation",
        ("DescribeKey", "Decrypt", "GenerateDataKey"),
    ),
    "an operation of other keys": (
        "KeyUsage: SIGN_VERIFY\n    KeySpec: RSA_2048\n    LastUsage: {Operation: Encrypt, Timestamp: now}",
        ".LastUsage.Operation",
        ("Encrypt", "ENCRYPT_DECRYPT", "SIGN_VERIFY"),
    ),
    "a use without a moment": ("LastUsage: {Operation: Encrypt}", ".LastUsage", ("Timestamp",)),
    "a moment that is none": (
        "LastUsage: {Operation: Encrypt, Timestamp: yesterday}",
        ".LastUsage.Timestamp",
        ("yesterday", "200 days ago", "ISO 8601"),
    ),
    "a use to come": ("LastUsage: {Operation: Encrypt, Timestamp: in 1 day}", ".LastUsage.Timestamp", ("past",)),
    "a use before the creation": (
        "CreationDate: 1 day ago\n    LastUsage: {Operation: Encrypt, Timestamp: 2 days ago}",
        ".LastUsage.Timestamp",
        ("before", "CreationDate"),
    ),
    "an event id that is none": (
        "LastUsage: {Operation: Encrypt, Timestamp: now, CloudTrailEventId: seven}",
        ".LastUsage.CloudTrailEventId",
        ("UUID",),
    ),
    "a creation to come": ("CreationDate: in 3 days", ".CreationDate", ("past",)),
    "a creation that is no moment": ("CreationDate: 2024-13-01", ".CreationDate", ("2024-13-01", "ISO 8601")),
    "a deletion of a key in use": ("DeletionDate: in 3 days", ".DeletionDate", ("KeyState: PendingDeletion",)),
    "a deletion that is over": (
        "KeyState: PendingDeletion\n    DeletionDate: 3 days ago",
        ".DeletionDate",
        ("in the past", "leave the key out"),
    ),
    "an alias without its prefix": ("Aliases: [alias/good, orders]", ".Aliases[1]", ("alias/",)),
    "an alias of AWS": ("Aliases: [alias/aws/s3]", ".Aliases[0]", ("alias/aws/s3",)),
    "an alias of another key": ("Aliases: [alias/good, alias/first]", ".Aliases[1]", ("alias/first", "twice")),
    "a text for a list": ("Aliases: alias/orders", ".Aliases", ("a list",)),
    "a tag of a number": ("Tags: {team: 7}", ".Tags", ("team", "quotes")),
    "51 tags": (f"Tags: {{{', '.join(f't{number}: x' for number in range(51))}}}", ".Tags", ("Too many tags",)),
    "a description too long": (f"Description: {'d' * 8193}", ".Description", ("8192",)),
    "materials of more rotations than there are": (
        f"Rotation: {{Rotations: [{{RotationDate: 1 day ago}}], PastKeyMaterials: ['{'A' * 43}=', '{'B' * 43}=']}}",
        ".Rotation.PastKeyMaterials",
        ("expected one for each of the 1 Rotations, got 2",),
    ),
    "a past material that is none": (
        "Rotation: {Rotations: [{RotationDate: 1 day ago}], PastKeyMaterials: [AAAA]}",
        ".Rotation.PastKeyMaterials[0]",
        ("32 bytes in base64",),
    ),
    "the same material twice": (
        f"KeyMaterial: {'A' * 43}=\n    Rotation: {{Rotations: [{{RotationDate: 1 day ago}}], "
        f"PastKeyMaterials: ['{'A' * 43}=']}}",
        ".Rotation.PastKeyMaterials",
        ("different",),
    ),
    "multi-Region with a UUID": ("MultiRegion: true", ".KeyId", ("MultiRegion", "mrk-")),
    "replicas of a single-Region key": ("Replicas: [{Region: eu-west-1}]", ".Replicas", ("multi-Region", "mrk-")),
    "a policy that is none": ("Policy: '{'", ".Policy", ("MalformedPolicyDocumentException", "JSON")),
    "a policy for nobody": (
        'Policy: {Statement: [{Effect: Allow, Principal: {AWS: nobody}, Action: "kms:*", Resource: "*"}]}',
        ".Policy",
        ("invalid principals",),
    ),
    "material that is no base64": ("KeyMaterial: '!'", ".KeyMaterial", ("base64", "32 bytes")),
    "material too short": ("KeyMaterial: AAAA", ".KeyMaterial", ("base64", "32 bytes")),
    "material of an RSA key": (f"KeySpec: RSA_2048\n    KeyMaterial: {GIVEN}", ".KeyMaterial", ("RSA_2048", "PKCS #8")),
    "material of an HMAC key": (f"KeySpec: HMAC_384\n    KeyMaterial: {GIVEN}", ".KeyMaterial", ("HMAC_384", "raw")),
    "material of an SM2 key": (f"KeySpec: SM2\n    KeyMaterial: {GIVEN}", ".KeyMaterial", ("SM2", "leave it out")),
    "an import without Origin": ("KeyState: PendingImport", ".KeyState", ("Origin: EXTERNAL",)),
    "unavailable at home": ("KeyState: Unavailable", ".KeyState", ("AWS_CLOUDHSM", "EXTERNAL_KEY_STORE")),
    "waiting for no replicas": ("KeyState: PendingReplicaDeletion", ".KeyState", ("Replicas",)),
    "a window of a key in use": (
        "PendingDeletionWindowInDays: 7",
        ".PendingDeletionWindowInDays",
        ("PendingReplicaDeletion",),
    ),
}


def problems(server: KeytrailServer, file: Path) -> list[str]:
    """The problems that are reported for a bad file, of which nothing may be loaded."""
    with pytest.raises(SeedError) as caught:
        server.load(file)
    for account in ("000000000000", OWNER):
        assert post(server, "ListKeys", account=account).json()["Keys"] == []
        assert own_aliases(post(server, "ListAliases", account=account).json()["Aliases"]) == []
    assert str(caught.value).splitlines() == caught.value.problems
    return caught.value.problems


@pytest.mark.parametrize(("lines", "path", "words"), BAD_KEYS.values(), ids=BAD_KEYS)
def test_a_mistake_in_a_key_is_reported_with_file_and_path_and_what_would_be_right(
    keytrail_clean: KeytrailServer, tmp_path: Path, lines: str, path: str, words: tuple[str, ...]
) -> None:
    file = tmp_path / "bad.yaml"
    file.write_text(f"keys:\n  - KeyId: {OTHER_KEY}\n    Aliases: [alias/first]\n  - KeyId: {KEY}\n    {lines}\n")
    (problem,) = problems(keytrail_clean, file)
    assert re.match(rf"keys\[1\]{re.escape(path)}[.\[:]", problem.removeprefix(f"{file}: "))
    assert [word for word in words if word not in problem.removeprefix(str(file))] == []


CREDENTIAL = "{AccessKeyId: AKIAONE, SecretAccessKey: s, Principal: 'arn:aws:iam::111122223333:root'}"
BAD_DOCUMENTS: Mapping[str, tuple[str, str, tuple[str, ...]]] = {
    "no YAML": ("keys: [\n", "not YAML", ("line",)),
    "a tab": ("keys:\n\t- KeyId: x\n", "not YAML", ("line 2",)),
    "a member twice": (f"keys:\n  - KeyId: {KEY}\n    KeyId: {OTHER_KEY}\n", "not YAML", ("KeyId", "twice", "line 2")),
    "a list": ("[1, 2]", "", ("a mapping with", "got a list")),
    "a text": ("hello", "", ("a mapping with", "got 'hello'")),
    "a member that is none": ("key: []", "", ("key", "keys")),
    "a text for a list": ("keys: all", "keys", ("a list",)),
    "a key without an id": ("keys: [{Description: x}]", "keys[0]", ("KeyId",)),
    "an id that is none": ("keys: [{KeyId: orders}]", "keys[0].KeyId", ("UUID", "mrk-")),
    "an upper-case id": (f"keys: [{{KeyId: {KEY.upper()}}}]", "keys[0].KeyId", ("lower-case",)),
    "one key twice": (f"keys: [{{KeyId: {KEY}}}, {{KeyId: {KEY}}}]", "keys[1].KeyId", (key_arn(), "twice")),
    "two replicas in a Region": (
        f"keys: [{{KeyId: {MRK}, Replicas: [{{Region: eu-west-1}}, {{Region: eu-west-1}}]}}]",
        "keys[0].Replicas[1]",
        ("eu-west-1", "twice"),
    ),
    "a replica in another partition": (
        f"keys: [{{KeyId: {MRK}, Replicas: [{{Region: cn-north-1}}]}}]",
        "keys[0].Replicas[0].Region",
        ("cn-north-1", "partition"),
    ),
    "single-Region with an mrk-": (f"keys: [{{KeyId: {MRK}, MultiRegion: false}}]", "keys[0].KeyId", ("UUID",)),
    "a primary that goes before its replicas": (
        f"keys: [{{KeyId: {MRK}, KeyState: PendingDeletion, Replicas: [{{Region: eu-west-1}}]}}]",
        "keys[0].KeyState",
        ("PendingReplicaDeletion",),
    ),
    "a principal that is none": (
        "credentials: [{AccessKeyId: AKIAONE, SecretAccessKey: s, Principal: alice}]",
        "credentials[0].Principal",
        ("alice", "arn:aws:iam::111122223333:role/"),
    ),
    "an access key twice": (
        f"credentials: [{CREDENTIAL}, {CREDENTIAL}]",
        "credentials[1].AccessKeyId",
        ("AKIAONE", "twice"),
    ),
    "an access key of 12 digits": (
        f"credentials: [{CREDENTIAL.replace('AKIAONE', repr('123456789012'))}]",
        "credentials[0].AccessKeyId",
        ("12 digits", "choose another"),
    ),
    "an account that is none": (
        "accounts: [{Account: '1', AccessKeyIds: [AKIAONE]}]",
        "accounts[0].Account",
        ("12 digits",),
    ),
    "a delay longer than AWS's": ("settings: {UsageDelay: PT2H}", "settings.UsageDelay", ("PT1H", "PT2H")),
    "a delay that is none": ("settings: {UsageDelay: soon}", "settings.UsageDelay", ("soon", "PT15M")),
}


@pytest.mark.parametrize(("text", "path", "words"), BAD_DOCUMENTS.values(), ids=BAD_DOCUMENTS)
def test_a_mistake_in_a_document_is_reported_with_file_and_path_and_what_would_be_right(
    keytrail_clean: KeytrailServer, tmp_path: Path, text: str, path: str, words: tuple[str, ...]
) -> None:
    file = tmp_path / "bad.yaml"
    file.write_text(text)
    (problem,) = problems(keytrail_clean, file)
    assert problem.startswith(f"{file}: {path}")
    assert [word for word in words if word not in problem.removeprefix(str(file))] == []


def test_a_file_named_json_must_be_json(keytrail_clean: KeytrailServer, tmp_path: Path) -> None:
    (tmp_path / "bad.json").write_text("{'keys': []}")
    (problem,) = problems(keytrail_clean, tmp_path / "bad.json")
    assert problem.startswith(f"{tmp_path / 'bad.json'}: not JSON: ")


def test_a_missing_file_is_named(keytrail_clean: KeytrailServer, tmp_path: Path) -> None:
    (problem,) = problems(keytrail_clean, tmp_path / "missing.yaml")
    assert problem.startswith(f"{tmp_path / 'missing.yaml'}: ")
    assert "expected a readable file or folder" in problem


def test_all_mistakes_of_all_files_are_reported_and_no_file_is_loaded(
    keytrail_clean: KeytrailServer, tmp_path: Path
) -> None:
    (tmp_path / "a.yaml").write_text(
        f"keys: [{{KeyId: {KEY}, CreationDate: soon}}, {{KeyId: {MRK}, DeletionDate: now}}]"
    )
    (tmp_path / "b.yaml").write_text(f"keys: [{{KeyId: {OTHER_KEY}}}]")
    (tmp_path / "c.yaml").write_text("keys: [{KeyId: seven}]")
    told = problems(keytrail_clean, tmp_path)
    assert [line.split(": ")[:2] for line in told] == [
        [str(tmp_path / "a.yaml"), "keys[0].CreationDate"],
        [str(tmp_path / "a.yaml"), "keys[1].DeletionDate"],
        [str(tmp_path / "c.yaml"), "keys[0].KeyId"],
    ]


def test_a_bad_file_stops_the_start(tmp_path: Path) -> None:
    (tmp_path / "bad.yaml").write_text("keys: [{KeyId: seven}]")
    with pytest.raises(SeedError, match="bad"):
        KeytrailServer(fixtures=tmp_path / "bad.yaml")


def test_a_seed_whose_keys_exist_already_is_refused_as_a_whole(keytrail_clean: KeytrailServer, kms: Any) -> None:
    keytrail_clean.load({"keys": [{"KeyId": KEY}]})
    kms.create_alias(AliasName="alias/taken", TargetKeyId=KEY)
    for again in ({"KeyId": KEY}, {"KeyId": MRK, "Aliases": ["alias/taken"]}):
        with pytest.raises(SeedError, match="already exists"):
            keytrail_clean.load({"keys": [{"KeyId": OTHER_KEY, "Aliases": ["alias/new"]}, again]})
        assert [key["KeyId"] for key in kms.list_keys()["Keys"]] == [KEY]
        assert own_aliases(kms.list_aliases()["Aliases"]) == ["alias/taken"]
    assert refusal(kms, "DescribeKey", KeyId="alias/new")[0] == "NotFoundException"


# ---- The schema


def schema() -> jsonschema.Draft202012Validator:
    jsonschema.Draft202012Validator.check_schema(json_schema())
    return jsonschema.Draft202012Validator(json_schema())


@pytest.mark.parametrize("text", [DOCUMENT, *(sample.read_text() for sample in SAMPLES)])
def test_the_json_schema_accepts_what_loads(text: str) -> None:
    assert [error.message for error in schema().iter_errors(yaml.load(text, TextDates))] == []


@pytest.mark.parametrize(
    "text",
    [
        "key: []",
        "keys: [{KeyId: seven}]",
        f"keys: [{{KeyId: {KEY}, KeyState: Asleep}}]",
        f"keys: [{{KeyId: {KEY}, Account: 111122223333}}]",
        f"keys: [{{KeyId: {KEY}, LastUsage: {{Operation: DescribeKey, Timestamp: now}}}}]",
        f"keys: [{{KeyId: {KEY}, Alias: alias/x}}]",
        "credentials: [{AccessKeyId: x}]",
    ],
)
def test_the_json_schema_refuses_what_does_not(text: str) -> None:
    assert list(schema().iter_errors(yaml.load(text, TextDates)))


def test_a_member_that_a_policy_in_json_has_twice_is_refused(keytrail_clean: KeytrailServer, tmp_path: Path) -> None:
    """Readers of JSON keep the last one: a Condition that is lost would open the key."""
    statement = '{"Effect": "Allow", "Principal": "*", "Action": "kms:*", "Condition": {"Bool": {}}, "Condition": {}}'
    seed = tmp_path / "seed.json"
    seed.write_text(f'{{"keys": [{{"KeyId": "{KEY}", "Policy": {{"Statement": {statement}}}}}]}}')
    with pytest.raises(SeedError, match=r"seed.json: Condition appears twice in one object"):
        keytrail_clean.load(seed)
