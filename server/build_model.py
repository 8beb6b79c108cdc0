"""Writes Keytrail's service models and the list of Regions from botocore's, and takes in htmx, at each build.

botocore has AWS's own description of every operation, shape and error, but loading it takes a quarter of a second and
31 MB at each start. So only the build loads it: hatchling runs the hook at the end of this file for a wheel, an sdist
and an editable install, with the botocore that `build-system.requires` in pyproject.toml pins. The files that it writes
are not in git. To use a newer model, raise that pin.

A model file is `{"metadata", "operations", "shapes"}`: the operations of Keytrail, each with the names of its input,
output and error shapes, and every shape that is reachable from those, in botocore's form without its prose.
The file of Regions is `{"botocore", "partitions", "domains"}`: of each partition the names of its Regions, and the
domain of its host names.
"""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hatchling.builders.config import BuilderConfig
    from hatchling.builders.hooks.plugin.interface import BuildHookInterface

MODELS = Path("server", "keytrail", "wire", "models")
"""The folder of the models, relative to the project's root."""

HTMX = Path("server", "keytrail", "http", "console", "static", "htmx.min.js")
"""The console's htmx, relative to the project's root."""
REGIONS = Path("server", "keytrail", "regions.json")
"""The file of Regions, relative to the project's root."""

SERVICES: Mapping[str, frozenset[str] | None] = {
    "kms": None,
    "account": frozenset({"ListRegions"}),
    "cloudtrail": frozenset({"DescribeTrails", "GetTrailStatus", "LookupEvents"}),
    "ec2": frozenset({"DescribeRegions"}),
    "sts": frozenset({"AssumeRole", "GetAccessKeyInfo", "GetCallerIdentity", "GetSessionToken"}),
}
"""The operations that are packaged of each service; None: all."""

METADATA = ("apiVersion", "protocols", "serviceId", "targetPrefix", "jsonVersion")
"""The members of a model's metadata that are kept."""

KEPT = frozenset(
    {
        *("type", "shape", "members", "required", "member", "key", "value"),
        *("min", "max", "pattern", "enum", "sensitive"),
        *("exception", "error", "fault"),
        *("location", "locationName", "flattened", "timestampFormat", "xmlAttribute", "xmlNamespace"),
    }
)
"""Traits of shapes and members that are kept: they decide what is sent."""

DROPPED = frozenset({"documentation", "deprecated", "deprecatedMessage", "deprecatedSince", "box", "retryable"})
"""Traits for human readers and for clients, which are dropped."""

Json = dict[str, Any]


def build_models(folder: Path) -> list[Path]:
    """Write one `<service>.json` for each service into `folder`, from the botocore that is installed.

    Returns the files. The same botocore gives the same bytes.
    """
    folder.mkdir(parents=True, exist_ok=True)
    files = []
    for service in SERVICES:
        file = folder / f"{service}.json"
        file.write_text(json.dumps(build_model(service), separators=(",", ":")) + "\n", encoding="utf-8")
        files.append(file)
    return files


def build_model(service: str) -> Json:
    """Read the newest model of `service` in the installed botocore, and keep what Keytrail needs of it."""
    import botocore

    source: Json = _loader().load_service_model(service, "service-2")
    metadata, shapes = source["metadata"], source["shapes"]
    names = sorted(SERVICES[service] or source["operations"])
    operations = {name: _operation(source["operations"][name]) for name in names}
    return {
        "metadata": {
            "service": service,
            **{key: metadata[key] for key in METADATA if key in metadata},
            "botocore": botocore.__version__,
        },
        "operations": operations,
        "shapes": {name: _shape(name, shapes[name]) for name in _reachable(operations, shapes)},
    }


def build_regions(file: Path) -> Path:
    """Write the Regions of all partitions into `file`, from the botocore that is installed. Returns the file.

    What botocore calls `aws-global` and the like are no Regions, but the endpoints of services that have none.
    """
    import botocore

    source = _loader().load_data("partitions")["partitions"]
    partitions = {
        partition["id"]: sorted(name for name in partition["regions"] if not name.endswith("-global"))
        for partition in source
    }
    domains = {partition["id"]: partition["outputs"]["dnsSuffix"] for partition in source}
    document = {"botocore": botocore.__version__, "partitions": partitions, "domains": domains}
    file.write_text(json.dumps(document, separators=(",", ":")) + "\n", encoding="utf-8")
    return file


def _loader() -> Any:
    from botocore.loaders import Loader

    # Without the default search paths, no model from the home folder of the person who builds gets into a wheel.
    return Loader(extra_search_paths=[Loader.BUILTIN_DATA_PATH], include_default_search_paths=False)


def _operation(source: Json) -> Json:
    """The names of an operation's shapes, and its path, if it has one of its own.

    An operation without a reply has no output shape.
    """
    operation: Json = {key: source[key]["shape"] for key in ("input", "output") if key in source}
    operation["errors"] = [error["shape"] for error in source.get("errors", ())]
    if (path := source["http"]["requestUri"]) != "/":
        operation["path"] = path
    return operation


def _reachable(operations: Json, shapes: Json) -> list[str]:
    """The names, sorted, of all shapes that the operations use, at any depth."""
    found: set[str] = set()
    remaining = {name for operation in operations.values() for name in _roots(operation)}
    while remaining:
        name = remaining.pop()
        found.add(name)
        remaining.update(set(_references(shapes[name])) - found)
    return sorted(found)


def _roots(operation: Json) -> Iterator[str]:
    yield from (operation[key] for key in ("input", "output") if key in operation)
    yield from operation["errors"]


def _references(shape: Json) -> Iterator[str]:
    """The names of the shapes of a structure's members, or of a list's or a map's elements."""
    yield from (member["shape"] for member in shape.get("members", {}).values())
    yield from (shape[key]["shape"] for key in ("member", "key", "value") if key in shape)


def _shape(name: str, source: Json) -> Json:
    """A shape without prose; members keep botocore's order."""
    shape = _traits(name, source)
    for key in ("member", "key", "value"):
        if key in shape:
            shape[key] = _traits(f"{name}.{key}", shape[key])
    if "members" in shape:
        shape["members"] = {key: _traits(f"{name}.{key}", member) for key, member in shape["members"].items()}
    return shape


def _traits(place: str, source: Json) -> Json:
    """The traits in KEPT. A trait that is in neither table stops the build, because it may change what is sent."""
    if unknown := sorted(source.keys() - KEPT - DROPPED):
        raise ValueError(f"botocore's {place} has {', '.join(unknown)}: add it to KEPT or DROPPED in {__file__}")
    return {key: value for key, value in source.items() if key in KEPT}


def take_htmx(file: Path) -> Path:
    """Copy the htmx of the installed django-js-lib-htmx to `file`, and return it. No module of that is imported."""
    spec = importlib.util.find_spec("js_lib_htmx")
    if spec is None or not spec.submodule_search_locations:
        raise ModuleNotFoundError("the console's htmx comes from django-js-lib-htmx, which is not installed")
    file.write_bytes(Path(spec.submodule_search_locations[0], "static", "htmx", "htmx.min.js").read_bytes())
    return file


def get_build_hook() -> type[BuildHookInterface[BuilderConfig]]:
    """Give hatchling its hook; a function, so that this module can be imported where hatchling is not."""
    from hatchling.builders.config import BuilderConfig
    from hatchling.builders.hooks.plugin.interface import BuildHookInterface

    class ModelHook(BuildHookInterface[BuilderConfig]):
        PLUGIN_NAME = "custom"

        def initialize(self, version: str, build_data: dict[str, Any]) -> None:
            """Write the models, the Regions and htmx, and include them in the package although git ignores them."""
            files = [*build_models(Path(self.root, MODELS)), build_regions(Path(self.root, REGIONS))]
            files.append(take_htmx(Path(self.root, HTMX)))
            build_data["artifacts"] += [f"/{file.relative_to(self.root).as_posix()}" for file in files]

        def clean(self, versions: list[str]) -> None:
            """Remove them, for `hatch clean`."""
            for file in (REGIONS, HTMX):
                Path(self.root, file).unlink(missing_ok=True)
            for service in SERVICES:
                Path(self.root, MODELS, f"{service}.json").unlink(missing_ok=True)

    return ModelHook
