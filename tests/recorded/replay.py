"""Replaying the tables of this folder: steps sent through boto3, each held against what AWS was recorded to answer.

The format is described in README.md beside this file.
"""

from __future__ import annotations

import functools
import hashlib
import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import yaml
from botocore.exceptions import ClientError

from keytrail.crypto import key_pair
from keytrail.server import KeytrailServer
from keytrail.settings import read_duration, read_moment
from tests.support.clients import shared_client
from tests.support.importing import wrap

TABLES = Path(__file__).parent
START = "2026-09-12T08:00:00.123Z"
"""When each scenario begins; the clock stands still until a step moves it."""

SERVICE_OF = {"LookupEvents": "cloudtrail", "AssumeRole": "sts", "GetCallerIdentity": "sts", "GetSessionToken": "sts"}
"""The services of operations that are not KMS's."""


class Step(msgspec.Struct, forbid_unknown_fields=True):
    """A call and what AWS answered. Without `case` it only prepares, and has to succeed.

    Or a group: `steps` that are taken once for each of the values by name of `each`.
    """

    call: str = ""
    case: str | None = None
    send: dict[str, Any] = {}
    caller: str | None = msgspec.field(default=None, name="as")
    region: str | None = None
    after: str | None = None
    keep: dict[str, str] = {}
    answer: dict[str, Any] | None = None
    members: dict[str, Any] | None = None
    code: str | None = None
    message: str = ""
    each: list[dict[str, Any]] = []
    steps: list[Step] = []
    record: dict[str, Any] | None = None
    listed: list[dict[str, str]] | None = None

    def __post_init__(self) -> None:
        """Raise ValueError for a step that holds nothing against the recording, or against two things at once."""
        if bool(self.call) == bool(self.each) or bool(self.each) != bool(self.steps):
            raise ValueError(f"{self.call}: a step is a call, or a group with `each` and `steps`")
        expectations = [it for it in (self.answer, self.members, self.code) if it is not None]
        in_trail = [it for it in (self.record, self.listed) if it is not None]
        if len(expectations) > 1 or bool(expectations or in_trail) != (self.case is not None):
            raise ValueError(
                f"{self.call}, case {self.case}: a case has at most one of answer, members and code, some of these, "
                "record and listed; others have none"
            )


class Scenario(msgspec.Struct, forbid_unknown_fields=True):
    """Steps on a server of their own, or on the session's with a clean state."""

    scenario: str
    steps: list[Step]
    each: list[dict[str, Any]] = []
    seed: dict[str, Any] | None = None
    settings: dict[str, Any] = {}
    source: str | None = None


class Table(msgspec.Struct, forbid_unknown_fields=True):
    """The scenarios of a recording."""

    source: str
    scenarios: list[Scenario]


class Bytes(msgspec.Struct):
    """Expected: bytes, so many if a length is given."""

    length: int | None = None


class In(msgspec.Struct):
    """A moment so long after the server's present time; to send or to expect."""

    duration: timedelta


class Pair(msgspec.Struct, frozen=True):
    """A key pair that is always the same for spec and name: its private key (PKCS #8, in DER or BER) or public key."""

    spec: str
    name: str = ""
    form: str = "private"

    def encoded(self) -> bytes:
        """The bytes."""
        pair = _generated(self.spec, self.name)
        if self.form == "public":
            return pair.public_der
        der = pair.private_der()
        long_length = der[1] & 0x7F if der[1] & 0x80 else 0
        return der if self.form == "private" else b"\x30\x80" + der[2 + long_length :] + b"\x00\x00"


@functools.cache
def _generated(spec: str, name: str) -> key_pair.KeyPair:
    return key_pair.generate(spec)


class Wrapped(msgspec.Struct):
    """To send: key material, wrapped by a kept answer of GetParametersForImport."""

    material: Any
    parameters: str
    algorithm: str = "RSAES_OAEP_SHA_256"


class _Loader(yaml.SafeLoader):
    """YAML with the tags of the tables. Dates stay text."""


def _material(text: str) -> bytes:
    """`name` or `name, length`: bytes that are always the same for a name, 32 if no length is given."""
    name, _, length = text.partition(",")
    return hashlib.shake_256(name.encode()).digest(int(length or 32))


_Loader.yaml_implicit_resolvers = {
    first: [(tag, regexp) for tag, regexp in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_TAGS = {
    "!utf8": lambda text: text.encode(),
    "!material": _material,
    "!times": lambda text: text.partition(",")[2] * int(text.partition(",")[0]),
    "!bytes": lambda text: Bytes(int(text) if text else None),
    "!duration": read_duration,
    "!in": lambda text: In(-read_duration(text[1:]) if text.startswith("-") else read_duration(text)),
    "!private": lambda text: Pair(*text.split(",")),
    "!private_ber": lambda text: Pair(text, form="ber"),
    "!public": lambda text: Pair(*text.split(","), form="public"),
    "!at": read_moment,
}
for _tag, _read in _TAGS.items():
    _Loader.add_constructor(_tag, lambda loader, node, read=_read: read(loader.construct_scalar(node)))
_Loader.add_constructor("!wrapped", lambda loader, node: Wrapped(**loader.construct_mapping(node, deep=True)))

_FORMS = {
    "<any>": r".*",
    "<id>": r"[0-9a-f]{64}",
    "<iso>": r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ",
    "<uuid3>": r"[0-9a-f]{8}-[0-9a-f]{4}-3[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}",
    "<uuid4>": r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}",
    "<uuid>": r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}",
    "<text>": r".+",
}
_KEPT = re.compile(r"\$\{(\w+)\}|\$(\w+)")


def read_table(path: Path) -> Table:
    """A table, checked. Raises msgspec.ValidationError, which names the place."""
    table = msgspec.convert(yaml.load(path.read_text(), _Loader), Table)
    table.scenarios = [one for scenario in table.scenarios for one in _one_by_one(scenario)]
    return table


def _one_by_one(scenario: Scenario) -> Iterator[Scenario]:
    for given in scenario.each or [{}]:
        title = f"{scenario.scenario}: {given['spec']}" if "spec" in given else scenario.scenario
        yield msgspec.structs.replace(scenario, scenario=title, each=[given])


class Replay:
    """A scenario under way: what was kept of its answers, and where AWS's differ."""

    def __init__(self, server: KeytrailServer) -> None:
        """Replay on a server with a clean state."""
        self.server = server
        self.kept: dict[str, Any] = {}
        self.differences: list[str] = []

    def run(self, scenario: Scenario) -> list[str]:
        """All differences, a line each."""
        self.server.clock.freeze(START)
        if scenario.seed is not None:
            self.server.load(scenario.seed)
        for given in scenario.each:
            self.kept |= self.sent(given)
        for step in scenario.steps:
            self._take(step)
        return self.differences

    def _take(self, step: Step) -> None:
        for given in step.each:
            self.kept |= self.sent(given)
            for inner in step.steps:
                self._take(inner)
        if step.call:
            self._call(step)

    def _call(self, step: Step) -> None:
        if step.after is not None:
            self.server.clock.advance(step.after)
        where = f"{self.sent(step.case) or 'preparation'} ({step.call})"
        try:
            answer = self._client(step)._make_api_call(step.call, self.sent(step.send))
        except ClientError as refusal:
            error = refusal.response["Error"]
            self._look_up(step, where, refusal.response["ResponseMetadata"]["RequestId"])
            if step.code is None:
                self.differences.append(f"{where}: {error['Code']}: {error.get('Message', '')}")
            else:
                self._hold(where, {"code": step.code, "message": step.message},
                           {"code": error["Code"], "message": error.get("Message", "")}, whole=True)  # fmt: skip
            return
        self._look_up(step, where, answer.pop("ResponseMetadata")["RequestId"])
        if step.code is not None:
            self.differences.append(f"{where}: success instead of {step.code}")
        if step.answer is not None or step.members is not None:
            self._hold(where, step.answer or step.members or {}, answer, whole=step.answer is not None)
        for name, path in step.keep.items():
            self.kept[name] = _at(answer, path)

    def _look_up(self, step: Step, where: str, request_id: str) -> None:
        """Hold the call's record, and its Resources in LookupEvents, of the caller's account."""
        if step.record is None and step.listed is None:
            return
        record = self.server.events(requestID=request_id)[0]
        for name, item in (step.record or {}).items():
            self._hold(f"{where}: record", {name: item}, {name: record[name]} if name in record else {}, whole=True)
        if step.listed is not None:
            by_id = [{"AttributeKey": "EventId", "AttributeValue": record["eventID"]}]
            account = record["recipientAccountId"]
            trail = shared_client(self.server.url, "cloudtrail", record["awsRegion"], account, "any", None)
            (event,) = trail.lookup_events(LookupAttributes=by_id)["Events"]
            self._hold(f"{where}: listed", step.listed, event["Resources"], whole=True)

    def _client(self, step: Step) -> Any:
        caller = step.caller or self.server.settings.account
        service = SERVICE_OF.get(step.call, "kms")
        region = step.region or self.server.settings.region
        session = self.kept.get(caller)
        if isinstance(session, dict):
            keys = (session["AccessKeyId"], session["SecretAccessKey"], session["SessionToken"])
        else:
            keys = (caller, self.server.secret_of(caller) or "any", None)
        return shared_client(self.server.url, service, region, *keys, parameter_validation=False)

    def sent(self, value: Any) -> Any:
        """A value of `send`, with what was kept and the moments filled in."""
        match value:
            case dict():
                return {name: self.sent(item) for name, item in value.items()}
            case list():
                return [self.sent(item) for item in value]
            case In():
                return self.server.clock.now + value.duration
            case Wrapped():
                public = self.kept[value.parameters]["PublicKey"]
                return wrap(public, self.sent(value.algorithm), self.sent(value.material))
            case str():
                return self._filled(value)
        return value.encoded() if isinstance(value, Pair) else value

    def _filled(self, text: str) -> Any:
        if whole := _KEPT.fullmatch(text):
            return self.kept[whole[1] or whole[2]]
        return _KEPT.sub(lambda found: str(self.kept[found[1] or found[2]]), text)

    def _hold(self, where: str, expected: Any, actual: Any, *, whole: bool) -> None:
        match expected:
            case dict() if isinstance(actual, dict):
                for name, item in expected.items():
                    if item == "<absent>":
                        if name in actual:
                            self.differences.append(f"{where}: {name} should be absent, is {actual[name]!r}")
                    elif name not in actual:
                        self.differences.append(f"{where}: {name} is missing")
                    else:
                        self._hold(f"{where}: {name}", item, actual[name], whole=whole)
                if whole and (more := actual.keys() - expected.keys()):
                    self.differences.append(f"{where}: AWS does not answer {', '.join(sorted(more))}")
            case list() if isinstance(actual, list) and len(actual) == len(expected):
                for position, (item, found) in enumerate(zip(expected, actual, strict=True)):
                    self._hold(f"{where}[{position}]", item, found, whole=whole)
            case _:
                if not self._fits(expected, actual):
                    self.differences.append(f"{where}: {self.sent(expected)!r} expected, is {actual!r}")

    def _fits(self, expected: Any, actual: Any) -> bool:
        match expected:
            case Bytes():
                return isinstance(actual, bytes) and expected.length in (None, len(actual))
            case "<date>" | "<second>":
                return isinstance(actual, datetime) and (expected == "<date>" or not actual.microsecond)
            case str() if isinstance(actual, str):
                return re.fullmatch(self._pattern(expected), actual, re.DOTALL) is not None
        wanted = self.sent(expected)
        if isinstance(wanted, Bytes):
            return self._fits(wanted, actual)
        if isinstance(wanted, datetime) and isinstance(actual, datetime):
            return abs(wanted - actual) < timedelta(milliseconds=1)
        return bool(wanted == actual)

    def _pattern(self, text: str) -> str:
        """The regular expression of a text, in which forms may stand."""
        pattern = re.escape(str(self._filled(text)))
        for form, expression in _FORMS.items():
            pattern = pattern.replace(form, expression)
        return pattern


def _at(answer: Any, path: str) -> Any:
    """What stands at a path such as `Grants.0.GrantId`; `.` is the whole answer."""
    for name in path.split(".") if path != "." else ():
        answer = answer[int(name)] if isinstance(answer, list) else answer[name]
    return answer
