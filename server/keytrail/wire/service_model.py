"""The service models that AWS publishes: operations and shapes, without their documentation.

`build_model.py` writes the files in `models/` from botocore, when the package is built. Only this module reads them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import msgspec

_MODELS = Path(__file__).parent / "models"


@dataclass(frozen=True, slots=True, eq=False)
class Shape:
    """A shape of a service model. Which of the other fields are set depends on `type`, such as structure or string."""

    name: str
    type: str
    members: "Mapping[str, Shape]"
    required: frozenset[str]
    member: "Shape | None"
    """The shape of a list's items, or of a map's values."""
    min: int | None
    max: int | None
    pattern: str | None
    enum: tuple[str, ...]
    sensitive: bool
    names: "Mapping[str, str]"
    """The names on the wire of the members of a structure that have another one there: `locationName`."""

    @property
    def is_secret(self) -> bool:
        """Whether AWS never repeats values of this shape in errors and logs."""
        return self.sensitive or self.type == "blob"


@dataclass(frozen=True, slots=True)
class OperationModel:
    """An operation of a service: its input and output shapes (None: no body) and the names of its error shapes."""

    name: str
    input: Shape
    output: Shape | None
    errors: tuple[str, ...]
    path: str
    """The path of its requests in REST JSON; `/` in the other protocols."""


@dataclass(frozen=True, slots=True)
class ServiceModel:
    """A service: its operations and shapes by name."""

    name: str
    title: str
    """What AWS calls it in short, such as `CloudTrail`: its serviceId."""
    version: str
    """The version of the API, a date."""
    protocols: tuple[str, ...]
    """The protocols that it speaks: json, query, ec2, rest-json, smithy-rpc-v2-cbor."""
    target_prefix: str | None
    """What X-Amz-Target begins with, before the dot; None for a service that has none."""
    operations: Mapping[str, OperationModel]
    shapes: Mapping[str, Shape]
    """All shapes by name, including those of errors."""
    errors: frozenset[str]
    """The names of all error shapes."""


@cache
def load(service: str) -> ServiceModel:
    """The model of a service, by its name: `kms`, `cloudtrail`, ..."""
    document: dict[str, Any] = msgspec.json.decode((_MODELS / f"{service}.json").read_bytes())
    shapes = _Shapes(document["shapes"])
    operations = {
        name: OperationModel(
            name,
            shapes.get(described["input"]) if "input" in described else _NO_INPUT,
            shapes.get(described["output"]) if "output" in described else None,
            tuple(described.get("errors", ())),
            described.get("path", "/"),
        )
        for name, described in document["operations"].items()
    }
    all_shapes = {name: shapes.get(name) for name in document["shapes"]}
    errors = frozenset(name for name, shape in document["shapes"].items() if shape.get("exception"))
    metadata = document["metadata"]
    return ServiceModel(
        service,
        metadata["serviceId"],
        metadata["apiVersion"],
        tuple(metadata["protocols"]),
        metadata.get("targetPrefix"),
        operations,
        all_shapes,
        errors,
    )


_NO_INPUT = Shape("", "structure", {}, frozenset(), None, None, None, None, (), False, {})


class _Shapes:
    """The shapes of a model file, created when they are first needed, each once."""

    def __init__(self, described: dict[str, dict[str, Any]]) -> None:
        self._described = described
        self._by_name: dict[str, Shape] = {}

    def get(self, name: str) -> Shape:
        if name not in self._by_name:
            shape = self._described[name]
            inner = shape.get("member") or shape.get("value")
            members = shape.get("members", {})
            self._by_name[name] = Shape(
                name,
                shape["type"],
                {member: self.get(ref["shape"]) for member, ref in members.items()},
                frozenset(shape.get("required", ())),
                self.get(inner["shape"]) if inner else None,
                shape.get("min"),
                shape.get("max"),
                shape.get("pattern"),
                tuple(shape.get("enum", ())),
                shape.get("sensitive", False),
                {member: ref["locationName"] for member, ref in members.items() if "locationName" in ref},
            )
        return self._by_name[name]
