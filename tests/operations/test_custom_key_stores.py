"""Create-, Describe-, Update-, Delete-, Connect- and DisconnectCustomKeyStore, and keys in custom key stores.

How we know: model and docs, unless a test says otherwise. No texts are known, so the codes are compared.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests
from botocore.exceptions import ClientError

from keytrail.seeds import SeedError
from keytrail.server import KeytrailServer
from tests.support import ACCOUNT, ELSEWHERE, FOREIGN, KEY, OTHER_KEY, REGION, client_of, invoke, key_arn, refusal

CLUSTER, OTHER_CLUSTER = "cluster-2a34b5cdefg", "cluster-3a45b6cdefg"
HSM = {
    "CustomKeyStoreName": "ledger",
    "CloudHsmClusterId": CLUSTER,
    "TrustAnchorCertificate": "certificate",
    "KeyStorePassword": "kmsPswd1",
}
SECRET = "aB3" * 15
CREDENTIAL = {"AccessKeyId": "ABCDE234567ABCDE23456", "RawSecretAccessKey": SECRET}
XKS = {
    "CustomKeyStoreName": "outside",
    "CustomKeyStoreType": "EXTERNAL_KEY_STORE",
    "XksProxyUriEndpoint": "https://xks.example.com",
    "XksProxyUriPath": "/example/kms/xks/v1",
    "XksProxyAuthenticationCredential": CREDENTIAL,
    "XksProxyConnectivity": "PUBLIC_ENDPOINT",
}
SERVICE = "com.amazonaws.vpce.us-east-1.vpce-svc-0123456789abcdef0"
VPC = {**XKS, "XksProxyConnectivity": "VPC_ENDPOINT_SERVICE", "XksProxyVpcEndpointServiceName": SERVICE}
UNKNOWN = "cks-00000000000000000"

NOT_CONNECTED = (
    "This KMS key is in a custom key store that is not connected to its external key store proxy. "
    "Connect the external key store and try the request again."
)
XKS_KEY = {"Origin": "EXTERNAL_KEY_STORE", "XksKeyId": "external-key-1"}

Control = Callable[..., requests.Response]


@pytest.fixture
def control(keytrail_clean: KeytrailServer) -> Control:
    def post(path: str, **body: object) -> requests.Response:
        return requests.post(f"{keytrail_clean.url}/_keytrail/custom-key-stores{path}", json=body, timeout=5)

    return post


def create(kms: Any, like: dict[str, Any] = HSM, **members: object) -> str:
    return str(kms.create_custom_key_store(**{**like, **members})["CustomKeyStoreId"])


def describe(kms: Any, store: str) -> dict[str, Any]:
    (entry,) = kms.describe_custom_key_stores(CustomKeyStoreId=store)["CustomKeyStores"]
    return dict(entry)


def connection(kms: Any, store: str) -> tuple[str, str | None]:
    entry = describe(kms, store)
    return entry["ConnectionState"], entry.get("ConnectionErrorCode")


def connected(kms: Any, like: dict[str, Any] = HSM, **members: object) -> str:
    store = create(kms, like, **members)
    kms.connect_custom_key_store(CustomKeyStoreId=store)
    return store


def make_key(kms: Any, store: str, **members: object) -> str:
    members = {"Origin": "AWS_CLOUDHSM", **members}
    return str(kms.create_key(CustomKeyStoreId=store, **members)["KeyMetadata"]["KeyId"])


def key_state(kms: Any, key: str) -> str:
    return str(kms.describe_key(KeyId=key)["KeyMetadata"]["KeyState"])


def code(kms: Any, operation: str, **members: object) -> str:
    return refusal(kms, operation, **members)[0]


# ---- Shape


def test_a_cloudhsm_key_store_is_described_with_its_cluster(kms: Any) -> None:
    store = create(kms)
    entry = describe(kms, store)
    assert abs(entry.pop("CreationDate") - datetime.now(UTC)) < timedelta(minutes=1)
    assert entry == {
        "CustomKeyStoreId": store,
        "CustomKeyStoreName": "ledger",
        "CustomKeyStoreType": "AWS_CLOUDHSM",
        "CloudHsmClusterId": CLUSTER,
        "TrustAnchorCertificate": "certificate",
        "ConnectionState": "DISCONNECTED",
    }
    assert len(store) == len("cks-") + 17


@pytest.mark.parametrize(
    ("like", "owner", "proxy"),
    [
        (XKS, {}, {"Connectivity": "PUBLIC_ENDPOINT"}),
        (
            VPC,
            {},
            {
                "Connectivity": "VPC_ENDPOINT_SERVICE",
                "VpcEndpointServiceName": SERVICE,
                "VpcEndpointServiceOwner": ACCOUNT,
            },
        ),
        (
            VPC,
            {"XksProxyVpcEndpointServiceOwner": FOREIGN},
            {
                "Connectivity": "VPC_ENDPOINT_SERVICE",
                "VpcEndpointServiceName": SERVICE,
                "VpcEndpointServiceOwner": FOREIGN,
            },
        ),
    ],
)
def test_an_external_key_store_is_described_with_its_proxy_and_without_its_secret(
    like: dict[str, Any], owner: dict[str, str], proxy: dict[str, str], kms: Any
) -> None:
    entry = describe(kms, create(kms, like, **owner))
    assert entry["XksProxyConfiguration"] == {
        "AccessKeyId": CREDENTIAL["AccessKeyId"],
        "UriEndpoint": "https://xks.example.com",
        "UriPath": "/example/kms/xks/v1",
        **proxy,
    }
    assert entry["CustomKeyStoreType"] == "EXTERNAL_KEY_STORE"
    assert not {"CloudHsmClusterId", "TrustAnchorCertificate"} & set(entry)


def test_stores_are_listed_by_page_by_id_and_by_name(kms: Any) -> None:
    stores = [create(kms, CustomKeyStoreName=f"s{at}", CloudHsmClusterId=f"{CLUSTER}{at + 2}") for at in range(5)]
    first = kms.describe_custom_key_stores(Limit=3)
    second = kms.describe_custom_key_stores(Limit=3, Marker=first["NextMarker"])
    assert (first["Truncated"], second["Truncated"]) == (True, False)
    assert "NextMarker" not in second
    listed = [entry["CustomKeyStoreId"] for page in (first, second) for entry in page["CustomKeyStores"]]
    assert sorted(listed) == sorted(stores)
    named = kms.describe_custom_key_stores(CustomKeyStoreName="s2")["CustomKeyStores"]
    assert [entry["CustomKeyStoreId"] for entry in named] == [stores[2]]
    assert code(kms, "DescribeCustomKeyStores", Marker=first["NextMarker"], CustomKeyStoreName="s2") == (
        "InvalidMarkerException"
    )


def test_a_key_in_a_cloudhsm_key_store_is_described_with_its_store_and_cluster(kms: Any) -> None:
    store = connected(kms)
    made = kms.create_key(CustomKeyStoreId=store, Origin="AWS_CLOUDHSM")["KeyMetadata"]
    assert (made["CustomKeyStoreId"], made["CloudHsmClusterId"], made["Origin"]) == (store, CLUSTER, "AWS_CLOUDHSM")
    assert made["KeyState"] == "Enabled"
    assert not {"CurrentKeyMaterialId", "XksKeyConfiguration"} & set(made)
    assert kms.describe_key(KeyId=made["KeyId"])["KeyMetadata"] == made


def test_a_key_in_an_external_key_store_is_described_with_its_external_key(kms: Any) -> None:
    store = connected(kms, XKS)
    made = kms.create_key(CustomKeyStoreId=store, **XKS_KEY)["KeyMetadata"]
    assert (made["CustomKeyStoreId"], made["XksKeyConfiguration"]) == (store, {"Id": "external-key-1"})
    assert not {"CurrentKeyMaterialId", "CloudHsmClusterId"} & set(made)


# ---- Rules: the connection


def test_a_store_connects_and_disconnects_and_its_keys_follow(kms: Any) -> None:
    store = connected(kms)
    enabled, disabled, doomed = (make_key(kms, store) for _ in range(3))
    kms.disable_key(KeyId=disabled)
    kms.schedule_key_deletion(KeyId=doomed)
    keys = (enabled, disabled, doomed)
    assert [key_state(kms, key) for key in keys] == ["Enabled", "Disabled", "PendingDeletion"]
    kms.disconnect_custom_key_store(CustomKeyStoreId=store)
    assert connection(kms, store) == ("DISCONNECTED", None)
    assert [key_state(kms, key) for key in keys] == ["Unavailable", "Unavailable", "PendingDeletion"]
    kms.connect_custom_key_store(CustomKeyStoreId=store)
    assert connection(kms, store) == ("CONNECTED", None)
    assert [key_state(kms, key) for key in keys] == ["Enabled", "Disabled", "PendingDeletion"]


@pytest.mark.parametrize(
    ("operation", "after"),
    [("DisableKey", "Disabled"), ("EnableKey", "Enabled"), ("CancelKeyDeletion", "Disabled")],
)
def test_a_change_of_an_unavailable_key_shows_once_its_store_is_connected(operation: str, after: str, kms: Any) -> None:
    """How we know: kms-behaviour D.1, 12 and 13."""
    store = connected(kms)
    key = make_key(kms, store)
    if operation == "EnableKey":
        kms.disable_key(KeyId=key)
    kms.disconnect_custom_key_store(CustomKeyStoreId=store)
    if operation == "CancelKeyDeletion":
        kms.schedule_key_deletion(KeyId=key)
        assert key_state(kms, key) == "PendingDeletion"
    invoke(kms, operation, KeyId=key)
    assert key_state(kms, key) == "Unavailable"
    kms.connect_custom_key_store(CustomKeyStoreId=store)
    assert key_state(kms, key) == after


def test_connecting_and_disconnecting_take_as_long_as_transitions_do() -> None:
    with KeytrailServer(transition_time="PT10M") as server:
        kms = client_of(server)
        server.clock.freeze("2027-01-01T00:00:00Z")
        store = connected(kms)
        assert connection(kms, store) == ("CONNECTING", None)
        assert code(kms, "CreateKey", CustomKeyStoreId=store, Origin="AWS_CLOUDHSM") == (
            "CustomKeyStoreInvalidStateException"
        )
        kms.connect_custom_key_store(CustomKeyStoreId=store)  # once more: it is under way
        server.clock.advance("PT10M")
        assert connection(kms, store) == ("CONNECTED", None)
        key = make_key(kms, store)
        kms.disconnect_custom_key_store(CustomKeyStoreId=store)
        assert connection(kms, store) == ("DISCONNECTING", None)
        assert key_state(kms, key) == "Unavailable"
        server.clock.advance("PT10M")
        assert connection(kms, store) == ("DISCONNECTED", None)
        kms.connect_custom_key_store(CustomKeyStoreId=store)
        kms.disconnect_custom_key_store(CustomKeyStoreId=store)  # changed one's mind
        server.clock.advance("PT10M")
        assert connection(kms, store) == ("DISCONNECTED", None)


CONNECT = {"CONNECTED", "CONNECTING", "DISCONNECTED"}
DISCONNECT = {"CONNECTED", "CONNECTING", "FAILED"}


@pytest.mark.parametrize("state", ["CONNECTED", "CONNECTING", "DISCONNECTED", "DISCONNECTING", "FAILED"])
@pytest.mark.parametrize(
    ("operation", "valid"),
    [
        ("ConnectCustomKeyStore", CONNECT),
        ("DisconnectCustomKeyStore", DISCONNECT),
        ("DeleteCustomKeyStore", {"DISCONNECTED"}),
    ],
)
def test_an_operation_is_valid_in_some_states_of_the_connection(operation: str, valid: set[str], state: str) -> None:
    ready = state if not state.endswith("ING") else {"CONNECTING": "DISCONNECTED", "DISCONNECTING": "CONNECTED"}[state]
    seed = {"CustomKeyStoreId": UNKNOWN, "ConnectionState": ready}
    with KeytrailServer(transition_time="PT10M", fixtures={"customKeyStores": [seed]}) as server:
        kms = client_of(server)
        if state == "CONNECTING":
            kms.connect_custom_key_store(CustomKeyStoreId=UNKNOWN)
        elif state == "DISCONNECTING":
            kms.disconnect_custom_key_store(CustomKeyStoreId=UNKNOWN)
        assert connection(kms, UNKNOWN)[0] == state
        if state in valid:
            invoke(kms, operation, CustomKeyStoreId=UNKNOWN)
        else:
            assert code(kms, operation, CustomKeyStoreId=UNKNOWN) == "CustomKeyStoreInvalidStateException"
            assert connection(kms, UNKNOWN)[0] == state


def test_an_attempt_to_connect_fails_as_the_control_api_says(kms: Any, control: Control) -> None:
    store = connected(kms)
    key = make_key(kms, store)
    kms.disconnect_custom_key_store(CustomKeyStoreId=store)
    assert control(f"/{store}", ConnectionErrorCode="SUBNET_NOT_FOUND").status_code == 200
    for _ in range(2):
        kms.connect_custom_key_store(CustomKeyStoreId=store)
        assert connection(kms, store) == ("FAILED", "SUBNET_NOT_FOUND")
        assert key_state(kms, key) == "Unavailable"
        kms.disconnect_custom_key_store(CustomKeyStoreId=store)
        assert connection(kms, store) == ("DISCONNECTED", None)
    assert control(f"/{store}", ConnectionErrorCode=None).status_code == 200
    kms.connect_custom_key_store(CustomKeyStoreId=store)
    assert connection(kms, store) == ("CONNECTED", None)
    assert key_state(kms, key) == "Enabled"


REMEDIES = [
    ("INVALID_CREDENTIALS", HSM, {"KeyStorePassword": "kmsPswd2"}),
    ("USER_LOCKED_OUT", HSM, {"KeyStorePassword": "kmsPswd2"}),
    ("CLUSTER_NOT_FOUND", HSM, {"CloudHsmClusterId": OTHER_CLUSTER}),
    ("XKS_PROXY_ACCESS_DENIED", XKS, {"XksProxyAuthenticationCredential": CREDENTIAL}),
    ("XKS_PROXY_NOT_REACHABLE", XKS, {"XksProxyUriEndpoint": "https://other.example.com"}),
    ("XKS_PROXY_NOT_REACHABLE", XKS, {"XksProxyUriPath": "/kms/xks/v1"}),
    ("XKS_VPC_ENDPOINT_SERVICE_NOT_FOUND", VPC, {"XksProxyVpcEndpointServiceName": SERVICE + "1"}),
]


@pytest.mark.parametrize(("failure", "like", "remedy"), REMEDIES, ids=lambda value: str(value)[:40])
def test_a_failure_is_over_once_an_update_gives_what_was_wrong_with_the_store(
    failure: str, like: dict[str, Any], remedy: dict[str, Any], kms: Any, control: Control
) -> None:
    """How we know: AWS docs, the remedies in "Troubleshooting a custom key store"."""
    store = create(kms, like)
    control(f"/{store}", ConnectionErrorCode=failure)
    kms.connect_custom_key_store(CustomKeyStoreId=store)
    assert connection(kms, store) == ("FAILED", failure)
    kms.disconnect_custom_key_store(CustomKeyStoreId=store)
    kms.update_custom_key_store(CustomKeyStoreId=store, NewCustomKeyStoreName="another name")
    kms.connect_custom_key_store(CustomKeyStoreId=store)
    assert connection(kms, store) == ("FAILED", failure), "a name puts nothing right"
    kms.disconnect_custom_key_store(CustomKeyStoreId=store)
    kms.update_custom_key_store(CustomKeyStoreId=store, **remedy)
    kms.connect_custom_key_store(CustomKeyStoreId=store)
    assert connection(kms, store) == ("CONNECTED", None)


# ---- Rules: keys


@pytest.mark.parametrize(("like", "members"), [(HSM, {"Origin": "AWS_CLOUDHSM"}), (XKS, XKS_KEY)])
def test_a_key_encrypts_while_its_store_is_connected(like: dict[str, Any], members: dict[str, str], kms: Any) -> None:
    store = connected(kms, like)
    key = make_key(kms, store, **members)
    blob = kms.encrypt(KeyId=key, Plaintext=b"secret")["CiphertextBlob"]
    answer = kms.decrypt(CiphertextBlob=blob)
    assert (answer["Plaintext"], answer["KeyId"]) == (b"secret", key_arn(key))
    assert "KeyMaterialId" not in answer
    data_key = kms.generate_data_key(KeyId=key, KeySpec="AES_256")
    assert kms.decrypt(CiphertextBlob=data_key["CiphertextBlob"])["Plaintext"] == data_key["Plaintext"]
    kms.disconnect_custom_key_store(CustomKeyStoreId=store)
    words = f"{key_arn(key)} is unavailable." if like is HSM else NOT_CONNECTED
    unavailable = ("KMSInvalidStateException", words)
    assert refusal(kms, "Encrypt", KeyId=key, Plaintext=b"x") == unavailable
    assert refusal(kms, "Decrypt", CiphertextBlob=blob) == unavailable
    kms.connect_custom_key_store(CustomKeyStoreId=store)
    assert kms.decrypt(CiphertextBlob=blob)["Plaintext"] == b"secret"


def test_a_re_encrypt_moves_a_ciphertext_out_of_a_custom_key_store(kms: Any) -> None:
    key, other = make_key(kms, connected(kms)), kms.create_key()["KeyMetadata"]
    blob = kms.encrypt(KeyId=key, Plaintext=b"secret")["CiphertextBlob"]
    answer = kms.re_encrypt(CiphertextBlob=blob, DestinationKeyId=other["KeyId"])
    assert answer["DestinationKeyMaterialId"] == other["CurrentKeyMaterialId"]
    assert "SourceKeyMaterialId" not in answer
    assert kms.decrypt(CiphertextBlob=answer["CiphertextBlob"])["Plaintext"] == b"secret"


@pytest.mark.parametrize(
    ("like", "members", "told"),
    [
        (HSM, {"Origin": "AWS_CLOUDHSM"}, {"customKeyStoreId", "backingKeyId"}),
        (XKS, XKS_KEY, {"customKeyStoreId", "xksKeyId"}),
    ],
)
def test_the_trail_shows_the_key_behind_a_key(
    like: dict[str, Any], members: dict[str, str], told: set[str], kms: Any, keytrail_clean: KeytrailServer
) -> None:
    # How we know: docs/kms-behaviour/cloudtrail-shapes.json; of a failed call, an external key is told all the same.
    store = connected(kms, like)
    key = make_key(kms, store, **members)
    kms.encrypt(KeyId=key, Plaintext=b"x")
    kms.disconnect_custom_key_store(CustomKeyStoreId=store)
    assert code(kms, "Encrypt", KeyId=key, Plaintext=b"x") == "KMSInvalidStateException"
    good, bad = keytrail_clean.events(eventName="Encrypt")
    assert set(good["additionalEventData"]) == told
    assert good["additionalEventData"]["customKeyStoreId"] == store
    if "xksKeyId" in told:
        assert bad["additionalEventData"] == good["additionalEventData"]
        assert good["additionalEventData"]["xksKeyId"] == "external-key-1"
    else:
        assert "additionalEventData" not in bad


@pytest.mark.parametrize("operation", ["RotateKeyOnDemand", "EnableKeyRotation", "GetKeyRotationStatus"])
def test_a_key_in_a_store_is_not_rotated(operation: str, kms: Any) -> None:
    key = make_key(kms, connected(kms))
    assert code(kms, operation, KeyId=key) == "UnsupportedOperationException"


def test_random_bytes_come_from_a_connected_cloudhsm_key_store_alone(kms: Any) -> None:
    store, outside = connected(kms), connected(kms, XKS)
    assert len(kms.generate_random(NumberOfBytes=24, CustomKeyStoreId=store)["Plaintext"]) == 24
    asked = {"NumberOfBytes": 24}
    assert code(kms, "GenerateRandom", CustomKeyStoreId=outside, **asked) == "UnsupportedOperationException"
    kms.disconnect_custom_key_store(CustomKeyStoreId=store)
    assert code(kms, "GenerateRandom", CustomKeyStoreId=store, **asked) == "CustomKeyStoreInvalidStateException"


def test_a_store_is_deleted_once_its_last_key_is(kms: Any, keytrail_clock: Any) -> None:
    store = connected(kms, XKS)
    key = make_key(kms, store, **XKS_KEY)
    kms.disconnect_custom_key_store(CustomKeyStoreId=store)
    assert code(kms, "DeleteCustomKeyStore", CustomKeyStoreId=store) == "CustomKeyStoreHasCMKsException"
    kms.schedule_key_deletion(KeyId=key, PendingWindowInDays=7)
    assert code(kms, "DeleteCustomKeyStore", CustomKeyStoreId=store) == "CustomKeyStoreHasCMKsException"
    keytrail_clock.advance(days=7)
    kms.delete_custom_key_store(CustomKeyStoreId=store)
    assert kms.describe_custom_key_stores()["CustomKeyStores"] == []
    assert create(kms, XKS)  # name and proxy are free again


def test_an_external_key_is_behind_one_key_of_its_store(kms: Any, keytrail_clock: Any) -> None:
    store = connected(kms, XKS)
    other = connected(kms, XKS, CustomKeyStoreName="other", XksProxyUriPath="/other/kms/xks/v1")
    key = make_key(kms, store, **XKS_KEY)
    assert code(kms, "CreateKey", CustomKeyStoreId=store, **XKS_KEY) == "XksKeyAlreadyInUseException"
    make_key(kms, other, **XKS_KEY)
    kms.schedule_key_deletion(KeyId=key, PendingWindowInDays=7)
    keytrail_clock.advance(days=7)
    make_key(kms, store, **XKS_KEY)


# ---- Rules: updates


@pytest.mark.parametrize(
    ("like", "members", "member", "value"),
    [
        (HSM, {"NewCustomKeyStoreName": "journal"}, "CustomKeyStoreName", "journal"),
        (HSM, {"CloudHsmClusterId": OTHER_CLUSTER}, "CloudHsmClusterId", OTHER_CLUSTER),
        (XKS, {"XksProxyUriEndpoint": "https://other.example.com"}, "UriEndpoint", "https://other.example.com"),
        (XKS, {"XksProxyUriPath": "/kms/xks/v1"}, "UriPath", "/kms/xks/v1"),
        (
            XKS,
            {"XksProxyAuthenticationCredential": {**CREDENTIAL, "AccessKeyId": "Z" * 20}},
            "AccessKeyId",
            "Z" * 20,
        ),
        (VPC, {"XksProxyVpcEndpointServiceName": SERVICE + "1"}, "VpcEndpointServiceName", SERVICE + "1"),
        (VPC, {"XksProxyVpcEndpointServiceOwner": FOREIGN}, "VpcEndpointServiceOwner", FOREIGN),
    ],
)
def test_an_update_changes_what_it_names(
    like: dict[str, Any], members: dict[str, Any], member: str, value: str, kms: Any
) -> None:
    store = create(kms, like)
    before = describe(kms, store)
    assert kms.update_custom_key_store(CustomKeyStoreId=store, **members)["ResponseMetadata"]["HTTPStatusCode"] == 200
    after = describe(kms, store)
    inner = after if member in after else after["XksProxyConfiguration"]
    assert inner[member] == value
    (before if member in before else before["XksProxyConfiguration"])[member] = value
    assert after == before


def test_the_connectivity_changes_with_an_endpoint_and_a_service(kms: Any) -> None:
    store = create(kms, XKS)
    private = {"XksProxyConnectivity": "VPC_ENDPOINT_SERVICE", "XksProxyUriEndpoint": "https://private.example.com"}
    assert code(kms, "UpdateCustomKeyStore", CustomKeyStoreId=store, **private) == "ValidationException"
    kms.update_custom_key_store(CustomKeyStoreId=store, XksProxyVpcEndpointServiceName=SERVICE, **private)
    assert describe(kms, store)["XksProxyConfiguration"]["VpcEndpointServiceOwner"] == ACCOUNT
    public = {"XksProxyConnectivity": "PUBLIC_ENDPOINT"}
    assert code(kms, "UpdateCustomKeyStore", CustomKeyStoreId=store, **public) == "ValidationException"
    kms.update_custom_key_store(CustomKeyStoreId=store, XksProxyUriEndpoint="https://xks.example.com", **public)
    proxy = describe(kms, store)["XksProxyConfiguration"]
    assert not {"VpcEndpointServiceName", "VpcEndpointServiceOwner"} & set(proxy)


@pytest.mark.parametrize(
    ("like", "members", "works"),
    [
        (HSM, {"NewCustomKeyStoreName": "journal"}, True),
        (HSM, {"KeyStorePassword": "kmsPswd2"}, False),
        (HSM, {"CloudHsmClusterId": OTHER_CLUSTER}, False),
        (HSM, {"NewCustomKeyStoreName": "journal", "KeyStorePassword": "kmsPswd2"}, False),
        (XKS, {"XksProxyUriPath": "/kms/xks/v1"}, True),
        (XKS, {"XksProxyAuthenticationCredential": CREDENTIAL}, True),
        (XKS, {"XksProxyUriEndpoint": "https://other.example.com"}, False),
        (VPC, {"XksProxyVpcEndpointServiceName": SERVICE + "1"}, False),
        (VPC, {"XksProxyVpcEndpointServiceOwner": FOREIGN}, False),
    ],
)
def test_some_members_change_while_the_store_is_connected(
    like: dict[str, Any], members: dict[str, Any], works: bool, kms: Any
) -> None:
    store = connected(kms, like)
    if works:
        kms.update_custom_key_store(CustomKeyStoreId=store, **members)
    else:
        before = describe(kms, store)
        assert code(kms, "UpdateCustomKeyStore", CustomKeyStoreId=store, **members) == (
            "CustomKeyStoreInvalidStateException"
        )
        assert describe(kms, store) == before


# ---- Rules: secrets


def test_no_password_and_no_secret_is_in_the_trail(kms: Any, keytrail_clean: KeytrailServer) -> None:
    store, outside = create(kms), create(kms, XKS)
    kms.update_custom_key_store(CustomKeyStoreId=store, KeyStorePassword="kmsPswd2")
    kms.update_custom_key_store(CustomKeyStoreId=outside, XksProxyAuthenticationCredential=CREDENTIAL)
    code(kms, "CreateCustomKeyStore", **HSM)
    code(kms, "CreateCustomKeyStore", **{**HSM, "CustomKeyStoreType": "EXTERNAL_KEY_STORE"})
    code(
        kms,
        "CreateCustomKeyStore",
        **{**XKS, "XksProxyAuthenticationCredential": {**CREDENTIAL, "AccessKeyId": "a" * 20}},
    )
    text = str(keytrail_clean.events())
    assert "ledger" in text
    assert "outside" in text
    for secret in ("kmsPswd", SECRET):
        assert secret not in text


def test_the_trail_shows_the_deletion_behind_a_cloudhsm_key(
    kms: Any, keytrail_clean: KeytrailServer, keytrail_clock: Any
) -> None:
    """How we know: docs/kms-behaviour/cloudtrail-shapes.json, DeleteKey; kms-behaviour G.2 for keyHandle."""
    store = connected(kms)
    key, outside = make_key(kms, store), make_key(kms, connected(kms, XKS), **XKS_KEY)
    kms.encrypt(KeyId=key, Plaintext=b"x")
    (use,) = keytrail_clean.events(eventName="Encrypt")
    for doomed in (key, outside):
        kms.schedule_key_deletion(KeyId=doomed, PendingWindowInDays=7)
    backing = {"backingKeyId": use["additionalEventData"]["backingKeyId"]}
    (made, _) = (record.get("additionalEventData") for record in keytrail_clean.events(eventName="CreateKey"))
    handled = json.loads(made["backingKey"])
    assert list(handled) == ["keyHandle", "backingKeyId"]
    assert handled["backingKeyId"] == backing["backingKeyId"]
    (planned, of_proxy) = (
        record.get("additionalEventData") for record in keytrail_clean.events(eventName="ScheduleKeyDeletion")
    )
    assert list(planned) == ["customKeyStoreId", "clusterId", "backingKeys"]
    assert json.loads(planned["backingKeys"]) == [handled]
    assert of_proxy is None
    keytrail_clock.advance(days=7)
    told = {record["resources"][0]["ARN"]: record for record in keytrail_clean.events(eventName="DeleteKey")}
    data = told[key_arn(key)]["additionalEventData"]
    assert (data["customKeyStoreId"], data["clusterId"]) == (store, CLUSTER)
    assert json.loads(data["backingKeys"]) == [backing]
    assert json.loads(data["backingKeysDeletionStatus"]) == [{**backing, "deletionStatus": "SUCCESS"}]
    assert "additionalEventData" not in told[key_arn(outside)]


def test_the_trail_shows_the_name_and_the_cluster_of_a_store(kms: Any, keytrail_clean: KeytrailServer) -> None:
    """How we know: docs/kms-behaviour/cloudtrail-shapes.json."""
    store = connected(kms)
    (made,) = keytrail_clean.events(eventName="CreateCustomKeyStore")
    assert made["requestParameters"] == {"customKeyStoreName": "ledger", "clusterId": CLUSTER}
    assert made["responseElements"] == {"customKeyStoreId": store}
    (event,) = keytrail_clean.events(eventName="ConnectCustomKeyStore")
    assert event["additionalEventData"] == {"customKeyStoreName": "ledger", "clusterId": CLUSTER}
    assert "resources" not in event


# ---- Refusals


@pytest.mark.parametrize(
    "operation",
    [
        "ConnectCustomKeyStore",
        "DeleteCustomKeyStore",
        "DescribeCustomKeyStores",
        "DisconnectCustomKeyStore",
        "UpdateCustomKeyStore",
    ],
)
def test_an_unknown_store_is_not_found_and_there_are_no_words(
    operation: str, kms: Any, keytrail_client: Callable[..., Any]
) -> None:
    """How we know: recorded, for GenerateRandom. Nobody meets a store of another account or Region."""
    store = create(kms)
    assert refusal(kms, operation, CustomKeyStoreId=UNKNOWN) == ("CustomKeyStoreNotFoundException", "")
    for client in (keytrail_client(account=FOREIGN), keytrail_client(region=ELSEWHERE)):
        assert refusal(client, operation, CustomKeyStoreId=store) == ("CustomKeyStoreNotFoundException", "")


def test_an_unknown_name_is_not_found_and_an_id_and_a_name_are_too_many(kms: Any) -> None:
    asked = {"CustomKeyStoreName": "nobody"}
    assert code(kms, "DescribeCustomKeyStores", **asked) == "CustomKeyStoreNotFoundException"
    assert code(kms, "DescribeCustomKeyStores", CustomKeyStoreId=create(kms), **asked) == "ValidationException"


def without(like: dict[str, Any], member: str) -> dict[str, Any]:
    return {name: value for name, value in like.items() if name != member}


INCOMPLETE = {
    **{f"{member} of a cluster": without(HSM, member) for member in HSM if member != "CustomKeyStoreName"},
    **{f"{member} of a proxy": without(XKS, member) for member in XKS if member.startswith("XksProxy")},
    "service of a private proxy": without(VPC, "XksProxyVpcEndpointServiceName"),
    "a proxy for a cluster": {**HSM, "XksProxyUriPath": "/kms/xks/v1"},
    "a cluster for a proxy": {**XKS, "CloudHsmClusterId": CLUSTER},
    "a password for a proxy": {**XKS, "KeyStorePassword": "kmsPswd1"},
    "a service of a public proxy": {**XKS, "XksProxyVpcEndpointServiceName": SERVICE},
    "an owner of a public proxy": {**XKS, "XksProxyVpcEndpointServiceOwner": FOREIGN},
}


@pytest.mark.parametrize("members", INCOMPLETE.values(), ids=INCOMPLETE)
def test_a_store_has_what_its_type_needs_and_nothing_else(members: dict[str, Any], kms: Any) -> None:
    assert code(kms, "CreateCustomKeyStore", **members) == "ValidationException"
    assert kms.describe_custom_key_stores()["CustomKeyStores"] == []


SHARED = [
    (HSM, {**HSM, "CloudHsmClusterId": OTHER_CLUSTER}, "CustomKeyStoreNameInUseException"),
    (HSM, {**HSM, "CustomKeyStoreName": "other"}, "CloudHsmClusterInUseException"),
    (XKS, {**XKS, "CustomKeyStoreName": "other"}, "XksProxyUriInUseException"),
    (
        VPC,
        {**VPC, "CustomKeyStoreName": "other", "XksProxyUriEndpoint": "https://other.example.com"},
        "XksProxyVpcEndpointServiceInUseException",
    ),
    (
        VPC,
        {**VPC, "CustomKeyStoreName": "other", "XksProxyVpcEndpointServiceName": SERVICE + "1"},
        "XksProxyUriEndpointInUseException",
    ),
    (VPC, {**XKS, "CustomKeyStoreName": "other"}, "XksProxyUriEndpointInUseException"),
    (XKS, {**XKS, "CustomKeyStoreName": "other", "XksProxyUriPath": "/other/kms/xks/v1"}, None),
]


@pytest.mark.parametrize(("one", "other", "error"), SHARED)
def test_stores_share_neither_name_nor_what_backs_them(
    one: dict[str, Any], other: dict[str, Any], error: str | None, kms: Any, keytrail_client: Callable[..., Any]
) -> None:
    create(kms, one)
    if error is None:
        create(kms, other)
    else:
        assert code(kms, "CreateCustomKeyStore", **other) == error
    create(keytrail_client(region=ELSEWHERE), other)
    create(keytrail_client(account=FOREIGN), other)


def test_an_update_does_not_take_what_another_store_has(kms: Any) -> None:
    create(kms)
    store = create(kms, CustomKeyStoreName="other", CloudHsmClusterId=OTHER_CLUSTER)
    for members, error in (
        ({"NewCustomKeyStoreName": "ledger"}, "CustomKeyStoreNameInUseException"),
        ({"CloudHsmClusterId": CLUSTER}, "CloudHsmClusterInUseException"),
        ({"XksProxyUriPath": "/kms/xks/v1"}, "ValidationException"),
    ):
        before = describe(kms, store)
        assert code(kms, "UpdateCustomKeyStore", CustomKeyStoreId=store, **members) == error
        assert describe(kms, store) == before


def test_an_account_has_ten_stores_in_a_region(kms: Any) -> None:
    for at in range(10):
        create(kms, CustomKeyStoreName=f"s{at}", CloudHsmClusterId=f"{CLUSTER}{'abcdefghij'[at]}")
    assert code(kms, "CreateCustomKeyStore", **HSM) == "LimitExceededException"


BACKING = {
    "CloudHsmClusterNotFoundException": ("CloudHsmClusterId", CLUSTER),
    "CloudHsmClusterNotActiveException": ("CloudHsmClusterId", CLUSTER),
    "CloudHsmClusterInvalidConfigurationException": ("CloudHsmClusterId", CLUSTER),
    "IncorrectTrustAnchorException": ("CloudHsmClusterId", CLUSTER),
    "XksProxyUriUnreachableException": ("XksProxyUriEndpoint", XKS["XksProxyUriEndpoint"]),
    "XksProxyIncorrectAuthenticationCredentialException": ("XksProxyUriEndpoint", XKS["XksProxyUriEndpoint"]),
    "XksProxyInvalidResponseException": ("XksProxyUriEndpoint", XKS["XksProxyUriEndpoint"]),
    "XksProxyInvalidConfigurationException": ("XksProxyUriEndpoint", XKS["XksProxyUriEndpoint"]),
    "XksProxyVpcEndpointServiceNotFoundException": ("XksProxyVpcEndpointServiceName", SERVICE),
    "XksProxyVpcEndpointServiceInvalidConfigurationException": ("XksProxyVpcEndpointServiceName", SERVICE),
}


@pytest.mark.parametrize("error", BACKING)
def test_creation_meets_what_is_wrong_with_what_backs_the_store(error: str, kms: Any, control: Control) -> None:
    member, name = BACKING[error]
    like = {"CloudHsmClusterId": HSM, "XksProxyUriEndpoint": XKS, "XksProxyVpcEndpointServiceName": VPC}[member]
    assert control("", **{member: name, "Error": error}).json() == {member: name, "Error": error}
    assert code(kms, "CreateCustomKeyStore", **like) == error
    assert kms.describe_custom_key_stores()["CustomKeyStores"] == []
    control("", **{member: name, "Error": None})
    create(kms, like)


@pytest.mark.parametrize("error", ["CloudHsmClusterNotActiveException", "CloudHsmClusterInvalidConfigurationException"])
def test_connecting_meets_what_is_wrong_with_the_cluster(error: str, kms: Any, control: Control) -> None:
    store = create(kms)
    control("", CloudHsmClusterId=CLUSTER, Error=error)
    assert code(kms, "ConnectCustomKeyStore", CustomKeyStoreId=store) == error
    assert connection(kms, store) == ("DISCONNECTED", None)


def test_an_update_meets_a_cluster_of_another_kin(kms: Any, control: Control) -> None:
    store = create(kms)
    control("", CloudHsmClusterId=OTHER_CLUSTER, Error="CloudHsmClusterNotRelatedException")
    asked = {"CustomKeyStoreId": store, "CloudHsmClusterId": OTHER_CLUSTER}
    assert code(kms, "UpdateCustomKeyStore", **asked) == "CloudHsmClusterNotRelatedException"


@pytest.mark.parametrize("error", ["XksKeyNotFoundException", "XksKeyInvalidConfigurationException"])
def test_a_key_meets_what_is_wrong_with_its_external_key(error: str, kms: Any, control: Control) -> None:
    store = connected(kms, XKS)
    control("", XksKeyId="external-key-1", Error=error)
    assert code(kms, "CreateKey", CustomKeyStoreId=store, **XKS_KEY) == error
    make_key(kms, store, **{**XKS_KEY, "XksKeyId": "external-key-2"})


def test_a_key_meets_a_cluster_with_too_few_hsms(kms: Any, control: Control) -> None:
    store, error = connected(kms), "CloudHsmClusterInvalidConfigurationException"
    control("", CloudHsmClusterId=CLUSTER, Error=error)
    assert code(kms, "CreateKey", CustomKeyStoreId=store, Origin="AWS_CLOUDHSM") == error


@pytest.mark.parametrize("error", [error for error, (member, _) in BACKING.items() if member == "XksProxyUriEndpoint"])
def test_what_is_wrong_with_a_proxy_is_told_in_the_same_words_wherever_it_is_met(
    error: str, kms: Any, control: Control
) -> None:
    """How we know: aws/aws-kms-xksproxy-api-spec, "Error codes": the words tell what is wrong, not the code."""
    store = connected(kms, XKS)
    key = make_key(kms, store, **XKS_KEY)
    blob = kms.encrypt(KeyId=key, Plaintext=b"x")["CiphertextBlob"]
    control("", XksProxyUriEndpoint=XKS["XksProxyUriEndpoint"], Error=error)
    update = {"CustomKeyStoreId": store, "XksProxyUriPath": "/other/kms/xks/v1"}
    met, words = refusal(kms, "UpdateCustomKeyStore", **update)
    assert met == error
    assert "external key store proxy" in words
    another = {"CustomKeyStoreId": store, **XKS_KEY, "XksKeyId": "external-key-2"}
    assert refusal(kms, "CreateKey", **another) == ("CustomKeyStoreInvalidStateException", words)
    assert refusal(kms, "Encrypt", KeyId=key, Plaintext=b"x") == ("KMSInvalidStateException", words)
    assert refusal(kms, "Decrypt", CiphertextBlob=blob) == ("KMSInvalidStateException", words)
    control("", XksProxyUriEndpoint=XKS["XksProxyUriEndpoint"], Error=None)
    assert kms.decrypt(CiphertextBlob=blob)["Plaintext"] == b"x"


@pytest.mark.parametrize("error", ["XksKeyNotFoundException", "XksKeyInvalidConfigurationException"])
def test_a_key_cannot_be_used_while_something_is_wrong_with_its_external_key(
    error: str, kms: Any, control: Control
) -> None:
    """How we know: aws/aws-kms-xksproxy-api-spec, "Error codes"."""
    key = make_key(kms, connected(kms, XKS), **XKS_KEY)
    control("", XksKeyId="external-key-1", Error=error)
    met, words = refusal(kms, "GenerateDataKey", KeyId=key, KeySpec="AES_256")
    assert met == "KMSInvalidStateException"
    assert words.startswith("The external key associated with this KMS key in an external key store ")


def test_a_key_cannot_be_used_while_its_cluster_is_not_active(kms: Any, control: Control) -> None:
    """How we know: KMS Developer Guide, "How to fix a failing KMS key" of a CloudHSM key store."""
    key = make_key(kms, connected(kms))
    control("", CloudHsmClusterId=CLUSTER, Error="CloudHsmClusterNotActiveException")
    words = "KMS cannot communicate with your CloudHSM cluster"
    assert refusal(kms, "Encrypt", KeyId=key, Plaintext=b"x") == ("KMSInvalidStateException", words)
    control("", CloudHsmClusterId=CLUSTER, Error="CloudHsmClusterInvalidConfigurationException")
    assert kms.encrypt(KeyId=key, Plaintext=b"x")["CiphertextBlob"]


KEYS = [
    ({"Origin": "AWS_CLOUDHSM", "CustomKeyStoreId": "hsm", "MultiRegion": True}, "UnsupportedOperationException"),
    (
        {
            "Origin": "AWS_CLOUDHSM",
            "CustomKeyStoreId": "hsm",
            "KeySpec": "HMAC_256",
            "KeyUsage": "GENERATE_VERIFY_MAC",
        },
        "UnsupportedOperationException",
    ),
    ({"Origin": "AWS_CLOUDHSM", "CustomKeyStoreId": "xks"}, "ValidationException"),
    ({"Origin": "AWS_CLOUDHSM"}, "ValidationException"),
    ({"CustomKeyStoreId": "hsm"}, "ValidationException"),
    ({"XksKeyId": "k"}, "ValidationException"),
    ({"Origin": "AWS_CLOUDHSM", "CustomKeyStoreId": "hsm", "XksKeyId": "k"}, "ValidationException"),
    ({"Origin": "EXTERNAL_KEY_STORE", "CustomKeyStoreId": "xks"}, "ValidationException"),
    ({"Origin": "EXTERNAL_KEY_STORE", "CustomKeyStoreId": "hsm", "XksKeyId": "k"}, "ValidationException"),
    ({"Origin": "AWS_CLOUDHSM", "CustomKeyStoreId": UNKNOWN}, "CustomKeyStoreNotFoundException"),
]


@pytest.mark.parametrize(("members", "error"), KEYS)
def test_a_key_goes_into_a_store_of_its_origin_and_is_of_its_kind(
    members: dict[str, Any], error: str, kms: Any
) -> None:
    stores = {"hsm": connected(kms), "xks": connected(kms, XKS)}
    if members.get("CustomKeyStoreId") in stores:
        members = {**members, "CustomKeyStoreId": stores[members["CustomKeyStoreId"]]}
    assert code(kms, "CreateKey", **members) == error
    assert kms.list_keys()["Keys"] == []


# ---- The control API


@pytest.mark.parametrize(
    ("path", "body", "status", "words"),
    [
        (f"/{UNKNOWN}", {"ConnectionErrorCode": "NETWORK_ERRORS"}, 404, UNKNOWN),
        ("/here", {"ConnectionErrorCode": "XKS_PROXY_TIMED_OUT"}, 400, "choose from"),
        ("/here", {"ConnectionErrorCode": "NONE"}, 400, "ConnectionErrorCode"),
        ("/here", {}, 400, "ConnectionErrorCode"),
        ("", {"CloudHsmClusterId": CLUSTER, "Error": "XksKeyNotFoundException"}, 400, "CloudHsmClusterNotFound"),
        ("", {"Error": "XksKeyNotFoundException"}, 400, "XksKeyId"),
        ("", {"CloudHsmClusterId": CLUSTER}, 400, "Error"),
        ("", {"CloudHsmClusterId": CLUSTER, "XksKeyId": "k", "Error": None}, 400, "exactly one"),
    ],
)
def test_a_mistake_is_answered_with_what_would_be_right(
    path: str, body: dict[str, Any], status: int, words: str, kms: Any, control: Control
) -> None:
    answer = control(path.replace("here", create(kms)), **body)
    assert answer.status_code == status
    assert words in answer.json()["error"]


# ---- Seeds and resets


def test_a_seeded_store_holds_the_keys_that_name_it(kms: Any, keytrail_clean: KeytrailServer) -> None:
    seed = {
        "customKeyStores": [
            {
                "CustomKeyStoreId": UNKNOWN,
                "CustomKeyStoreName": "outside",
                "CustomKeyStoreType": "EXTERNAL_KEY_STORE",
                "CreationDate": "2026-05-01T08:00:00Z",
                "ConnectionState": "FAILED",
                "ConnectionErrorCode": "XKS_PROXY_TIMED_OUT",
                "XksProxyConfiguration": {"AccessKeyId": "A" * 20, "UriEndpoint": "https://xks.example.com"},
            }
        ],
        "keys": [
            {"KeyId": KEY, "Origin": "EXTERNAL_KEY_STORE", "CustomKeyStoreId": UNKNOWN, "XksKeyId": "k1"},
            {"KeyId": OTHER_KEY, "Origin": "EXTERNAL_KEY_STORE", "CustomKeyStoreId": UNKNOWN, "KeyState": "Disabled"},
        ],
    }
    keytrail_clean.load(seed)
    entry = describe(kms, UNKNOWN)
    assert entry["CreationDate"] == datetime(2026, 5, 1, 8, tzinfo=UTC)
    assert entry["XksProxyConfiguration"]["UriPath"] == "/kms/xks/v1"
    assert connection(kms, UNKNOWN) == ("FAILED", "XKS_PROXY_TIMED_OUT")
    assert [key_state(kms, key) for key in (KEY, OTHER_KEY)] == ["Unavailable", "Unavailable"]
    assert kms.describe_key(KeyId=KEY)["KeyMetadata"]["XksKeyConfiguration"] == {"Id": "k1"}
    kms.disconnect_custom_key_store(CustomKeyStoreId=UNKNOWN)
    kms.update_custom_key_store(CustomKeyStoreId=UNKNOWN, XksProxyUriEndpoint="https://other.example.com")
    kms.connect_custom_key_store(CustomKeyStoreId=UNKNOWN)
    assert [key_state(kms, key) for key in (KEY, OTHER_KEY)] == ["Enabled", "Disabled"]


@pytest.mark.parametrize("origin", ["AWS_CLOUDHSM", "EXTERNAL_KEY_STORE"])
def test_a_seeded_key_without_a_store_is_in_one_that_is_made_up_and_connected(
    origin: str, kms: Any, keytrail_clean: KeytrailServer
) -> None:
    for key in (KEY, OTHER_KEY):
        keytrail_clean.load({"keys": [{"KeyId": key, "Origin": origin}]})
    metadata = kms.describe_key(KeyId=KEY)["KeyMetadata"]
    (entry,) = kms.describe_custom_key_stores()["CustomKeyStores"]
    assert entry["CustomKeyStoreId"] == metadata["CustomKeyStoreId"]
    assert (entry["ConnectionState"], entry["CustomKeyStoreType"]) == ("CONNECTED", origin)
    blob = kms.encrypt(KeyId=KEY, Plaintext=b"x")["CiphertextBlob"]
    keytrail_clean.reset()
    keytrail_clean.load({"keys": [{"KeyId": KEY, "Origin": origin}]})
    assert kms.decrypt(CiphertextBlob=blob)["Plaintext"] == b"x", "its material is always the same"


def test_a_key_seeded_as_unavailable_is_in_a_store_that_can_be_connected(
    kms: Any, keytrail_clean: KeytrailServer
) -> None:
    keytrail_clean.load({"keys": [{"KeyId": KEY, "Origin": "AWS_CLOUDHSM", "KeyState": "Unavailable"}]})
    store = kms.describe_key(KeyId=KEY)["KeyMetadata"]["CustomKeyStoreId"]
    kms.connect_custom_key_store(CustomKeyStoreId=store)
    assert key_state(kms, KEY) == "Enabled"


BAD_SEEDS = {
    "a key of no store": ({"keys": [{"CustomKeyStoreId": UNKNOWN, "Origin": "AWS_CLOUDHSM"}]}, "customKeyStores"),
    "a key of another origin": (
        {"customKeyStores": [{}], "keys": [{"CustomKeyStoreId": UNKNOWN, "Origin": "EXTERNAL_KEY_STORE"}]},
        "Origin AWS_CLOUDHSM",
    ),
    "a key of another Region": (
        {
            "customKeyStores": [{}],
            "keys": [{"CustomKeyStoreId": UNKNOWN, "Origin": "AWS_CLOUDHSM", "Region": ELSEWHERE}],
        },
        REGION,
    ),
    "an ordinary key": ({"customKeyStores": [{}], "keys": [{"CustomKeyStoreId": UNKNOWN}]}, "needs Origin"),
    "unavailable while connected": (
        {
            "customKeyStores": [{}],
            "keys": [{"CustomKeyStoreId": UNKNOWN, "Origin": "AWS_CLOUDHSM", "KeyState": "Unavailable"}],
        },
        "ConnectionState: DISCONNECTED",
    ),
    "a cluster of a proxy": (
        {"customKeyStores": [{"CustomKeyStoreType": "EXTERNAL_KEY_STORE", "CloudHsmClusterId": CLUSTER}]},
        "leave it out",
    ),
    "a failure of the other type": (
        {"customKeyStores": [{"ConnectionErrorCode": "XKS_PROXY_TIMED_OUT"}]},
        "choose from",
    ),
    "two of an id": ({"customKeyStores": [{}, {}]}, "appears twice"),
    "a state that is none": ({"customKeyStores": [{"ConnectionState": "GONE"}]}, "DISCONNECTED"),
    "an id that is none": ({"customKeyStores": [{"CustomKeyStoreId": "cks-1"}]}, "17 lower-case hex digits"),
    "two of a name": (
        {
            "customKeyStores": [
                {"CustomKeyStoreName": "same"},
                {"CustomKeyStoreId": "cks-11111111111111111", "CustomKeyStoreName": "same"},
            ]
        },
        "same",
    ),
    "a date to come": ({"customKeyStores": [{"CreationDate": "in 3 days"}]}, "is in the future"),
}


@pytest.mark.parametrize(("seed", "words"), BAD_SEEDS.values(), ids=BAD_SEEDS)
def test_a_bad_seed_is_refused_with_a_remedy_and_nothing_is_loaded(
    seed: dict[str, Any], words: str, kms: Any, keytrail_clean: KeytrailServer
) -> None:
    stores = [{"CustomKeyStoreId": UNKNOWN, **store} for store in seed.get("customKeyStores", [])]
    keys = [{"KeyId": KEY, **key} for key in seed.get("keys", [])]
    with pytest.raises(SeedError, match=words):
        keytrail_clean.load({"customKeyStores": stores, "keys": keys})
    assert kms.describe_custom_key_stores()["CustomKeyStores"] == []
    assert kms.list_keys()["Keys"] == []


def test_a_reset_of_one_account_leaves_the_stores_of_others(
    kms: Any, keytrail_clean: KeytrailServer, keytrail_client: Callable[..., Any]
) -> None:
    other = keytrail_client(account=FOREIGN)
    theirs = connected(other)
    key = make_key(other, theirs)
    connected(kms)
    keytrail_clean.reset(ACCOUNT)
    assert kms.describe_custom_key_stores()["CustomKeyStores"] == []
    assert connection(other, theirs) == ("CONNECTED", None)
    with pytest.raises(ClientError, match="CustomKeyStoreInvalidState"):
        other.delete_custom_key_store(CustomKeyStoreId=theirs)
    other.disconnect_custom_key_store(CustomKeyStoreId=theirs)
    assert key_state(other, key) == "Unavailable", "the key is still the store's"
