"""From bytes to a typed document, and every mistake in words that help."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any, TypeVar

import msgspec

from keytrail.domain.custom_key_store import ConnectionErrorCode
from keytrail.domain.imported_material import MaterialState
from keytrail.domain.key import KeyState, Origin
from keytrail.domain.key_spec import KeyUsage
from keytrail.domain.last_usage import TrackedOperation
from keytrail.seeds.document import (
    AccountMember,
    AwsManagedKeyMember,
    CredentialMember,
    CustomKeyStoreMember,
    FaultMember,
    FixtureDocument,
    ImportedMaterialMember,
    ImportState,
    KeyMember,
    LastUsageMember,
    LatencyMember,
    ReplicaMember,
    SettingsMember,
    XksProxyMember,
)
from keytrail.seeds.identity_members import IdentityMember, OrganizationMember, ServiceControlPolicyMember
from keytrail.settings import read_moment

_Member = TypeVar("_Member")

Wrong = Callable[[str, str], None]
"""Notes what is wrong: where in the document, and what would be right."""


class SeedError(Exception):
    """A seed that cannot be loaded; its text has a line for each thing that is wrong."""

    def __init__(self, problems: Iterable[str]) -> None:
        """Keep the lines."""
        self.problems = list(problems)
        super().__init__("\n".join(self.problems))


def parse(data: bytes, name: str) -> FixtureDocument:
    """The document in YAML or JSON; raises SeedError."""
    document = _parse(data, name)
    return convert(document, FixtureDocument, f"{name}: ")


def convert(document: object, kind: type[_Member], name: str = "") -> _Member:
    """A document as a typed value; raises SeedError, whose line begins with the name."""
    try:
        return msgspec.convert(document, kind, strict=True)
    except msgspec.ValidationError as error:
        raise SeedError([name + _in_our_words(str(error), document)]) from None


def _parse(data: bytes, name: str) -> object:
    if data.lstrip()[:1] == b"{":
        try:
            return msgspec.json.decode(data)
        except msgspec.DecodeError as error:
            if name.endswith(".json"):
                raise SeedError([f"{name}: not JSON: {error}"]) from None
    import yaml  # only here: a server without seed files does not pay for it

    try:
        document = yaml.load(data, _yaml_loader())
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        where = f" at line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        raise SeedError([f"{name}: not YAML{where}: {error.problem or error.context}"]) from None
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise SeedError([f"{name}: not YAML: {' '.join(str(error).split())}"]) from None
    return {} if document is None else document


def _yaml_loader() -> Any:
    import yaml

    class Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
        """Safe YAML without YAML's own dates (ours are texts), and with a word about repeated members."""

        yaml_implicit_resolvers = {  # noqa: RUF012
            letter: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
            for letter, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
        }

        def construct_mapping(self, node: Any, deep: bool = False) -> Any:
            names = [name.value for name, _ in node.value if name.tag != "tag:yaml.org,2002:merge"]
            for name, _ in node.value:
                if names.count(name.value) > 1:
                    raise yaml.MarkedYAMLError(
                        problem=f"{name.value} stands twice in one mapping; keep one",
                        problem_mark=name.start_mark,
                    )
            return super().construct_mapping(node, deep)

    return Loader


_PLACE = re.compile(r" - at `\$\.?(.*)`$")
_ELLIPSIS = re.compile(r"\[\.\.\.\]$")


def _in_our_words(error: str, document: object) -> str:
    """The message of msgspec with the path first, and with what would be right."""
    found = _PLACE.search(error)
    path, what = (found[1], error[: found.start()]) if found else ("", error)
    path = _ELLIPSIS.sub(lambda ellipsis: _member_that_is_no_text(document, path[: ellipsis.start()]), path)
    what = what.replace("`", "")
    unknown = re.search(r"unknown field (\S+)", what)
    if unknown:
        import difflib  # only for a mistake: every start would wait for it

        near = difflib.get_close_matches(unknown[1], _member_names(), 1, 0.5)
        what = f"there is no member {unknown[1]}" + (f"; did you mean {near[0]}?" if near else "")
        what += "" if near else "; `keytrail check --schema` lists the members"
    elif "got int" in what and re.search(r"Account$|Key$|KeyId$|Tags", path):
        what += "; write it in quotes"
    elif "matching regex" in what:
        form = _FORMS.get(path.rpartition(".")[2])
        what = f"expected {form}" if form is not None else what
    elif "Invalid enum value" in what:
        choices = _CHOICES.get(path.rpartition(".")[2])
        what += f"; choose from {', '.join(choices)}" if choices else ""
    return f"{path}: {what}" if path else what


def _member_that_is_no_text(document: object, path: str) -> str:
    """Which member of a mapping of texts msgspec means by its `[...]`."""
    at: Any = document
    for step in re.findall(r"[^.\[\]]+", path):
        at = at[int(step) if isinstance(at, list) else step]
    wrong = next((name for name, value in at.items() if not isinstance(value, str)), None)
    return f".{wrong}" if wrong is not None else ""


_FORMS = {
    "Account": "12 digits, in quotes",
    "KeyId": "a lower-case UUID, or `mrk-` and 32 lower-case hex digits",
    "CustomKeyStoreId": "`cks-` and 17 lower-case hex digits",
    "Region": "the name of a Region, such as us-east-1",
    "CloudTrailEventId": "a lower-case UUID",
    "KmsRequestId": "a lower-case UUID",
}
"""What members with a pattern look like; of aliases, the pattern itself says it."""

_CHOICES: Mapping[str, tuple[str, ...]] = {
    "KeyState": tuple(KeyState),
    "KeyUsage": tuple(KeyUsage),
    "Origin": tuple(Origin),
    "Operation": tuple(TrackedOperation),
    "KeyMaterialState": tuple(MaterialState),
    "ImportState": tuple(ImportState),
    "ConnectionErrorCode": tuple(ConnectionErrorCode),
    "ConnectionState": ("CONNECTED", "DISCONNECTED", "FAILED"),
    "CustomKeyStoreType": ("AWS_CLOUDHSM", "EXTERNAL_KEY_STORE"),
    "Service": ("kms", "cloudtrail", "sts"),
    "Drop": ("before", "after"),
    "Distribution": ("uniform", "normal", "lognormal"),
    "Connectivity": ("PUBLIC_ENDPOINT", "VPC_ENDPOINT_SERVICE"),
}


def _member_names() -> Iterator[str]:
    for struct in (
        FixtureDocument,
        SettingsMember,
        AccountMember,
        CredentialMember,
        KeyMember,
        ReplicaMember,
        ImportedMaterialMember,
        IdentityMember,
        ServiceControlPolicyMember,
        OrganizationMember,
        CustomKeyStoreMember,
        XksProxyMember,
        FaultMember,
        LatencyMember,
        AwsManagedKeyMember,
    ):
        yield from struct.__struct_encode_fields__
    yield from LastUsageMember.__struct_encode_fields__


_AGO = re.compile(r"(?:in (?P<ahead>\d{1,9})|(?P<back>\d{1,9})) (?P<unit>second|minute|hour|day|week)s?(?P<ago> ago)?")


def read_relative_moment(text: str, now: datetime) -> datetime:
    """A moment from ISO 8601, `now`, `200 days ago` or `in 10 days`. Raises ValueError."""
    if text == "now":
        return now
    found = _AGO.fullmatch(text)
    if found is None or bool(found["ahead"]) == bool(found["ago"]):
        try:
            return read_moment(text)
        except ValueError:
            raise ValueError(
                f"expected an ISO 8601 moment, `now`, `200 days ago` or `in 10 days`, got {text!r}"
            ) from None
    try:
        distance = timedelta(**{f"{found['unit']}s": int(found["ahead"] or found["back"])})
        # Whole seconds, as a last usage tells them: so that a creation at the same moment is not later.
        now = now.replace(microsecond=0)
        return now + distance if found["ahead"] else now - distance
    except OverflowError:
        raise ValueError(f"{text!r} lies outside the calendar") from None


def read_past_moment(path: str, text: str, now: datetime, wrong: Wrong) -> datetime | None:
    """The same of a moment that must be over; tells `wrong` if it is not, and gives None for what is no moment."""
    try:
        moment = read_relative_moment(text, now)
    except ValueError as error:
        wrong(path, str(error))
        return None
    if moment > now:
        wrong(path, f"{moment.isoformat()} is still to come; give a moment in the past")
    return moment
