"""The packaged service model is AWS's.

How we know: the newest botocore of this environment is AWS's own description of KMS. When AWS adds an operation or
a member, the test that fails here names it; raise the pin in pyproject.toml, and build it or let it say that it is
not built.
"""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import botocore.session
import pytest
from botocore.model import StructureShape

from keytrail.operations import SERVICES
from keytrail.regions import domain_of, regions_by_partition
from keytrail.wire import service_model
from keytrail.wire.service_model import Shape
from keytrail.wire.validation import ALSO_ACCEPTED, MEASURED_ENUMS
from tests.support.paths import ROOT

AWS = botocore.session.get_session().get_service_model("kms")
OURS = service_model.load("kms")
MODELS = Path(service_model.__file__).parent / "models"
BUILDER = ROOT / "server" / "build_model.py"


def aws_shapes(name: str) -> dict[str, Any]:
    """The shapes that an operation of AWS's takes and gives: members at every depth, by path."""
    operation = AWS.operation_model(name)
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


def test_the_model_has_the_56_operations_of_aws() -> None:
    assert sorted(OURS.operations) == sorted(AWS.operation_names)
    assert len(OURS.operations) == 56, "AWS has new operations: build them, or let them say that they are not built"


@pytest.mark.parametrize("name", AWS.operation_names)
def test_an_operation_has_the_shapes_and_errors_of_aws(name: str) -> None:
    ours = OURS.operations[name]
    shapes = {**_our_members("input", ours.input), **_our_members("output", ours.output)}
    assert shapes == aws_shapes(name)
    assert (ours.output is None) == (AWS.operation_model(name).output_shape is None)
    assert sorted(ours.errors) == sorted(shape.name for shape in AWS.operation_model(name).error_shapes)


def test_the_target_prefix_is_that_of_aws() -> None:
    assert OURS.target_prefix == AWS.metadata["targetPrefix"] == "TrentService"
    trail = botocore.session.get_session().get_service_model("cloudtrail")
    assert service_model.load("cloudtrail").target_prefix == trail.metadata["targetPrefix"]


def test_an_enum_in_the_order_of_kms_has_the_values_of_the_model() -> None:
    for name, printed in MEASURED_ENUMS.items():
        if name != "DataKeySpec":  # KMS prints all key specs there
            assert sorted(printed) == sorted(AWS.shape_for(name).enum), name
            assert len(set(printed)) == len(printed)


def test_values_that_also_pass_are_not_in_the_enum() -> None:
    for name, values in ALSO_ACCEPTED.items():
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
    assert sorted(written) == sorted(f"{name}.json" for name in builder().SERVICES)


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_the_packaged_model_is_what_the_build_writes(name: str) -> None:
    packaged, built = json.loads((MODELS / f"{name}.json").read_text()), builder().build_model(name)
    for model in (packaged, built):
        model["metadata"].pop("botocore")
    assert packaged == built


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_no_operation_here_takes_what_is_not_read(name: str) -> None:
    """No member is sent in the path, the query or a header, and no body is compressed."""
    model = botocore.session.get_session().get_service_model(name)
    for operation in SERVICES[name].operations:
        aws = model.operation_model(operation)
        assert aws.request_compression is None
        for shape in filter(None, (aws.input_shape, aws.output_shape)):
            assert [each for each in shape.members.values() if "location" in each.serialization] == []


def test_the_packaged_model_has_no_documentation() -> None:
    assert "documentation" not in (MODELS / "kms.json").read_text()
    assert (MODELS / "kms.json").stat().st_size < 100_000


def test_the_packaged_regions_are_what_the_build_writes(tmp_path: Path) -> None:
    built = json.loads(builder().build_regions(tmp_path / "regions.json").read_text())["partitions"]
    assert {name: tuple(regions) for name, regions in built.items()} == regions_by_partition()
    assert {name: domain_of(name) for name in ("aws", "aws-cn")} == {
        "aws": "amazonaws.com",
        "aws-cn": "amazonaws.com.cn",
    }
    assert not [name for regions in built.values() for name in regions if name.endswith("-global")]


def test_an_unknown_trait_stops_the_build() -> None:
    with pytest.raises(ValueError, match="NewShape has surprise"):
        builder()._shape("NewShape", {"type": "string", "surprise": 1})
