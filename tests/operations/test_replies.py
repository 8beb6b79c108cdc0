"""Replies, as the service model has them. How we know: botocore's model; kms-behaviour A.2."""

from __future__ import annotations

from typing import Any

import botocore.session
import pytest

from keytrail.operations.kms import OPERATIONS
from keytrail.server import KeytrailServer
from tests.support import load_sample_seed, request
from tests.support.wire import post

AWS = botocore.session.get_session().get_service_model("kms")

BEYOND_THE_MODEL = {"Decrypt": {"KeyOrigin"}, "ListAliases": {"AliasCount"}}
"""Members that AWS answers although its model lacks them, as recorded (kms-behaviour A.2)."""


@pytest.mark.parametrize("name", sorted(OPERATIONS))
def test_a_reply_has_only_members_of_the_output_shape(keytrail_clean: KeytrailServer, kms: Any, name: str) -> None:
    answer = post(keytrail_clean, name, request(name, load_sample_seed(keytrail_clean, kms)))
    assert answer.status_code == 200, answer.text
    output = AWS.operation_model(name).output_shape
    if output is None:
        assert answer.content == b""
        return
    strange: list[str] = []
    _compare(answer.json(), output, "", strange)
    assert set(strange) <= BEYOND_THE_MODEL.get(name, set())


def _compare(value: object, shape: Any, path: str, strange: list[str]) -> None:
    """Note the members that the shape lacks; each value must be of its JSON type, and never null."""
    kinds = {
        "structure": dict,
        "map": dict,
        "list": list,
        "boolean": bool,
        "integer": int,
        "timestamp": (int, float),
    }
    assert isinstance(value, kinds.get(shape.type_name, str)), path
    if isinstance(value, dict) and shape.type_name == "structure":
        for name, inner in value.items():
            if name not in shape.members:
                strange.append(f"{path}{name}")
            else:
                _compare(inner, shape.members[name], f"{path}{name}.", strange)
    elif isinstance(value, list):
        for inner in value:
            _compare(inner, shape.member, f"{path}[].", strange)
    if shape.type_name == "string" and shape.enum:
        assert value in shape.enum, path
