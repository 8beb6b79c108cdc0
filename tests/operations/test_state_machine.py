"""Random sequences of operations against a model of key states: no contradiction, and never a 500.

How we know: the model (tests/support/key_model.py) is made of AWS's table and rules (kms-behaviour D). The operations
go through the dispatcher in process, as they would from the front end.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from keytrail.clock import Clock
from keytrail.endpoint import Endpoint
from keytrail.messages import Later
from keytrail.settings import Settings
from tests.support import ACCOUNT, POLICY, key_arn, wrapped_for
from tests.support.key_model import PENDING, TRANSITION, Kind, Model, ModelKey
from tests.support.wire import authorization, request_of, wire_value

STEPS = 5000
"""The least number of steps in all runs together; some runs end early."""
RUNS, STEPS_PER_RUN = 120, 50
REGIONS = ("us-east-1", "eu-west-1", "ap-south-1")
HOME = REGIONS[0]
START = datetime(2027, 1, 1, tzinfo=UTC)
MOST_KEYS = 14

ARGUMENTS: Mapping[Kind, dict[str, str]] = {
    Kind.SYMMETRIC: {},
    Kind.HMAC: {"KeySpec": "HMAC_256", "KeyUsage": "GENERATE_VERIFY_MAC"},
    Kind.SIGNING: {"KeySpec": "ECC_NIST_P256", "KeyUsage": "SIGN_VERIFY"},
    Kind.EXTERNAL: {"Origin": "EXTERNAL"},
    Kind.IN_STORE: {"Origin": "AWS_CLOUDHSM"},
}
USAGE: Mapping[Kind, str] = {Kind.HMAC: "GENERATE_VERIFY_MAC", Kind.SIGNING: "SIGN_VERIFY"}

READING = sorted(
    {
        *("DescribeKey", "GetKeyLastUsage", "GetKeyPolicy", "GetKeyRotationStatus", "GetPublicKey", "ListAliases"),
        *("ListGrants", "ListKeyPolicies", "ListKeyRotations", "ListResourceTags"),
    }
)
WRITING: Mapping[str, dict[str, Any]] = {
    "CreateGrant": {"GranteePrincipal": f"arn:aws:iam::{ACCOUNT}:role/Reader", "Operations": ["DescribeKey"]},
    "PutKeyPolicy": {"Policy": json.dumps(POLICY)},
    "TagResource": {"Tags": [{"TagKey": "team", "TagValue": "a"}]},
    "UntagResource": {"TagKeys": ["team"]},
    "UpdateKeyDescription": {"Description": "words"},
}
ROTATING: Mapping[str, dict[str, Any]] = {
    "DisableKeyRotation": {},
    "EnableKeyRotation": {"RotationPeriodInDays": 90},
    "RotateKeyOnDemand": {},
}
CRYPTOGRAPHY: Mapping[str, tuple[str, dict[str, Any]]] = {
    "Encrypt": ("ENCRYPT_DECRYPT", {"Plaintext": b"x"}),
    "GenerateDataKey": ("ENCRYPT_DECRYPT", {"KeySpec": "AES_256"}),
    "GenerateDataKeyPair": ("ENCRYPT_DECRYPT", {"KeyPairSpec": "ECC_NIST_P256"}),
    "GenerateDataKeyWithoutPlaintext": ("ENCRYPT_DECRYPT", {"NumberOfBytes": 16}),
    "GenerateMac": ("GENERATE_VERIFY_MAC", {"Message": b"x", "MacAlgorithm": "HMAC_SHA_256"}),
    "Sign": ("SIGN_VERIFY", {"Message": b"x", "SigningAlgorithm": "ECDSA_SHA_256"}),
}
WINDOWS = (7, 12, 30)
VALIDITIES = (None, None, 3, 8, 20, 60)
"""Days that imported material is good for; None: for ever."""

picks = st.integers(0, 997)
names = st.sampled_from([f"alias/a{n}" for n in range(4)])


class KeyStates(RuleBasedStateMachine):
    """One endpoint and one model, told the same."""

    steps = 0
    """Those of all runs."""

    def __init__(self) -> None:
        super().__init__()
        clock = Clock()
        clock.set(START, frozen=True)
        self.endpoint = Endpoint(Settings(transition_time=TRANSITION), clock)
        self.model = Model(START)
        self.store = ""
        self.blobs: list[tuple[tuple[str, str], str, dict[str, Any]]] = []

    # What is told

    def send(self, operation: str, region: str = HOME, **members: object) -> tuple[int, dict[str, Any]]:
        """Status and document of an answer."""
        body = json.dumps(wire_value(members)).encode()
        signed = authorization(ACCOUNT, region)
        answer = self.endpoint.dispatcher.answer(request_of(f"TrentService.{operation}", body, signed))
        if isinstance(answer, Later):
            answer = answer.work()
        assert answer.status < 500, (operation, members, answer.body)
        return answer.status, json.loads(answer.body or b"{}")

    def ask(self, operation: str, region: str = HOME, **members: object) -> dict[str, Any]:
        """The answer of an operation that succeeds."""
        status, document = self.send(operation, region, **members)
        assert status == 200, (operation, members, document)
        return document

    def told(self, operation: str, key: ModelKey, member: str = "KeyId", **members: object) -> dict[str, Any] | None:
        """The answer of an operation on a key, which is the table's; None for a refusal."""
        expected = self.model.answer(operation, key)
        status, document = self.send(operation, key.region, **{member: key.key_id, **members})
        if expected is None:
            assert status == 400, f"{operation} on {key}: the table has no such case, and {document} came"
            return None
        where = f"{operation} on {key} ({self.model.state(key)}): {expected.code} expected, {document} came"
        if expected.code == "ok":
            assert status == 200, where
            return document
        assert document.get("__type") == expected.code, where
        if expected.message is not None:
            origin = {Kind.EXTERNAL: "EXTERNAL", Kind.IN_STORE: "AWS_CLOUDHSM"}.get(key.kind, "AWS_KMS")
            message = expected.message.replace("<ARN>", key_arn(key.key_id, region=key.region))
            message = message.replace("<ORIGIN>", origin)
            came = document.get("message", "")
            assert came == message if expected.exact else came.startswith(message.rstrip(".")), where
        return None

    def pick(self, at: int) -> ModelKey:
        keys = list(self.model.keys.values())  # in the order of their making: ids are random
        return keys[at % len(keys)]

    def has_keys(self) -> bool:
        return bool(self.model.keys)

    def primaries(self) -> list[ModelKey]:
        return [key for key in self.model.keys.values() if self.model.is_primary(key)]

    # Keys come

    @initialize()
    def begin(self) -> None:
        """A key of each kind, two of them related, and a store that is connected."""
        self.make_store()
        self.connect_or_disconnect(connect=True)
        self.wait(TRANSITION)
        for kind in Kind:
            self.create(kind, multi_region=False)
        self.create(Kind.SYMMETRIC, multi_region=True)
        self.replicate(0, REGIONS[1])

    def make_store(self) -> None:
        self.store = self.ask(
            "CreateCustomKeyStore",
            CustomKeyStoreName="store",
            CloudHsmClusterId="cluster-2a34b5cdefg",
            TrustAnchorCertificate="certificate",
            KeyStorePassword="kmsPswd1",
        )["CustomKeyStoreId"]

    @precondition(lambda self: len(self.model.keys) < MOST_KEYS)
    @rule(kind=st.sampled_from(Kind), multi_region=st.booleans())
    def create(self, kind: Kind, multi_region: bool) -> None:
        members: dict[str, Any] = {**ARGUMENTS[kind]}
        if kind is Kind.IN_STORE:
            members["CustomKeyStoreId"] = self.store
            if self.model.store != "CONNECTED":
                refused = self.send("CreateKey", **members)[1]
                assert refused["__type"] == "CustomKeyStoreInvalidStateException"
                return
        elif kind is Kind.SYMMETRIC:
            members["MultiRegion"] = multi_region
        metadata = self.ask("CreateKey", **members)["KeyMetadata"]
        state = "PendingImport" if kind is Kind.EXTERNAL else "Enabled"
        key = ModelKey(metadata["KeyId"], HOME, kind, state, made=self.model.now)
        self.model.keys[key.name] = key
        if metadata["MultiRegion"]:
            self.model.primaries[key.key_id] = HOME

    @precondition(lambda self: self.primaries() and len(self.model.keys) < MOST_KEYS)
    @rule(at=picks, region=st.sampled_from(REGIONS))
    def replicate(self, at: int, region: str) -> None:
        key = self.primaries()[at % len(self.primaries())]
        taken = any(other.region == region for other in (key, *self.model.replicas(key)))
        if taken and self.model.state(key) == "Enabled":
            refused = self.send("ReplicateKey", key.region, KeyId=key.key_id, ReplicaRegion=region)[1]
            assert refused["__type"] == ("ValidationException" if region == key.region else "AlreadyExistsException")
        elif self.told("ReplicateKey", key, ReplicaRegion=region) is not None:
            replica = ModelKey(key.key_id, region, key.kind, "Creating", made=self.model.now)
            self.model.begin(replica, "Creating")
            self.model.keys[replica.name] = replica

    @precondition(lambda self: any(self.model.is_replica(key) for key in self.model.keys.values()))
    @rule(at=picks, operation=st.sampled_from(["ReplicateKey", "EnableKeyRotation", "RotateKeyOnDemand"]))
    def refuse_a_replica(self, at: int, operation: str) -> None:
        replicas = [key for key in self.model.keys.values() if self.model.is_replica(key)]
        key = replicas[at % len(replicas)]
        members = {"ReplicaRegion": "sa-east-1"} if operation == "ReplicateKey" else {}
        expected = self.model.answer(operation, key)
        assert expected is not None
        code = "UnsupportedOperationException" if expected.code == "ok" else expected.code
        assert self.send(operation, key.region, KeyId=key.key_id, **members)[1]["__type"] == code

    @precondition(lambda self: self.primaries())
    @rule(at=picks, region=st.sampled_from(REGIONS))
    def update_primary_region(self, at: int, region: str) -> None:
        primary = self.primaries()[at % len(self.primaries())]
        replica = self.model.keys.get((region, primary.key_id))
        status, document = self.send("UpdatePrimaryRegion", primary.region, KeyId=primary.key_id, PrimaryRegion=region)
        answers = [self.model.answer("UpdatePrimaryRegion", key) for key in (primary, replica or primary)]
        codes = {answer.code for answer in answers if answer is not None} - {"ok"}
        if codes:
            assert document.get("__type") in codes, (primary, replica, document)
        elif replica is None:
            assert document["__type"] == "ValidationException"
        elif replica is primary:
            assert status == 200, document
        else:
            assert status == 200, (primary, replica, document)
            self.model.primaries[primary.key_id] = region
            self.model.begin(primary, "Updating")
            self.model.begin(replica, "Updating")

    # Keys are used and managed

    @precondition(has_keys)
    @rule(at=picks, operation=st.sampled_from(["EnableKey", "DisableKey"]))
    def switch(self, at: int, operation: str) -> None:
        key = self.pick(at)
        if self.told(operation, key) is not None:
            self.model.switch(key, {"EnableKey": "Enabled", "DisableKey": "Disabled"}[operation])

    @precondition(has_keys)
    @rule(at=picks, days=st.sampled_from(WINDOWS))
    def schedule_deletion(self, at: int, days: int) -> None:
        key = self.pick(at)
        if self.told("ScheduleKeyDeletion", key, PendingWindowInDays=days) is not None:
            self.model.schedule(key, days)

    @precondition(has_keys)
    @rule(at=picks, pending=st.booleans())
    def cancel_deletion(self, at: int, pending: bool) -> None:
        waiting = [key for key in self.model.keys.values() if key.state in PENDING]
        key = waiting[at % len(waiting)] if pending and waiting else self.pick(at)
        if self.told("CancelKeyDeletion", key) is not None:
            key.deletion = None
            self.model.switch(key, "Disabled")

    @precondition(has_keys)
    @rule(at=picks, operation=st.sampled_from(sorted(WRITING)))
    def write(self, at: int, operation: str) -> None:
        key = self.pick(at)
        answer = self.told(operation, key, **WRITING[operation])
        if answer is not None:
            changes: Mapping[str, Callable[[], object]] = {
                "CreateGrant": lambda: key.grants.append(answer["GrantId"]),
                "TagResource": lambda: key.tags.update(team="a"),
                "UntagResource": lambda: key.tags.pop("team", None),
                "UpdateKeyDescription": lambda: setattr(key, "description", "words"),
            }
            changes.get(operation, dict)()

    @precondition(has_keys)
    @rule(at=picks, operation=st.sampled_from(READING))
    def read(self, at: int, operation: str) -> None:
        self.told(operation, self.pick(at))

    @precondition(has_keys)
    @rule(at=picks, operation=st.sampled_from(sorted(ROTATING)))
    def rotate(self, at: int, operation: str) -> None:
        key = self.pick(at)
        if self.model.is_replica(key):
            return  # told of by another rule
        if operation != "RotateKeyOnDemand" or not self._may_conflict(key):
            self.told(operation, key, **ROTATING[operation])

    def _may_conflict(self, key: ModelKey) -> bool:
        """Whether a rotation is under way, or a scheduled one so near that AWS refuses one on demand."""
        status, document = self.send("GetKeyRotationStatus", key.region, KeyId=key.key_id)
        if status != 200:
            return False
        near = document.get("NextRotationDate", float("inf")) - self.model.now.timestamp() <= 20 * 60
        return near or "OnDemandRotationStartDate" in document

    def pick_for_import(self, at: int, external: bool) -> ModelKey:
        keys = [key for key in self.model.keys.values() if key.kind is Kind.EXTERNAL]
        return keys[at % len(keys)] if external and keys else self.pick(at)

    @precondition(has_keys)
    @rule(at=picks, external=st.booleans(), days=st.sampled_from(VALIDITIES))
    def import_material(self, at: int, external: bool, days: int | None) -> None:
        """The same material, for so many days; a key that is for none refuses it."""
        key = self.pick_for_import(at, external)
        valid_to = self.model.now + timedelta(days=days) if days is not None else None
        members: dict[str, Any] = {"ExpirationModel": "KEY_MATERIAL_DOES_NOT_EXPIRE"}
        if valid_to is not None:
            members = {"ExpirationModel": "KEY_MATERIAL_EXPIRES", "ValidTo": valid_to.timestamp()}
        assert key.made is not None
        wrapped = wrapped_for(key.key_id, region=key.region, since=key.made)
        answer = self.told("ImportKeyMaterial", key, **members, **wrapped)
        if answer is not None:
            self.model.import_material(key, valid_to)

    @precondition(has_keys)
    @rule(at=picks, external=st.booleans())
    def delete_material(self, at: int, external: bool) -> None:
        key = self.pick_for_import(at, external)
        answer = self.told("DeleteImportedKeyMaterial", key)
        if answer is not None:
            assert ("KeyMaterialId" in answer) == key.was_imported, key
            self.model.lose_material(key)

    @precondition(has_keys)
    @rule(at=picks, operation=st.sampled_from(sorted(CRYPTOGRAPHY)))
    def use(self, at: int, operation: str) -> None:
        key = self.pick(at)
        usage, members = CRYPTOGRAPHY[operation]
        own = USAGE.get(key.kind, "ENCRYPT_DECRYPT")
        if usage != own:
            document = self.send(operation, key.region, KeyId=key.key_id, **members)[1]
            words = f"{key_arn(key.key_id, region=key.region)} key usage is {own} which is not valid for {operation}."
            assert (document["__type"], document["message"]) == ("InvalidKeyUsageException", words)
            return
        answer = self.told(operation, key, **members)
        if answer is not None and operation == "Encrypt":
            self.blobs.append((key.name, answer["CiphertextBlob"], self._material(key)))

    def _material(self, key: ModelKey) -> dict[str, Any]:
        metadata = self.ask("DescribeKey", key.region, KeyId=key.key_id)["KeyMetadata"]
        return {"KeyMaterialId": metadata["CurrentKeyMaterialId"]} if "CurrentKeyMaterialId" in metadata else {}

    @precondition(lambda self: self.blobs)
    @rule(at=picks, region=st.sampled_from(REGIONS), named=st.booleans())
    def decrypt(self, at: int, region: str, named: bool) -> None:
        """What was encrypted comes back, in every Region of the key and after every rotation."""
        (home, key_id), blob, material = self.blobs[at % len(self.blobs)]
        if key_id not in self.model.primaries:
            region = home
        key = self.model.keys.get((region, key_id))
        members: dict[str, object] = {"CiphertextBlob": base64.b64decode(blob)}
        if key is None:
            code = "NotFoundException" if named else "AccessDeniedException"
            members |= {"KeyId": key_id} if named else {}
            assert self.send("Decrypt", region, **members)[1]["__type"] == code
            return
        expected = self.model.answer("Decrypt", key)
        assert expected is not None
        status, document = self.send("Decrypt", region, **members, **({"KeyId": key_id} if named else {}))
        if expected.code == "ok":
            assert status == 200, (key, document)
            assert base64.b64decode(document["Plaintext"]) == b"x"
            assert {name: document[name] for name in document if name == "KeyMaterialId"} == material
        else:
            assert document["__type"] == expected.code, (key, document)

    # Aliases and grants

    @precondition(has_keys)
    @rule(at=picks, name=names)
    def create_alias(self, at: int, name: str) -> None:
        key = self.pick(at)
        if (key.region, name) in self.model.aliases:
            status, document = self.send("CreateAlias", key.region, AliasName=name, TargetKeyId=key.key_id)
            expected = self.model.answer("CreateAlias", key)
            assert expected is not None
            assert document["__type"] in {"AlreadyExistsException", expected.code}, (status, document)
        elif self.told("CreateAlias", key, "TargetKeyId", AliasName=name) is not None:
            self.model.aliases[key.region, name] = key.key_id

    @precondition(has_keys)
    @rule(at=picks, name=names)
    def update_alias(self, at: int, name: str) -> None:
        key = self.pick(at)
        target = self.model.aliases.get((key.region, name))
        members = {"AliasName": name, "TargetKeyId": key.key_id}
        if target is None:
            assert self.send("UpdateAlias", key.region, **members)[1]["__type"] == "NotFoundException"
            return
        old = self.model.keys[key.region, target]
        if USAGE.get(old.kind) != USAGE.get(key.kind):
            document = self.send("UpdateAlias", key.region, **members)[1]
            assert document["__type"] in {"ValidationException", "KMSInvalidStateException"}
        elif self.told("UpdateAlias", key, "TargetKeyId", AliasName=name) is not None:
            self.model.aliases[key.region, name] = key.key_id

    @precondition(lambda self: self.model.aliases)
    @rule(name=names, region=st.sampled_from(REGIONS))
    def delete_alias(self, name: str, region: str) -> None:
        status, document = self.send("DeleteAlias", region, AliasName=name)
        if self.model.aliases.pop((region, name), None) is None:
            assert document["__type"] == "NotFoundException"
        else:
            assert status == 200, document

    @precondition(lambda self: self.model.aliases)
    @rule(name=names, region=st.sampled_from(REGIONS))
    def describe_by_alias(self, name: str, region: str) -> None:
        target = self.model.aliases.get((region, name))
        status, document = self.send("DescribeKey", region, KeyId=name)
        if target is None:
            assert document["__type"] == "NotFoundException"
        else:
            assert (status, document["KeyMetadata"]["KeyId"]) == (200, target)

    @precondition(lambda self: any(key.grants for key in self.model.keys.values()))
    @rule(at=picks, operation=st.sampled_from(["RevokeGrant", "RetireGrant"]))
    def end_grant(self, at: int, operation: str) -> None:
        grants = [(key.name, grant) for key in self.model.keys.values() for grant in key.grants]
        name, grant = grants[at % len(grants)]
        key = self.model.keys[name]
        identifier = key_arn(key.key_id, region=key.region)
        self.ask(operation, key.region, KeyId=identifier, GrantId=grant)
        key.grants.remove(grant)

    # The custom key store

    @rule(connect=st.booleans())
    def connect_or_disconnect(self, connect: bool) -> None:
        operation = "ConnectCustomKeyStore" if connect else "DisconnectCustomKeyStore"
        valid = {
            "ConnectCustomKeyStore": {"CONNECTED", "CONNECTING", "DISCONNECTED"},
            "DisconnectCustomKeyStore": {"CONNECTED", "CONNECTING"},
        }[operation]
        status, document = self.send(operation, CustomKeyStoreId=self.store)
        if self.model.store not in valid:
            assert document["__type"] == "CustomKeyStoreInvalidStateException"
            return
        assert status == 200, document
        if not connect:
            self.model.connect("DISCONNECTING")
        elif self.model.store == "DISCONNECTED":
            self.model.connect("CONNECTING")

    @precondition(lambda self: self.model.store == "CONNECTED")
    @rule(operation=st.sampled_from(["EnableKey", "DisableKey", "DescribeKey"]), before=st.booleans())
    def change_and_reconnect(self, operation: str, before: bool) -> None:
        """What is done to a key before its store goes, or while it is gone, shows when it is back."""
        keys = [key for key in self.model.keys.values() if key.kind is Kind.IN_STORE]
        for connect in (False, True):
            if before != connect and keys and self.told(operation, keys[0]) is not None and operation != "DescribeKey":
                keys[0].state = {"EnableKey": "Enabled", "DisableKey": "Disabled"}[operation]
            self.connect_or_disconnect(connect)
            self.wait(TRANSITION)
            keys = [key for key in keys if key.name in self.model.keys]

    @rule()
    def delete_store(self) -> None:
        """It never works here: the store is not disconnected, or has keys; or else it is made anew."""
        document = self.send("DeleteCustomKeyStore", CustomKeyStoreId=self.store)[1]
        if self.model.store != "DISCONNECTED":
            assert document["__type"] == "CustomKeyStoreInvalidStateException"
        elif any(key.kind is Kind.IN_STORE for key in self.model.keys.values()):
            assert document["__type"] == "CustomKeyStoreHasCMKsException"
        else:
            assert document == {}
            self.make_store()

    # The clock

    @rule(
        duration=st.sampled_from(
            [
                timedelta(minutes=3),
                TRANSITION,
                timedelta(days=1),
                timedelta(days=5),
                timedelta(days=7),
                timedelta(days=40),
            ]
        )
    )
    def wait(self, duration: timedelta) -> None:
        self.endpoint.advance_clock(duration)
        self.model.advance(duration)

    # What always holds

    @invariant()
    def every_key_is_as_the_model_says(self) -> None:
        KeyStates.steps += 1
        listed = {(region, entry["KeyId"]) for region in REGIONS for entry in self.ask("ListKeys", region)["Keys"]}
        assert listed == set(self.model.keys)
        for key in self.model.keys.values():
            metadata = self.ask("DescribeKey", key.region, KeyId=key.key_id)["KeyMetadata"]
            state = self.model.state(key)
            assert (metadata["KeyState"], metadata["Enabled"]) == (state, state == "Enabled"), key
            deletion = key.deletion.timestamp() if key.deletion is not None else None
            assert metadata.get("DeletionDate") == deletion, key
            assert metadata["Description"] == key.description
            if key.kind is Kind.EXTERNAL:
                self._imported(key, metadata)
            if metadata["MultiRegion"]:
                self._related(key, metadata["MultiRegionConfiguration"])

    def _imported(self, key: ModelKey, told: dict[str, Any]) -> None:
        """How we know: recorded: ExpirationModel is there while the material is, its id from the first import on."""
        expires = "KEY_MATERIAL_EXPIRES" if key.valid_to is not None else "KEY_MATERIAL_DOES_NOT_EXPIRE"
        assert told.get("ExpirationModel") == (expires if key.has_material else None), key
        assert told.get("ValidTo") == (key.valid_to.timestamp() if key.valid_to is not None else None), key
        assert ("CurrentKeyMaterialId" in told) == key.was_imported, key

    def _related(self, key: ModelKey, told: dict[str, Any]) -> None:
        primary = self.model.primaries[key.key_id]
        relatives = {region for region, key_id in self.model.keys if key_id == key.key_id}
        assert told["MultiRegionKeyType"] == ("PRIMARY" if key.region == primary else "REPLICA")
        assert told["PrimaryKey"]["Region"] == primary
        assert {replica["Region"] for replica in told["ReplicaKeys"]} == relatives - {primary}

    @invariant()
    def aliases_grants_and_tags_are_as_the_model_says(self) -> None:
        for region in REGIONS:
            listed = {
                entry["AliasName"]: entry["TargetKeyId"]
                for entry in self.ask("ListAliases", region)["Aliases"]
                if "TargetKeyId" in entry
            }
            mine = {name: target for (where, name), target in self.model.aliases.items() if where == region}
            assert listed == mine
        for key in list(self.model.keys.values())[KeyStates.steps % 5 :: 5]:  # each in its turn, for the time's sake
            grants = self.ask("ListGrants", key.region, KeyId=key.key_id)["Grants"]
            assert {grant["GrantId"] for grant in grants} == set(key.grants)
            tags = self.ask("ListResourceTags", key.region, KeyId=key.key_id)["Tags"]
            assert {tag["TagKey"]: tag["TagValue"] for tag in tags} == key.tags


def test_no_sequence_of_operations_contradicts_the_key_states() -> None:
    KeyStates.steps = 0
    effort = settings(
        max_examples=RUNS,
        stateful_step_count=STEPS_PER_RUN,
        derandomize=True,
        database=None,
        deadline=None,
        phases=(Phase.generate,),  # the first contradiction is told at once: to shrink it would take minutes
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(KeyStates, settings=effort)
    assert KeyStates.steps >= STEPS
