"""Registry and model agree, and the model is AWS's.

How we know: the newest botocore of this environment is AWS's own description of KMS. When AWS adds an operation or
a member, the test that fails here names it; raise the pin in pyproject.toml, and build it or let it say that it is
not built.
"""

from __future__ import annotations

import importlib.util
import inspect
import json
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import botocore.session
import pytest
from botocore.loaders import Loader
from botocore.model import OperationModel, StructureShape

from keytrail import errors
from keytrail.errors import AwsError
from keytrail.operation import PATH_MEMBERS
from keytrail.operations.kms import OPERATIONS
from keytrail.server import KeytrailServer
from keytrail.wire import service_model
from keytrail.wire.service_model import Shape
from keytrail.wire.validation import ALSO_PASS, MEASURED_ENUMS
from tests.support import load_sample_seed, request
from tests.support.paths import ROOT
from tests.support.wire import post

AWS = botocore.session.get_session().get_service_model("kms")
RAW_SHAPES = Loader().load_service_model("kms", "service-2")["shapes"]
OURS = service_model.load("kms")
MODELS = Path(service_model.__file__).parent / "models"
BUILDER = ROOT / "server" / "build_model.py"

BEYOND_THE_MODEL = {"Decrypt": {"KeyOrigin"}, "ListAliases": {"AliasCount"}}
"""Members that AWS answers although its model lacks them, as recorded (kms-behaviour A.2)."""

FRONT_END = {
    "UnknownOperationException",
    "SerializationException",
    "RequestEntityTooLargeException",
    "InvalidSignatureException",
    "MissingAuthenticationTokenException",
    "IncompleteSignatureException",
    "UnrecognizedClientException",
    "ExpiredTokenException",
    "ValidationException",
    "AccessDeniedException",
    "NotAuthorizedException",
    "ThrottlingException",
    "InternalFailure",
    "ServiceUnavailable",
}
"""Errors that KMS sends and its model does not declare (kms-behaviour A.3, A.5, I.3; AWS's "Common Errors")."""


def aws_operation(name: str) -> OperationModel:
    return AWS.operation_model(name)


def aws_shapes(name: str) -> dict[str, Any]:
    """The shapes that an operation of AWS's takes and gives: members at every depth, by path."""
    operation = aws_operation(name)
    return {
        **_aws_members("input", operation.input_shape),
        **_aws_members("output", operation.output_shape),
    }


def _aws_members(path: str, shape: Any, above: tuple[str, ...] = ()) -> dict[str, Any]:
    if shape is None or shape.name in above:
        return {}
    traits = {name: shape.metadata[name] for name in ("min", "max", "pattern", "sensitive") if name in shape.metadata}
    enum = tuple(shape.metadata.get("enum", ()))
    required = sorted(shape.metadata.get("required", ()))
    found = {path: (shape.type_name, traits, enum, required)}
    inner: Mapping[str, Any] = shape.members if isinstance(shape, StructureShape) else {}
    inner = inner or {name: getattr(shape, name) for name in ("member", "value") if hasattr(shape, name)}
    for name, member in inner.items():
        found |= _aws_members(f"{path}.{name}", member, (*above, shape.name))
    return found


def _our_members(path: str, shape: Shape | None, above: tuple[str, ...] = ()) -> dict[str, Any]:
    if shape is None or shape.name in above:
        return {}
    traits = {name: getattr(shape, name) for name in ("min", "max", "pattern") if getattr(shape, name) is not None}
    if shape.sensitive:
        traits["sensitive"] = True
    found = {path: (shape.type, traits, shape.enum, sorted(shape.required))}
    inner = dict(shape.members)
    if shape.member is not None:
        inner["value" if shape.type == "map" else "member"] = shape.member
    for name, member in inner.items():
        found |= _our_members(f"{path}.{name}", member, (*above, shape.name))
    return found


# ---- The model is AWS's


def test_the_model_has_the_56_operations_of_aws() -> None:
    assert sorted(OURS.operations) == sorted(AWS.operation_names)
    assert len(OURS.operations) == 56, "AWS has new operations: build them, or let them say that they are not built"


@pytest.mark.parametrize("name", AWS.operation_names)
def test_an_operation_has_the_shapes_and_errors_of_aws(name: str) -> None:
    ours = OURS.operations[name]
    shapes = {**_our_members("input", ours.input), **_our_members("output", ours.output)}
    assert shapes == aws_shapes(name)
    assert (ours.output is None) == (aws_operation(name).output_shape is None)
    assert sorted(ours.errors) == sorted(shape.name for shape in aws_operation(name).error_shapes)


def test_the_target_prefix_is_that_of_aws() -> None:
    assert OURS.target_prefix == AWS.metadata["targetPrefix"] == "TrentService"
    trail = botocore.session.get_session().get_service_model("cloudtrail")
    assert service_model.load("cloudtrail").target_prefix == trail.metadata["targetPrefix"]


def test_an_enum_that_is_printed_in_kms_order_has_the_values_of_the_model() -> None:
    for name, printed in MEASURED_ENUMS.items():
        if name != "DataKeySpec":  # KMS prints all key specs there
            assert sorted(printed) == sorted(AWS.shape_for(name).enum), name
            assert len(set(printed)) == len(printed)


def test_a_value_that_passes_beside_an_enum_is_not_in_it() -> None:
    for name, values in ALSO_PASS.items():
        assert not values & set(AWS.shape_for(name).enum), name


def builder() -> ModuleType:
    """server/build_model.py, which is no part of the package."""
    spec = importlib.util.spec_from_file_location("build_model", BUILDER)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_build_writes_the_same_bytes_each_time(tmp_path: Path) -> None:
    builder().build_models(tmp_path / "a")
    builder().build_models(tmp_path / "b")
    written = {file.name: file.read_bytes() for file in (tmp_path / "a").iterdir()}
    assert written == {file.name: file.read_bytes() for file in (tmp_path / "b").iterdir()}
    assert sorted(written) == ["cloudtrail.json", "kms.json", "sts.json"]


@pytest.mark.parametrize("name", ["cloudtrail", "kms", "sts"])
def test_the_packaged_model_is_what_the_build_writes(name: str) -> None:
    packaged, built = json.loads((MODELS / f"{name}.json").read_text()), builder().build_model(name)
    for model in (packaged, built):
        model["metadata"].pop("botocore")
    assert packaged == built


def test_the_model_holds_no_prose() -> None:
    assert "documentation" not in (MODELS / "kms.json").read_text()
    assert (MODELS / "kms.json").stat().st_size < 100_000


def test_a_trait_that_nobody_has_judged_stops_the_build() -> None:
    with pytest.raises(ValueError, match="NewShape has surprise"):
        builder()._shape("NewShape", {"type": "string", "surprise": 1})


# ---- The registry is the model's


@pytest.mark.parametrize("name", sorted(OPERATIONS))
def test_the_parameters_of_an_operation_are_the_members_of_its_input(name: str) -> None:
    operation = OPERATIONS[name]
    taken = set(operation.parameters) | ({operation.key} if operation.key else set())
    members = set(aws_operation(name).input_shape.members)
    assert taken - members == set(), "no such member"
    assert members - taken - PATH_MEMBERS == set(), "a member would be accepted and ignored"
    assert not taken & PATH_MEMBERS, "the path of a request honours these"


@pytest.mark.parametrize("name", sorted(OPERATIONS))
def test_a_member_without_a_default_is_one_that_the_model_requires(name: str) -> None:
    operation = OPERATIONS[name]
    required = set(aws_operation(name).input_shape.required_members)
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


TRACKED = [
    "Decrypt",
    "DeriveSharedSecret",
    "Encrypt",
    "GenerateDataKey",
    "GenerateDataKeyPair",
    "GenerateDataKeyPairWithoutPlaintext",
    "GenerateDataKeyWithoutPlaintext",
    "GenerateMac",
    "ReEncrypt",
    "Sign",
    "Verify",
    "VerifyMac",
    "Encapsulate",
    "Decapsulate",
]


def test_the_tracked_operations_are_those_that_a_last_usage_may_name() -> None:
    assert sorted(AWS.shape_for("KeyLastUsageTrackingOperation").enum) == sorted(TRACKED)
    assert {name for name, operation in OPERATIONS.items() if operation.tracked} == set(TRACKED) & set(OPERATIONS)


# ---- Replies


@pytest.mark.parametrize("name", sorted(OPERATIONS))
def test_a_reply_has_only_members_of_the_output_shape(keytrail_clean: KeytrailServer, kms: Any, name: str) -> None:
    answer = post(keytrail_clean, name, request(name, load_sample_seed(keytrail_clean, kms)))
    assert answer.status_code == 200, answer.text
    output = aws_operation(name).output_shape
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


# ---- Errors


def test_there_is_an_error_class_for_every_error_of_the_model_and_for_no_other() -> None:
    ours = {
        name
        for name, value in inspect.getmembers(errors, inspect.isclass)
        if issubclass(value, AwsError) and value is not AwsError
    }
    assert {shape.name for shape in AWS.error_shapes} - ours == set()
    trail = botocore.session.get_session().get_service_model("cloudtrail")
    sts = botocore.session.get_session().get_service_model("sts")
    theirs = {shape.name for service in (AWS, trail, sts) for shape in service.error_shapes}
    assert ours - theirs - FRONT_END == set()
    assert OURS.errors == {shape.name for shape in AWS.error_shapes}


@pytest.mark.parametrize("name", sorted(shape.name for shape in AWS.error_shapes))
def test_a_client_error_is_400_and_only_a_fault_of_the_service_is_more(name: str) -> None:
    # How we know: kms-behaviour A.3; for clients' errors the statuses of the model are not those on the wire.
    error = getattr(errors, name)
    fault = RAW_SHAPES[name].get("fault", False)
    assert error.code == name
    assert error.status == 400 if not fault else error.status >= 500
