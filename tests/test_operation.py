"""@operation: what is declared of an operation, and how it is carried out.

How we know: decision 38; AWS asks for a permission before every operation of KMS (kms-behaviour F.2); the newest
botocore of this environment is AWS's own description of the members.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import get_args

import botocore.session
import pytest

from keytrail.call import Call
from keytrail.clock import Clock
from keytrail.domain.grant import GrantOperation
from keytrail.domain.key import Key, KeyState
from keytrail.domain.last_usage import TrackedOperation
from keytrail.endpoint import Endpoint
from keytrail.messages import Response
from keytrail.operation import PATH_MEMBERS, SERVICES, Operation
from keytrail.operations.kms import OPERATIONS
from keytrail.settings import Settings
from keytrail.wire import service_model
from tests.support import SAMPLE_SEED, key_arn, request
from tests.support.paths import ROOT
from tests.support.wire import request_of, wire_value

AWS = botocore.session.get_session().get_service_model("kms")
OURS = service_model.load("kms")


def forgetful(operation: Operation) -> Operation:
    """The operation, as somebody would write it who forgets to ask whether the caller may."""
    return replace(operation, function=lambda call, **members: {})


@pytest.mark.parametrize(
    "name", sorted(name for name, operation in OPERATIONS.items() if operation.authorization == "in function")
)
def test_an_operation_that_forgets_to_ask_is_refused(
    name: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setitem(OPERATIONS, name, forgetful(OPERATIONS[name]))
    endpoint = Endpoint(Settings(), Clock(), [json.dumps(SAMPLE_SEED).encode()])
    body = json.dumps(wire_value(request(name, b"x" * 100))).encode()
    answer = endpoint.dispatcher.answer(request_of(f"TrentService.{name}", body))
    assert isinstance(answer, Response)
    assert (answer.status, json.loads(answer.body)["__type"]) == (500, "KMSInternalException")
    assert "AuthorizationForgotten" in caplog.text


def test_what_forgets_to_ask_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def disable(call: Call, **members: object) -> None:
        call.change(call.store.newest.require_key(key_arn()), Key.disable)

    monkeypatch.setitem(OPERATIONS, "DeleteAlias", replace(OPERATIONS["DeleteAlias"], function=disable))
    endpoint = Endpoint(Settings(), Clock(), [json.dumps(SAMPLE_SEED).encode()])
    body = json.dumps(request("DeleteAlias", b"")).encode()
    answer = endpoint.dispatcher.answer(request_of("TrentService.DeleteAlias", body))
    assert isinstance(answer, Response)
    assert answer.status == 500
    assert endpoint.store.newest.require_key(key_arn()).state is KeyState.ENABLED


WRITES = re.compile(
    r"call\.store\.(?:add|change|move)|call\.store\.(?:aliases|grants|custom_key_stores)\.(?:add|change|point|remove)"
)


def test_operations_change_the_store_as_one_that_asks_whether_anybody_has_asked() -> None:
    """call.writable_store is the store of a call whose caller was found to be allowed."""
    modules = (ROOT / "server" / "keytrail" / "operations").rglob("*.py")
    assert {path.name: found for path in modules if (found := WRITES.findall(path.read_text()))} == {}


def test_every_operation_of_kms_asks_for_a_permission() -> None:
    assert {name for name, operation in OPERATIONS.items() if operation.authorization is None} == set()


def test_the_operations_that_need_no_permission_are_those_that_sts_says_need_none() -> None:
    """How we know: STS API Reference, GetCallerIdentity and GetSessionToken, "No permissions are required".

    GetAccessKeyInfo has one, of which identity policies alone could speak; those for sts: are not evaluated.
    """
    free = {name for service in SERVICES.values() for name, o in service.operations.items() if o.authorization is None}
    assert free == {"GetCallerIdentity", "GetSessionToken", "GetAccessKeyInfo"}


@pytest.mark.parametrize("service", SERVICES)
def test_every_operation_that_is_packaged_is_built(service: str) -> None:
    assert SERVICES[service].operations.keys() == SERVICES[service].model.operations.keys()


# ---- An operation's signature is its input shape


@pytest.mark.parametrize("name", sorted(OPERATIONS))
def test_the_parameters_of_an_operation_are_the_members_of_its_input(name: str) -> None:
    operation = OPERATIONS[name]
    taken = set(operation.parameters) | ({operation.key} if operation.key else set())
    members = set(AWS.operation_model(name).input_shape.members)
    assert taken - members == set(), "no such member"
    assert members - taken - PATH_MEMBERS == set(), "a member would be accepted and ignored"
    assert not taken & PATH_MEMBERS, "the path of a request honours these"


@pytest.mark.parametrize("name", sorted(OPERATIONS))
def test_a_member_without_a_default_is_one_that_the_model_requires(name: str) -> None:
    operation = OPERATIONS[name]
    required = set(AWS.operation_model(name).input_shape.required_members)
    assert set(operation.parameters) - set(operation.defaults) == required - {operation.key}
    if operation.key:
        assert operation.key in required


@pytest.mark.parametrize("name", sorted(OPERATIONS))
def test_a_default_is_a_value_that_the_model_lets_through(name: str) -> None:
    members = OURS.operations[name].input.members
    for member, default in OPERATIONS[name].defaults.items():
        shape = members[member]
        if default is None:
            continue
        if shape.enum:
            assert default in shape.enum, member
        else:
            kinds = {"string": str, "boolean": bool, "integer": int, "list": (list, tuple), "map": Mapping}
            assert isinstance(default, kinds[shape.type]), member  # type: ignore[arg-type]


DEFAULTS = {
    ("CreateKey", "Description"): "",
    ("CreateKey", "Origin"): "AWS_KMS",
    ("CreateKey", "MultiRegion"): False,
    ("CreateKey", "BypassPolicyLockoutSafetyCheck"): False,
    ("Encrypt", "EncryptionAlgorithm"): "SYMMETRIC_DEFAULT",
    ("Decrypt", "EncryptionAlgorithm"): "SYMMETRIC_DEFAULT",
    ("ReEncrypt", "SourceEncryptionAlgorithm"): "SYMMETRIC_DEFAULT",
    ("ReEncrypt", "DestinationEncryptionAlgorithm"): "SYMMETRIC_DEFAULT",
    ("ScheduleKeyDeletion", "PendingWindowInDays"): 30,
    ("ReplicateKey", "Description"): "",
    ("ReplicateKey", "BypassPolicyLockoutSafetyCheck"): False,
}


@pytest.mark.parametrize(("name", "member"), DEFAULTS)
def test_a_default_is_the_one_that_the_api_reference_names(name: str, member: str) -> None:
    assert OPERATIONS[name].defaults[member] == DEFAULTS[name, member]


def test_the_tracked_operations_are_those_that_a_last_usage_may_name() -> None:
    """How we know: botocore's model, KeyLastUsageTrackingOperation."""
    tracked = {name for name, operation in OPERATIONS.items() if operation.tracked}
    assert tracked == set(TrackedOperation) == set(AWS.shape_for("KeyLastUsageTrackingOperation").enum)


def test_the_operations_that_fit_in_a_grant_are_those_that_a_grant_may_name() -> None:
    """How we know: botocore's model, GrantOperation; ReEncrypt is two there, one for each of its keys."""
    fit = {name for name, operation in OPERATIONS.items() if operation.grantable}
    named = set(get_args(GrantOperation))
    assert named == set(AWS.shape_for("GrantOperation").enum)
    assert fit == named - {"ReEncryptFrom", "ReEncryptTo"} | {"ReEncrypt"}
