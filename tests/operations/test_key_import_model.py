"""Any order of imports, deletions, rotations and days that pass, against a model of related keys in two Regions.

How we know: what AWS was recorded to answer (tests/recorded/imports*.yaml); AWS docs, "Importing key material into
multi-Region keys" and the operations' own pages; what the model says is what test_imported_keys.py says one by one.
"""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from botocore.exceptions import ClientError
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from keytrail.domain.key_material import KeyMaterial
from keytrail.server import KeytrailServer
from tests.support import ELSEWHERE, IMPORTED_SINCE, MRK, REGION, invoke, wrapped_for
from tests.support.importing import EXISTING, NEW, NO_EXPIRY, START, materials, metadata

SECRETS = [bytes([number]) * 32 for number in range(1, 5)]
IDS = [KeyMaterial.imported(MRK, "SYMMETRIC_DEFAULT", secret).id for secret in SECRETS]
REGIONS = (REGION, ELSEWHERE)
WRAPPED = {(region, at): wrapped_for(MRK, material=SECRETS[at], region=region) for region in REGIONS for at in range(4)}

_regions = st.sampled_from(REGIONS)
_materials = st.integers(0, 3)
ACTIONS = st.one_of(
    st.tuples(
        st.just("import"), _regions, _materials, st.sampled_from(["", "NEW", "EXISTING"]), st.sampled_from([0, 2])
    ),
    st.tuples(st.just("delete"), _regions, st.none() | _materials),
    st.tuples(st.sampled_from(["disable", "enable"]), _regions),
    st.tuples(st.just("rotate")),
    st.tuples(st.just("days"), st.integers(1, 3)),
)

ROTATED_WHEN_EXPIRED: list[tuple[Any, ...]] = [
    ("import", ELSEWHERE, 0, "", 0),
    ("import", REGION, 1, "NEW", 2),
    ("import", ELSEWHERE, 1, "", 0),
    ("days", 3),
    ("rotate",),
    ("import", REGION, 1, "", 0),
]


@dataclass
class Model:
    """Which of the four materials the key has for good, which is pending, and which are where, until what day."""

    day: int = 0
    own: list[int] = field(default_factory=lambda: [0])
    pending: int | None = None
    there: dict[str, dict[int, int]] = field(default_factory=lambda: {REGION: {0: 99}, ELSEWHERE: {}})
    disabled: set[str] = field(default_factory=set)

    def usable(self, region: str) -> bool:
        return all(self.there[region].get(material, 0) > self.day for material in self.own)

    def state(self, region: str) -> str:
        if not self.usable(region):
            return "PendingImport"
        return "Disabled" if region in self.disabled else "Enabled"

    def known(self, material: int) -> bool:
        return material in self.own or material == self.pending

    def imports(self, region: str, material: int, kind: str, valid: int) -> str:
        is_new = kind == "NEW"
        if is_new and region != REGION:
            return "ValidationException"
        if is_new == self.known(material):
            return "IncorrectKeyMaterialException"
        if is_new and self.pending is not None:
            return "KMSInvalidStateException"
        if is_new:
            self.pending = material
        self.there[region][material] = self.day + valid if valid else 99
        if self.usable(region):
            self.disabled.discard(region)
        return "ok"

    def deletes(self, region: str, material: int | None) -> str:
        material = self.own[-1] if material is None else material
        if not self.known(material):
            return "ValidationException"
        everywhere = material == self.pending and region == REGION
        for place in REGIONS if everywhere else (region,):
            self.there[place].pop(material, None)
        if everywhere:
            self.pending = None
        return "ok"

    def switches(self, region: str, name: str) -> str:
        if not self.usable(region):
            return "KMSInvalidStateException"
        (self.disabled.add if name == "disable" else self.disabled.discard)(region)
        return "ok"

    def rotates(self) -> str:
        if self.state(REGION) == "Disabled":
            return "DisabledException"
        if not self.usable(REGION) or any(self.pending not in there for there in self.there.values()):
            return "KMSInvalidStateException"
        assert self.pending is not None
        self.own.append(self.pending)
        self.pending = None
        return "ok"


def act(model: Model, server: KeytrailServer, clients: dict[str, Any], action: tuple[Any, ...]) -> None:
    """Do the same to the model and to the server, and compare how it ends."""
    name, *details = action
    if name == "days":
        model.day += details[0]
        server.clock.set(at(model.day))
        return
    if name == "import":
        region, material, kind, valid = details
        expiry = {"ValidTo": at(model.day + valid)} if valid else NO_EXPIRY
        members = {**WRAPPED[region, material], **expiry, **{"": {}, "NEW": NEW, "EXISTING": EXISTING}[kind]}
        expected, operation = model.imports(region, material, kind, valid), "ImportKeyMaterial"
    elif name == "delete":
        region, material = details
        members = {"KeyMaterialId": IDS[material]} if material is not None else {}
        expected, operation = model.deletes(region, material), "DeleteImportedKeyMaterial"
    elif name in ("disable", "enable"):
        region, members = details[0], {}
        expected, operation = model.switches(region, name), f"{name.capitalize()}Key"
    else:
        region, members = REGION, {}
        expected, operation = model.rotates(), "RotateKeyOnDemand"
    try:
        invoke(clients[region], operation, KeyId=MRK, **members)
        end = "ok"
    except ClientError as error:
        end = str(error.response["Error"]["Code"])
    assert end == expected, action


def check(model: Model, clients: dict[str, Any], blobs: list[bytes]) -> None:
    """What both Regions tell, and what they decrypt, is what the model says."""
    listed = [*model.own, *([model.pending] if model.pending is not None else [])]
    for region, kms in clients.items():
        told = metadata(kms, MRK)
        assert told["KeyState"] == model.state(region)
        assert told["CurrentKeyMaterialId"] == IDS[model.own[-1]]
        assert ("ExpirationModel" in told) == model.usable(region)
        ends = [model.there[region][material] for material in model.own if material in model.there[region]]
        soonest = min(ends, default=99)
        assert told.get("ValidTo") == (at(soonest) if model.usable(region) and soonest < 99 else None)
        entries = materials(kms, MRK)
        assert [entry["KeyMaterialId"] for entry in entries] == [IDS[material] for material in listed]
        there = [entry["ImportState"] == "IMPORTED" for entry in entries]
        assert there == [material in model.there[region] for material in listed]
        last_days = [model.there[region].get(material, 99) for material in listed]
        assert [entry.get("ValidTo") for entry in entries] == [at(day) if day < 99 else None for day in last_days]
        if model.state(region) == "Enabled":
            blobs.append(kms.encrypt(KeyId=MRK, Plaintext=b"x")["CiphertextBlob"])
            assert all(kms.decrypt(CiphertextBlob=blob)["Plaintext"] == b"x" for blob in blobs[-6:])


def at(day: int) -> datetime:
    return START + timedelta(days=day)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(actions=st.lists(ACTIONS, min_size=5, max_size=25))
@example(actions=ROTATED_WHEN_EXPIRED)
def test_related_keys_go_through_any_life_as_the_model_says(
    actions: list[tuple[Any, ...]], keytrail_clean: KeytrailServer, keytrail_client: Any
) -> None:
    keytrail_clean.reset()
    keytrail_clean.clock.freeze(START)
    material = {"KeyMaterial": b64encode(SECRETS[0]).decode(), "CreationDate": IMPORTED_SINCE.isoformat()}
    replica = {"Region": ELSEWHERE, "KeyState": "PendingImport"}
    keytrail_clean.load({"keys": [{"KeyId": MRK, "Origin": "EXTERNAL", **material, "Replicas": [replica]}]})
    clients = {region: keytrail_client(region=region) for region in REGIONS}
    model, blobs = Model(), list[bytes]()
    for action in actions:
        act(model, keytrail_clean, clients, action)
        check(model, clients, blobs)
    keytrail_clean.clock.reset()
