"""@operation: what is declared of an operation, and how it is carried out.

How we know: decision 38; AWS asks for a permission before every operation of KMS (kms-behaviour F.2).
"""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from keytrail.clock import Clock
from keytrail.endpoint import Endpoint
from keytrail.messages import Response
from keytrail.operation import SERVICES, Operation
from keytrail.operations.kms import OPERATIONS
from keytrail.settings import Settings
from tests.support import SAMPLE_SEED, request
from tests.support.wire import request_of, wire_value


def forgetful(operation: Operation) -> Operation:
    """The operation, as somebody would write it who forgets to ask whether the caller may."""
    return replace(operation, function=lambda call, **members: {})


@pytest.mark.parametrize("name", sorted(name for name, operation in OPERATIONS.items() if operation.on == "itself"))
def test_an_operation_that_forgets_to_ask_is_refused(
    name: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setitem(OPERATIONS, name, forgetful(OPERATIONS[name]))
    endpoint = Endpoint(Settings(), Clock(), [json.dumps(SAMPLE_SEED).encode()])
    body = json.dumps(wire_value(request(name, b"x" * 100))).encode()
    answer = endpoint.dispatcher.answer(request_of(f"TrentService.{name}", body))
    assert isinstance(answer, Response)
    assert (answer.status, json.loads(answer.body)["__type"]) == (500, "KMSInternalException")
    assert "NobodyAsked" in caplog.text


def test_every_operation_of_kms_asks_for_a_permission() -> None:
    assert {name for name, operation in OPERATIONS.items() if operation.on is None} == set()


def test_the_operations_that_need_no_permission_are_those_that_sts_says_need_none() -> None:
    """How we know: STS API Reference, GetCallerIdentity and GetSessionToken, "No permissions are required".

    GetAccessKeyInfo has one, of which identity policies alone could speak; those for sts: are not evaluated.
    """
    free = {name for service in SERVICES.values() for name, o in service.operations.items() if o.on is None}
    assert free == {"GetCallerIdentity", "GetSessionToken", "GetAccessKeyInfo"}


@pytest.mark.parametrize("service", SERVICES)
def test_every_operation_that_is_packaged_is_built(service: str) -> None:
    assert SERVICES[service].operations.keys() == SERVICES[service].model.operations.keys()
