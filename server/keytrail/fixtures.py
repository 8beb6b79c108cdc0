"""Seed files: keys and their past, read as a whole or not at all.

A document is YAML or JSON with KMS's own member names; `keytrail check --schema` prints its JSON Schema. What is
wrong is told with file, path, what was found and what would be right, and nothing of the document is loaded.
"""

import binascii
import difflib
import hashlib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

import msgspec
from msgspec import Meta, Struct

from keytrail.domain.alias import MAX_ALIASES_PER_KEY, Alias, require_alias_name
from keytrail.domain.arn import is_account, partition_of
from keytrail.domain.key import CUSTOM_KEY_STORE_ORIGINS, Key, KeyState, Origin
from keytrail.domain.key_material import KeyMaterial
from keytrail.domain.key_spec import ALGORITHMS, SYMMETRIC_DEFAULT, KeyUsage
from keytrail.domain.multi_region import MultiRegionSet
from keytrail.domain.principal import Principal
from keytrail.domain.tag import read_tags
from keytrail.errors import AwsError
from keytrail.settings import LONGEST_USAGE_DELAY, Settings, read_duration, read_moment
from keytrail.store import KeyStore, Place
from keytrail.trail import Event, Trail, Use

TrackedOperation = Literal[
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
"""The operations that a last usage may name."""

_USAGE_OF = {
    "DeriveSharedSecret": KeyUsage.KEY_AGREEMENT,
    "GenerateMac": KeyUsage.GENERATE_VERIFY_MAC,
    "VerifyMac": KeyUsage.GENERATE_VERIFY_MAC,
    "Sign": KeyUsage.SIGN_VERIFY,
    "Verify": KeyUsage.SIGN_VERIFY,
    "Encapsulate": KeyUsage.ENCAPSULATE_DECAPSULATE,
    "Decapsulate": KeyUsage.ENCAPSULATE_DECAPSULATE,
}
"""The key usage behind an operation; of those not named, ENCRYPT_DECRYPT."""

_SPEC_FOR = {
    KeyUsage.ENCRYPT_DECRYPT: SYMMETRIC_DEFAULT,
    KeyUsage.SIGN_VERIFY: "ECC_NIST_P256",
    KeyUsage.KEY_AGREEMENT: "ECC_NIST_P256",
    KeyUsage.GENERATE_VERIFY_MAC: "HMAC_256",
    KeyUsage.ENCAPSULATE_DECAPSULATE: "ML_KEM_768",
}
"""The spec of a key that names none, by its usage."""

Moment = Annotated[
    str, Meta(description="ISO 8601, such as 2026-05-01T08:00:00Z; or `200 days ago`, `in 10 days`, `now`")
]
AccountId = Annotated[str, Meta(pattern="^[0-9]{12}$", description="12 digits, in quotes")]
RegionName = Annotated[str, Meta(pattern="^[a-z0-9-]{1,32}$")]
AliasName = Annotated[str, Meta(pattern="^alias/[a-zA-Z0-9/_-]+$")]
Uuid = Annotated[str, Meta(pattern="^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")]
Description = Annotated[str, Meta(max_length=8192)]


class _Members(Struct, rename="pascal", forbid_unknown_fields=True, frozen=True, kw_only=True):
    """Members under KMS's names; one that does not exist is an error."""


class AccountMember(_Members, frozen=True, kw_only=True):
    """An account and access keys that stand for its root."""

    account: AccountId
    access_key_ids: list[Annotated[str, Meta(min_length=1)]]


class CredentialMember(_Members, frozen=True, kw_only=True):
    """An access key and the principal behind it."""

    access_key_id: Annotated[str, Meta(min_length=1)]
    secret_access_key: Annotated[str, Meta(min_length=1)]
    principal: Annotated[str, Meta(description="ARN of a user, role, role session or account root")]


class LastUsageMember(_Members, frozen=True, kw_only=True):
    """The last successful cryptographic operation; the ids are made up, always alike, where not given."""

    operation: TrackedOperation
    timestamp: Moment
    cloud_trail_event_id: Uuid | None = None
    kms_request_id: Uuid | None = None


class _RegionalMember(_Members, frozen=True, kw_only=True):
    """What each key of a multi-Region set has for itself."""

    key_state: KeyState = KeyState.ENABLED
    description: Description = ""
    policy: str | dict[str, Any] | None = None
    tags: dict[str, str] = {}
    aliases: list[AliasName] = []
    creation_date: Moment | None = None
    deletion_date: Moment | None = None
    pending_deletion_window_in_days: Annotated[int, Meta(ge=7, le=30)] | None = None
    last_usage: LastUsageMember | None = None


class ReplicaMember(_RegionalMember, frozen=True, kw_only=True):
    """A replica of a multi-Region primary key."""

    region: RegionName


class KeyMember(_RegionalMember, frozen=True, kw_only=True):
    """A key; of a multi-Region set, the primary."""

    key_id: Annotated[str, Meta(pattern="^([0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|mrk-[0-9a-f]{32})$")]
    account: AccountId | None = None
    region: RegionName | None = None
    key_spec: str | None = None
    key_usage: KeyUsage | None = None
    origin: Origin = Origin.AWS_KMS
    key_material: Annotated[str, Meta(description="32 bytes in base64")] | None = None
    multi_region: bool | None = None
    replicas: list[ReplicaMember] = []


class SettingsMember(_Members, frozen=True, kw_only=True):
    """Settings that belong to the scene rather than to the server."""

    usage_delay: Annotated[str, Meta(description="how late a use shows: ISO 8601, at most PT1H")] | None = None


class FixtureDocument(Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """A seed document."""

    settings: SettingsMember | None = None
    accounts: list[AccountMember] = []
    credentials: list[CredentialMember] = []
    keys: list[KeyMember] = []


def json_schema() -> dict[str, Any]:
    """The JSON Schema of a seed document."""
    return msgspec.json.schema(FixtureDocument)


class FixtureError(Exception):
    """A seed that cannot be loaded; its text has a line for each thing that is wrong."""

    def __init__(self, problems: Iterable[str]) -> None:
        """Keep the lines."""
        self.problems = list(problems)
        super().__init__("\n".join(self.problems))


@dataclass(slots=True)
class Seed:
    """What documents describe, checked and ready to be loaded."""

    keys: dict[str, Key] = field(default_factory=dict)
    sets: dict[Place, MultiRegionSet] = field(default_factory=dict)
    aliases: dict[str, Alias] = field(default_factory=dict)
    uses: list[tuple[str, Use, Event]] = field(default_factory=list)
    principals: dict[str, Principal] = field(default_factory=dict)
    usage_delay: timedelta | None = None

    def load(self, store: KeyStore, trail: Trail) -> None:
        """Add everything to a store and a trail; raises FixtureError, and adds nothing, if some of it is there."""
        there = [f"key {arn} already exists; reset first, or seed another" for arn in self.keys if store.has(arn)]
        there += [
            f"alias {alias.arn} already exists; reset first, or name another"
            for alias in self.aliases.values()
            if store.alias(alias.account, alias.region, alias.name) is not None
        ]
        if there:
            raise FixtureError(there)
        store.add(self.keys.values(), self.sets.items(), counted=False)
        for alias in self.aliases.values():
            store.add_alias(alias)
        if self.usage_delay is not None:
            trail.usage_delay = self.usage_delay
        uses = sorted(self.uses, key=lambda use: use[1].timestamp)
        trail.record([event for _, _, event in uses], [(arn, use) for arn, use, _ in uses])


PolicyCheck = Callable[[str], object]
"""Raises AwsError for a key policy document that KMS would not take."""


def read_files(paths: Iterable[str], settings: Settings, now: datetime, check_policy: PolicyCheck) -> Seed:
    """The seed of files, and of the .yaml, .yml and .json files in folders. Raises FixtureError."""
    seed, problems = Seed(), []
    for path in paths:
        for file in _files(Path(path)):
            try:
                read_document(file.read_bytes(), settings, now, check_policy, name=str(file), seed=seed)
            except OSError as error:
                problems.append(f"{file}: {error.strerror}; name a readable file or folder")
            except FixtureError as error:
                problems += error.problems
    if problems:
        raise FixtureError(problems)
    return seed


def _files(path: Path) -> list[Path]:
    if not path.is_dir():
        return [path]
    return sorted(file for file in path.iterdir() if file.suffix in (".yaml", ".yml", ".json") and file.is_file())


def read_document(
    data: bytes,
    settings: Settings,
    now: datetime,
    check_policy: PolicyCheck,
    *,
    name: str = "document",
    seed: Seed | None = None,
) -> Seed:
    """Add what a document describes to a seed (a new one if none is given). Raises FixtureError."""
    seed = seed if seed is not None else Seed()
    document = _parse(data, name)
    try:
        read = msgspec.convert(document, FixtureDocument, strict=True)
    except msgspec.ValidationError as error:
        raise FixtureError([f"{name}: {_in_our_words(str(error), document)}"]) from None
    reader = _Reader(name, settings, now, seed, check_policy)
    reader.read(read)
    if reader.problems:
        raise FixtureError(reader.problems)
    return seed


def _parse(data: bytes, name: str) -> object:
    if data.lstrip()[:1] == b"{":
        try:
            return msgspec.json.decode(data)
        except msgspec.DecodeError as error:
            if name.endswith(".json"):
                raise FixtureError([f"{name}: not JSON: {error}"]) from None
    import yaml  # only here: a server without seed files does not pay for it

    try:
        document = yaml.load(data, _yaml_loader())
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        where = f" at line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        raise FixtureError([f"{name}: not YAML{where}: {error.problem or error.context}"]) from None
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise FixtureError([f"{name}: not YAML: {' '.join(str(error).split())}"]) from None
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
        near = difflib.get_close_matches(unknown[1], _member_names(), 1, 0.5)
        what = f"there is no member {unknown[1]}" + (f"; did you mean {near[0]}?" if near else "")
        what += "" if near else "; `keytrail check --schema` lists the members"
    elif "got int" in what and re.search(r"Account$|Key$|KeyId$|Tags", path):
        what += "; write it in quotes"
    elif "matching regex" in what:
        what = f"expected {_FORMS.get(path.rpartition('.')[2], what)}"
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
    "Region": "the name of a Region, such as us-east-1",
    "CloudTrailEventId": "a lower-case UUID",
    "KmsRequestId": "a lower-case UUID",
}
"""What members with a pattern look like; of aliases, the pattern itself says it."""

_CHOICES: Mapping[str, tuple[str, ...]] = {
    "KeyState": tuple(KeyState),
    "KeyUsage": tuple(KeyUsage),
    "Origin": tuple(Origin),
    "Operation": get_args(TrackedOperation),
}


def _member_names() -> Iterator[str]:
    for struct in (
        FixtureDocument,
        SettingsMember,
        AccountMember,
        CredentialMember,
        KeyMember,
        ReplicaMember,
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


class _Reader:
    """Turns one document into values, and notes what is wrong on the way."""

    def __init__(self, name: str, settings: Settings, now: datetime, seed: Seed, check_policy: PolicyCheck) -> None:
        self._name = name
        self._settings = settings
        self._now = now
        self._seed = seed
        self._check_policy = check_policy
        self.problems: list[str] = []

    def read(self, document: FixtureDocument) -> None:
        if document.settings is not None and document.settings.usage_delay is not None:
            self._usage_delay(document.settings.usage_delay)
        for at, account in enumerate(document.accounts):
            for access_key_id in account.access_key_ids:
                self._principal(f"accounts[{at}]", access_key_id, f"arn:aws:iam::{account.account}:root")
        for at, credential in enumerate(document.credentials):
            self._principal(f"credentials[{at}]", credential.access_key_id, credential.principal)
        for at, key in enumerate(document.keys):
            self._key(f"keys[{at}]", key)

    def _wrong(self, path: str, what: str) -> None:
        self.problems.append(f"{self._name}: {path}: {what}")

    def _usage_delay(self, text: str) -> None:
        try:
            delay = read_duration(text)
        except ValueError as error:
            self._wrong("settings.UsageDelay", str(error))
            return
        if delay > LONGEST_USAGE_DELAY:
            self._wrong("settings.UsageDelay", f"expected at most PT1H, as AWS promises; got {text}")
        self._seed.usage_delay = delay

    def _principal(self, path: str, access_key_id: str, arn: str) -> None:
        if access_key_id in self._seed.principals:
            self._wrong(f"{path}.AccessKeyId", f"{access_key_id} stands twice; every access key has one principal")
        elif is_account(access_key_id):
            self._wrong(f"{path}.AccessKeyId", "12 digits are always the account of that number; choose another")
        try:
            self._seed.principals[access_key_id] = Principal.from_arn(arn, access_key_id)
        except ValueError as error:
            self._wrong(f"{path}.Principal", str(error))

    def _key(self, path: str, member: KeyMember) -> None:
        account = member.account or self._settings.account
        region = member.region or self._settings.region
        usage, spec = self._kind(path, member)
        multi_region = member.key_id.startswith("mrk-")
        if member.multi_region is not None and member.multi_region != multi_region:
            right = "`mrk-` and 32 hex digits" if member.multi_region else "a UUID"
            self._wrong(f"{path}.KeyId", f"with MultiRegion: {str(member.multi_region).lower()} it must be {right}")
        if member.replicas and not multi_region:
            self._wrong(f"{path}.Replicas", "only a multi-Region key has replicas; give it a KeyId with `mrk-`")
        if member.origin in CUSTOM_KEY_STORE_ORIGINS and (multi_region or spec != SYMMETRIC_DEFAULT):
            self._wrong(f"{path}.Origin", f"{member.origin} is for single-Region keys of SYMMETRIC_DEFAULT only")
        material = self._material(path, member, spec)
        shared: dict[str, Any] = {"account": account, "key_id": member.key_id, "spec": spec, "usage": usage}
        shared |= {"origin": member.origin, "material": material}
        primary = self._regional(path, member, region, shared, None)
        for at, replica in enumerate(member.replicas):
            at_path = f"{path}.Replicas[{at}]"
            if partition_of(replica.region) != partition_of(region):
                self._wrong(f"{at_path}.Region", f"{replica.region} is not in {region}'s partition")
            self._regional(at_path, replica, replica.region, shared, primary)
        if multi_region:
            regions = tuple(replica.region for replica in member.replicas)
            self._seed.sets[account, member.key_id] = MultiRegionSet(region, regions)

    def _kind(self, path: str, member: KeyMember) -> tuple[KeyUsage, str]:
        """The key's usage and spec; where neither is given, those that its last usage speaks of."""
        implied = KeyUsage.ENCRYPT_DECRYPT
        if member.last_usage is not None:
            implied = _USAGE_OF.get(member.last_usage.operation, implied)
        spec = member.key_spec
        if spec is None:
            usage = member.key_usage or implied
            return usage, _SPEC_FOR[usage]
        if spec not in ALGORITHMS:
            self._wrong(f"{path}.KeySpec", f"expected one of {', '.join(ALGORITHMS)}, got {spec!r}")
            return implied, SYMMETRIC_DEFAULT
        usages = ALGORITHMS[spec]
        usage = member.key_usage or (implied if implied in usages else next(iter(usages)))
        if usage not in usages:
            self._wrong(f"{path}.KeyUsage", f"{spec} is for {' or '.join(usages)}, not for {usage}")
        return usage, spec

    def _material(self, path: str, member: KeyMember, spec: str) -> KeyMaterial | None:
        held = spec == SYMMETRIC_DEFAULT and member.origin not in CUSTOM_KEY_STORE_ORIGINS
        if member.key_material is not None:
            if not held or member.key_state is KeyState.PENDING_IMPORT:
                self._wrong(f"{path}.KeyMaterial", "only a symmetric key that has material here may be given any")
                return None
            try:
                data = binascii.a2b_base64(member.key_material.encode(), strict_mode=True)
            except binascii.Error:
                data = b""
            if len(data) != 32:
                self._wrong(f"{path}.KeyMaterial", "expected 32 bytes in base64; `openssl rand -base64 32` makes some")
                return None
            return KeyMaterial.of(data)
        if not held or member.key_state is KeyState.PENDING_IMPORT:
            return None
        return KeyMaterial.derived(member.key_id)

    def _regional(
        self, path: str, member: _RegionalMember, region: str, shared: Mapping[str, Any], primary: Key | None
    ) -> Key:
        created = self._creation_date(path, member, primary)
        state, deletion_date, window = self._state(path, member, shared, primary)
        key = Key(
            **shared,
            region=region,
            creation_date=created,
            description=member.description,
            state=state,
            deletion_date=deletion_date,
            pending_window_in_days=window,
            policy=self._policy(path, member),
            tags=self._tags(path, member),
        )
        if key.arn in self._seed.keys:
            self._wrong(f"{path}.KeyId", f"{key.arn} stands twice; a Region holds one key of an id")
        self._seed.keys[key.arn] = key
        self._aliases(path, member, key)
        if member.last_usage is not None:
            self._last_usage(f"{path}.LastUsage", member.last_usage, key)
        return key

    def _moment(self, path: str, text: str) -> datetime | None:
        try:
            return read_relative_moment(text, self._now)
        except ValueError as error:
            self._wrong(path, str(error))
            return None

    def _creation_date(self, path: str, member: _RegionalMember, primary: Key | None) -> datetime:
        if member.creation_date is None:
            if primary is not None:
                return primary.creation_date
            # A key with a past is at least as old as that.
            used = member.last_usage.timestamp if member.last_usage is not None else "now"
            try:
                return min(read_relative_moment(used, self._now), self._now)
            except ValueError:
                return self._now
        created = self._moment(f"{path}.CreationDate", member.creation_date)
        if created is None:
            return self._now
        if created > self._now:
            self._wrong(f"{path}.CreationDate", f"{created.isoformat()} is still to come; give a moment in the past")
        return created

    def _state(
        self, path: str, member: _RegionalMember, shared: Mapping[str, Any], primary: Key | None
    ) -> tuple[KeyState, datetime | None, int | None]:
        state, origin = member.key_state, shared["origin"]
        multi_region = shared["key_id"].startswith("mrk-")
        replicated = isinstance(member, KeyMember) and bool(member.replicas)
        needs = {
            KeyState.PENDING_IMPORT: (origin is Origin.EXTERNAL, "Origin: EXTERNAL"),
            KeyState.UNAVAILABLE: (
                origin in CUSTOM_KEY_STORE_ORIGINS,
                "Origin: AWS_CLOUDHSM or EXTERNAL_KEY_STORE",
            ),
            KeyState.CREATING: (multi_region, "a multi-Region key"),
            KeyState.UPDATING: (multi_region, "a multi-Region key"),
            KeyState.PENDING_REPLICA_DELETION: (replicated, "a multi-Region primary with Replicas"),
        }
        met, what = needs.get(state, (True, ""))
        if not met:
            self._wrong(f"{path}.KeyState", f"{state} needs {what}")
        if state is KeyState.PENDING_DELETION and replicated:
            self._wrong(f"{path}.KeyState", "a primary with replicas waits as PendingReplicaDeletion")
        window = None
        if state is KeyState.PENDING_REPLICA_DELETION:
            window = member.pending_deletion_window_in_days or 30
        elif member.pending_deletion_window_in_days is not None:
            self._wrong(f"{path}.PendingDeletionWindowInDays", "needs KeyState: PendingReplicaDeletion")
        date = None
        if member.deletion_date is not None:
            date = self._moment(f"{path}.DeletionDate", member.deletion_date)
            if state is not KeyState.PENDING_DELETION:
                self._wrong(f"{path}.DeletionDate", "needs KeyState: PendingDeletion")
            elif date is not None and date <= self._now:
                self._wrong(f"{path}.DeletionDate", "is over, so the key would be gone; leave the key out")
        elif state is KeyState.PENDING_DELETION:
            date = self._now + timedelta(days=30)
        return state, date, window

    def _policy(self, path: str, member: _RegionalMember) -> str | None:
        policy = member.policy
        if isinstance(policy, dict):
            policy = msgspec.json.encode(policy).decode()
        if policy is not None:
            try:
                self._check_policy(policy)
            except AwsError as error:
                self._wrong(f"{path}.Policy", f"{error.code}: {error.message}")
        return policy

    def _tags(self, path: str, member: _RegionalMember) -> dict[str, str]:
        try:
            return read_tags(member.tags.items())
        except AwsError as error:
            self._wrong(f"{path}.Tags", str(error.message))
            return {}

    def _aliases(self, path: str, member: _RegionalMember, key: Key) -> None:
        if len(member.aliases) > MAX_ALIASES_PER_KEY:
            self._wrong(f"{path}.Aliases", f"a key has at most {MAX_ALIASES_PER_KEY} aliases")
        for at, name in enumerate(member.aliases):
            alias = Alias(key.account, key.region, name, key.key_id, key.creation_date, key.creation_date)
            try:
                require_alias_name(name)
            except AwsError:
                self._wrong(f"{path}.Aliases[{at}]", f"{name} is no name that KMS gives to a customer's alias")
            if alias.arn in self._seed.aliases:
                self._wrong(f"{path}.Aliases[{at}]", f"{alias.arn} stands twice; an alias names one key")
            self._seed.aliases[alias.arn] = alias

    def _last_usage(self, path: str, member: LastUsageMember, key: Key) -> None:
        usage = _USAGE_OF.get(member.operation, KeyUsage.ENCRYPT_DECRYPT)
        if usage is not key.usage:
            self._wrong(f"{path}.Operation", f"{member.operation} needs KeyUsage {usage}; this key is for {key.usage}")
        when = self._moment(f"{path}.Timestamp", member.timestamp)
        if when is None:
            return
        if when > self._now:
            self._wrong(f"{path}.Timestamp", f"{when.isoformat()} is still to come; give a moment in the past")
        if when < key.creation_date:
            self._wrong(
                f"{path}.Timestamp",
                f"{when.isoformat()} is before the key's CreationDate {key.creation_date.isoformat()}",
            )
        use = Use(
            member.operation,
            when,
            member.cloud_trail_event_id or _made_up("CloudTrailEventId", key.arn),
            member.kms_request_id or _made_up("KmsRequestId", key.arn),
        )
        event = Event(
            event_id=use.event_id,
            request_id=use.request_id,
            time=when,
            name=use.operation,
            region=key.region,
            principal=Principal.root(key.account),
            recipient=key.account,
            read_only=True,
            request_parameters={"KeyId": key.arn},
            additional={"keyMaterialId": key.material.id} if key.material is not None else None,
            resources=((key.account, key.arn),),
            source_ip="192.0.2.1",
            user_agent="keytrail fixtures",
        )
        self._seed.uses.append((key.arn, use, event))


def _made_up(member: str, arn: str) -> str:
    digits = hashlib.sha256(f"{member}/{arn}".encode()).hexdigest()
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-a{digits[17:20]}-{digits[20:32]}"
