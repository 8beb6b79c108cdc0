"""Whatever calls have brought about is exported, and loaded: the same endpoint, which answers the same.

How we know: docs/export.md. After each step of random operations, refused ones too, the endpoint is exported and loaded
into a fresh one. Its export, its state and, in turns, its answers are compared with the first one's.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from keytrail.clock import Clock
from keytrail.domain.key import Key
from keytrail.endpoint import Endpoint
from keytrail.export import export
from keytrail.messages import Later
from keytrail.settings import Settings
from tests.support import ACCOUNT, POLICY, wrapped_for
from tests.support.wire import authorization, request_of, wire_value

RUNS, STEPS_PER_RUN = 30, 40
REGIONS = ("us-east-1", "eu-west-1", "ap-south-1")
START = datetime(2027, 1, 1, tzinfo=UTC)
OTHER = "444455556666"
TRANSITION = timedelta(minutes=2)
KINDS: dict[str, dict[str, Any]] = {
    "symmetric": {},
    "multi-Region": {"MultiRegion": True},
    "external": {"Origin": "EXTERNAL"},
    "external, multi-Region": {"Origin": "EXTERNAL", "MultiRegion": True},
    "HMAC": {"KeySpec": "HMAC_256", "KeyUsage": "GENERATE_VERIFY_MAC"},
    "external HMAC": {"KeySpec": "HMAC_256", "KeyUsage": "GENERATE_VERIFY_MAC", "Origin": "EXTERNAL"},
    "signing": {"KeySpec": "ECC_NIST_P256", "KeyUsage": "SIGN_VERIFY", "MultiRegion": True},
    "ML-DSA": {"KeySpec": "ML_DSA_44", "KeyUsage": "SIGN_VERIFY"},
    "in CloudHSM": {"Origin": "AWS_CLOUDHSM"},
    "external key": {"Origin": "EXTERNAL_KEY_STORE"},
}
CRYPTOGRAPHY: dict[str, dict[str, Any]] = {
    "Encrypt": {"Plaintext": b"x"},
    "GenerateMac": {"Message": b"x", "MacAlgorithm": "HMAC_SHA_256"},
    "Sign": {"Message": b"x", "SigningAlgorithm": "ECDSA_SHA_256"},
}
CHANGES: dict[str, list[dict[str, Any]]] = {
    "EnableKey": [{}],
    "DisableKey": [{}],
    "ScheduleKeyDeletion": [{"PendingWindowInDays": 7}, {"PendingWindowInDays": 30}],
    "CancelKeyDeletion": [{}],
    "UpdateKeyDescription": [{"Description": "words: a # of them\n\n- and\u2028lines "}, {"Description": ""}],
    "TagResource": [{"Tags": [{"TagKey": "team", "TagValue": "0123"}]}, {"Tags": [{"TagKey": "no", "TagValue": ""}]}],
    "UntagResource": [{"TagKeys": ["team"]}],
    "PutKeyPolicy": [{"Policy": json.dumps(POLICY)}, {"Policy": json.dumps(POLICY, indent=2) + "\n"}],
    "EnableKeyRotation": [{"RotationPeriodInDays": 90}, {}],
    "DisableKeyRotation": [{}],
    "RotateKeyOnDemand": [{}],
    "DeleteImportedKeyMaterial": [{}],
}
READING: dict[str, dict[str, Any]] = {
    "DescribeKey": {},
    "GetKeyLastUsage": {},
    "GetKeyPolicy": {},
    "GetKeyRotationStatus": {},
    "GetPublicKey": {},
    "ListAliases": {},
    "ListGrants": {},
    "ListKeyRotations": {"IncludeKeyMaterial": "ALL_KEY_MATERIAL"},
    "ListResourceTags": {},
}
GRANTS: list[dict[str, Any]] = [
    {"Name": "named", "GranteePrincipal": f"arn:aws:iam::{ACCOUNT}:role/Reader", "Operations": ["DescribeKey"]},
    {
        "GranteePrincipal": f"arn:aws:iam::{OTHER}:user/path/Other",
        "RetiringPrincipal": f"arn:aws:iam::{ACCOUNT}:root",
        "Operations": ["DescribeKey", "RetireGrant", "CreateGrant"],
    },
]
picks, of_four = st.integers(0, 997), st.integers(0, 3)


class Exports(RuleBasedStateMachine):
    """One endpoint, and at each step a copy of it."""

    def __init__(self) -> None:
        super().__init__()
        self.endpoint = fresh(START)
        self.stores: dict[str, str] = {}
        self.steps = 0

    def send(self, operation: str, region: str = REGIONS[0], **members: object) -> dict[str, Any] | None:
        """The answer of an operation; None if it is refused."""
        status, document = answer(self.endpoint, operation, region, members)
        return document if status == 200 else None

    def keys(self, attribute: str) -> list[Key]:
        """The keys of which an attribute is true."""
        return [key for key in self.endpoint.store.newest.all_keys() if getattr(key, attribute)]

    def key(self, at: int) -> Key | None:
        keys = self.endpoint.store.newest.all_keys()
        return keys[at % len(keys)] if keys else None

    @initialize()
    def begin(self) -> None:
        self.create_store("AWS_CLOUDHSM")
        self.create_store("EXTERNAL_KEY_STORE")
        for origin in self.stores:
            self.change_store(origin, "ConnectCustomKeyStore")
        self.wait(TRANSITION)
        for kind in KINDS:
            self.create(kind)
        for at in range(3):
            self.import_material(at, at, days=(None, 3, 20)[at], new=False, named=True)
            self.replicate(at, REGIONS[1])
        self.alias(0, "alias/a", "Create")
        self.wait(TRANSITION)
        self.alias(0, "alias/b", "Create")

    @rule(origin=st.sampled_from(["AWS_CLOUDHSM", "EXTERNAL_KEY_STORE"]))
    def create_store(self, origin: str) -> None:
        members: dict[str, Any] = {
            "CloudHsmClusterId": "cluster-2a34b5cdefg",
            "TrustAnchorCertificate": "-----BEGIN CERTIFICATE-----\nMA==\n-----END CERTIFICATE-----\n",
            "KeyStorePassword": "kmsPswd1",
        }
        if origin == "EXTERNAL_KEY_STORE":
            members = {
                "XksProxyUriEndpoint": "https://xks.example.com",
                "XksProxyUriPath": "/a/kms/xks/v1",
                "XksProxyAuthenticationCredential": {
                    "AccessKeyId": "ABCDEFGHIJKLMNOPQRST",
                    "RawSecretAccessKey": "k" * 43,
                },
                "XksProxyConnectivity": "VPC_ENDPOINT_SERVICE",
                "XksProxyVpcEndpointServiceName": "com.amazonaws.vpce.us-east-1.vpce-svc-1234",
            }
        made = self.send("CreateCustomKeyStore", CustomKeyStoreName=origin, CustomKeyStoreType=origin, **members)
        if made is not None:
            self.stores[origin] = made["CustomKeyStoreId"]

    @rule(
        origin=st.sampled_from(["AWS_CLOUDHSM", "EXTERNAL_KEY_STORE"]),
        operation=st.sampled_from(["ConnectCustomKeyStore", "DisconnectCustomKeyStore"]),
    )
    def change_store(self, origin: str, operation: str) -> None:
        self.send(operation, CustomKeyStoreId=self.stores[origin])

    @rule(
        origin=st.sampled_from(["AWS_CLOUDHSM", "EXTERNAL_KEY_STORE"]),
        failure=st.sampled_from([None, "INTERNAL_ERROR", "NETWORK_ERRORS"]),
    )
    def fail_store(self, origin: str, failure: Any) -> None:
        stores = self.endpoint.store.custom_key_stores
        stores.change(self.stores[origin], lambda store: store.fail_with(failure))
        stores.external_errors["XksKeyId", "external"] = "XksKeyNotFoundException"

    @rule(kind=st.sampled_from(sorted(KINDS)))
    def create(self, kind: str) -> None:
        keys = self.endpoint.store.newest.all_keys()
        if len(keys) > 18:
            return
        members = dict(KINDS[kind])
        origin = members.get("Origin", "")
        if origin in self.stores:
            members["CustomKeyStoreId"] = self.stores[origin]
        if origin == "EXTERNAL_KEY_STORE":
            members["XksKeyId"] = f"external-{len(keys)}"
        self.send("CreateKey", **members)

    @rule(service=st.sampled_from(["alias/aws/s3", "alias/aws/ebs"]), region=st.sampled_from(REGIONS))
    def describe_managed(self, service: str, region: str) -> None:
        self.send("DescribeKey", region, KeyId=service)
        self.send("GenerateDataKey", region, KeyId=service, KeySpec="AES_256")

    @rule(at=picks, operation=st.sampled_from(sorted(CHANGES)), which=picks)
    def change(self, at: int, operation: str, which: int) -> None:
        key = self.key(at)
        if key is not None:
            self.send(operation, key.region, KeyId=key.key_id, **CHANGES[operation][which % len(CHANGES[operation])])

    @rule(at=picks, region=st.sampled_from(REGIONS))
    def replicate(self, at: int, region: str) -> None:
        keys = [key for key in self.keys("multi_region") if not self.endpoint.store.is_replica(key)]
        if keys:
            key = keys[at % len(keys)]
            self.send("ReplicateKey", key.region, KeyId=key.key_id, ReplicaRegion=region, Description="a replica")

    @rule(at=picks, region=st.sampled_from(REGIONS), ends=st.booleans())
    def move_primary(self, at: int, region: str, ends: bool) -> None:
        keys = [key for key in self.keys("multi_region") if self.endpoint.store.is_replicated(key)]
        if keys:
            key = keys[at % len(keys)]
            self.send("UpdatePrimaryRegion", key.region, KeyId=key.key_id, PrimaryRegion=region)
            if ends:
                self.wait(TRANSITION)

    @rule(
        at=picks,
        operation=st.sampled_from(["EnableKeyRotation", "RotateKeyOnDemand", "DisableKey", "EnableKey"]),
        ends=st.booleans(),
    )
    def rotate_or_switch(self, at: int, operation: str, ends: bool) -> None:
        keys = [key for key in self.keys("is_symmetric") if key.manager == "CUSTOMER"]
        if keys:
            self.send(operation, keys[at % len(keys)].region, KeyId=keys[at % len(keys)].key_id)
            if ends:
                self.wait(TRANSITION)

    @rule(at=picks, operation=st.sampled_from(["ScheduleKeyDeletion", "CancelKeyDeletion"]))
    def delete_a_multi_region_key(self, at: int, operation: str) -> None:
        keys = self.keys("multi_region")
        if keys:
            self.send(operation, keys[at % len(keys)].region, KeyId=keys[at % len(keys)].key_id)

    @rule(at=picks, which=of_four, days=st.sampled_from([None, 3, 20]), new=st.booleans(), named=st.booleans())
    def import_material(self, at: int, which: int, days: int | None, new: bool, named: bool) -> None:
        keys = [key for key in self.endpoint.store.newest.all_keys() if key.origin == "EXTERNAL"]
        if not keys:
            return
        key = keys[at % len(keys)]
        members: dict[str, Any] = {"ExpirationModel": "KEY_MATERIAL_DOES_NOT_EXPIRE"}
        if days is not None:
            valid_to = self.endpoint.clock.now() + timedelta(days=days, microseconds=5)
            members = {"ExpirationModel": "KEY_MATERIAL_EXPIRES", "ValidTo": valid_to.timestamp()}
        if key.is_symmetric and new:
            members["ImportType"] = "NEW_KEY_MATERIAL"
        if key.is_symmetric and named:
            members["KeyMaterialDescription"] = f"material {which}"
        material = bytes([which]) * 32
        wrapped = wrapped_for(key.key_id, material=material, region=key.region, since=key.creation_date)
        self.send("ImportKeyMaterial", key.region, KeyId=key.key_id, **members, **wrapped)

    @rule(at=picks)
    def rotate_an_imported_key(self, at: int) -> None:
        keys = [key for key in self.endpoint.store.newest.all_keys() if key.pending is not None]
        if keys:
            key = keys[at % len(keys)]
            self.send("RotateKeyOnDemand", key.region, KeyId=key.key_id)

    @rule(at=picks, which=st.integers(0, 1))
    def delete_material(self, at: int, which: int) -> None:
        keys = [key for key in self.endpoint.store.newest.all_keys() if key.imports]
        if keys:
            key = keys[at % len(keys)]
            names = sorted(key.imports)
            self.send(
                "DeleteImportedKeyMaterial", key.region, KeyId=key.key_id, KeyMaterialId=names[which % len(names)]
            )

    @rule(at=picks, grant=st.sampled_from(GRANTS), end=st.booleans())
    def grant(self, at: int, grant: dict[str, Any], end: bool) -> None:
        key = self.key(at)
        if key is None:
            return
        made = self.send("CreateGrant", key.region, KeyId=key.key_id, **grant)
        if made is not None and end:
            self.send("RevokeGrant", key.region, KeyId=key.key_id, GrantId=made["GrantId"])

    @rule(at=picks, name=st.sampled_from(["alias/a", "alias/b"]), operation=st.sampled_from(["Create", "Update"]))
    def alias(self, at: int, name: str, operation: str) -> None:
        key = self.key(at)
        if key is not None:
            self.send(f"{operation}Alias", key.region, AliasName=name, TargetKeyId=key.key_id)

    @rule(name=st.sampled_from(["alias/a", "alias/b"]), region=st.sampled_from(REGIONS))
    def delete_alias(self, name: str, region: str) -> None:
        self.send("DeleteAlias", region, AliasName=name)

    @rule(at=picks, operation=st.sampled_from(sorted(CRYPTOGRAPHY)))
    def use(self, at: int, operation: str) -> None:
        key = self.key(at)
        if key is not None:
            self.send(operation, key.region, KeyId=key.key_id, **CRYPTOGRAPHY[operation])

    @rule(source=picks, destination=picks)
    def re_encrypt(self, source: int, destination: int) -> None:
        first, second = self.key(source), self.key(destination)
        if first is None or second is None:
            return
        made = self.send("Encrypt", first.region, KeyId=first.key_id, Plaintext=b"x")
        if made is not None:
            blob = {"CiphertextBlob": made["CiphertextBlob"], "DestinationKeyId": second.key_id}
            self.send("ReEncrypt", first.region, **blob)

    @rule(count=st.integers(1, 3), probability=st.booleans())
    def fault(self, count: int, probability: bool) -> None:
        if len(self.endpoint.faults.rules()) < 3:
            when = {"Probability": 0.1} if probability else {"Count": count}
            rule = {"Operations": "DescribeKey", "Error": "KMSInternalException", **when}
            self.endpoint.add_fault(msgspec.json.encode(rule))

    @rule(
        duration=st.sampled_from(
            [
                timedelta(milliseconds=1),
                timedelta(minutes=1),
                TRANSITION,
                timedelta(days=1),
                timedelta(days=8),
                timedelta(days=31),
                timedelta(days=100),
            ]
        )
    )
    def wait(self, duration: timedelta) -> None:
        self.endpoint.advance_clock(duration)

    @invariant()
    def a_copy_is_the_same(self) -> None:
        self.steps += 1
        moments = ("absolute", "relative")[self.steps % 2]
        written = export(self.endpoint, secrets=True, moments=moments)
        copy = fresh(self.endpoint.clock.now())
        copy.load(msgspec.json.encode(written.document))
        assert export(copy, secrets=True, moments=moments).document == written.document
        assert state_of(copy) == state_of(self.endpoint)
        if self.steps % 4 == 0:
            self._answers_are_the_same(copy)

    def _answers_are_the_same(self, copy: Endpoint) -> None:
        for endpoint in (self.endpoint, copy):
            endpoint.faults.remove()
        for key in self.endpoint.store.newest.all_keys():
            for operation, members in READING.items():
                asked = {"KeyId": key.arn, **members}
                assert answer(copy, operation, key.region, asked) == answer(self.endpoint, operation, key.region, asked)
        for region in REGIONS:
            assert answer(copy, "DescribeCustomKeyStores", region, {}) == answer(
                self.endpoint, "DescribeCustomKeyStores", region, {}
            )


def fresh(now: datetime) -> Endpoint:
    clock = Clock()
    clock.set(now, frozen=True)
    return Endpoint(Settings(transition_time=TRANSITION), clock)


def answer(endpoint: Endpoint, operation: str, region: str, members: Any) -> tuple[int, dict[str, Any]]:
    """Status and document of an answer."""
    body = json.dumps(wire_value(members)).encode()
    answered = endpoint.dispatcher.answer(request_of(f"TrentService.{operation}", body, authorization(ACCOUNT, region)))
    if isinstance(answered, Later):
        answered = answered.work()
    document = json.loads(answered.body or b"{}")
    assert answered.status < 500 or document["__type"] == "KMSInternalException", (operation, members, document)
    return answered.status, document


def state_of(endpoint: Endpoint) -> dict[str, object]:
    """All that an endpoint keeps of keys, with what belongs to them."""
    store = endpoint.store
    keys = {key.arn: key for key in store.newest.all_keys()}
    return {
        "keys": keys,
        "sets": {arn: store.multi_region_set(key) for arn, key in keys.items()},
        "aliases": {alias.arn: alias for alias in store.newest.all_aliases()},
        "grants": {
            arn: [(grant, store.grants.tokens_of(grant)) for grant in store.newest.grants_after(arn, "", 100)]
            for arn in keys
        },
        "uses": {arn: endpoint.trail.last_use(arn, endpoint.clock.now()) for arn in keys},
        "custom key stores": {each.store_id: each for each in store.custom_key_stores.all()},
        "external errors": store.custom_key_stores.external_errors,
        "faults": [{**rule, "Id": None} for rule in endpoint.faults.rules()],
    }


def test_an_export_makes_the_same_endpoint_again() -> None:
    run_state_machine_as_test(
        Exports,
        settings=settings(
            max_examples=RUNS,
            stateful_step_count=STEPS_PER_RUN,
            derandomize=False,
            phases=[Phase.generate, Phase.shrink],
            suppress_health_check=list(HealthCheck),
            database=None,
        ),
    )
