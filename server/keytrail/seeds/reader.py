"""From seed documents to values: what the members mean, and whether that can be."""

from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

from keytrail.seeds.aws_managed_keys import read_managed_key
from keytrail.seeds.credentials import read_account, read_credential
from keytrail.seeds.custom_key_stores import read_custom_key_stores
from keytrail.seeds.document import AwsManagedKeyMember, FixtureDocument
from keytrail.seeds.faults import FaultCheck, read_fault
from keytrail.seeds.identities import (
    PolicyCheck,
    read_identities,
    read_organization,
    read_service_control_policies,
)
from keytrail.seeds.keys import KeyReader
from keytrail.seeds.last_usage import read_last_usage
from keytrail.seeds.parsing import SeedError, parse
from keytrail.seeds.seed import Seed
from keytrail.seeds.settings import read_settings
from keytrail.settings import Settings


def read_files(
    paths: Iterable[str],
    settings: Settings,
    now: datetime,
    check_policy: PolicyCheck,
    check_fault: FaultCheck | None = None,
) -> Seed:
    """The seed of files, and of the .yaml, .yml and .json files in folders. Raises SeedError."""
    seed, problems = Seed(), []
    for path in paths:
        for file in _files(Path(path)):
            try:
                data = file.read_bytes()
                read_document(data, settings, now, check_policy, check_fault, name=str(file), seed=seed)
            except OSError as error:
                problems.append(f"{file}: {error.strerror}; name a readable file or folder")
            except SeedError as error:
                problems += error.problems
    if problems:
        raise SeedError(problems)
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
    check_fault: FaultCheck | None = None,
    *,
    name: str = "document",
    seed: Seed | None = None,
) -> Seed:
    """Add what a document describes to a seed (a new one if none is given). Raises SeedError."""
    seed = seed if seed is not None else Seed()
    document = parse(data, name)
    reader = _Reader(name, settings, now, seed, check_policy)
    reader.read(document)
    if document.settings is not None:
        read_settings(document.settings, seed, settings, reader._wrong)
    for at, member in enumerate(document.faults):
        rule = read_fault(f"faults[{at}]", member, check_fault, reader._wrong)
        seed.faults += [rule] if rule is not None else []
    if reader.problems:
        raise SeedError(reader.problems)
    return seed


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
        for at, account in enumerate(document.accounts):
            read_account(f"accounts[{at}]", account, self._seed.credentials, self._wrong)
        for at, credential in enumerate(document.credentials):
            known, default = self._seed.credentials, self._settings.account
            read_credential(f"credentials[{at}]", credential, known, default, self._now, self._wrong)
        read_identities("identities", document.identities, self._seed, self._check_policy, self._wrong)
        listed, organization = document.service_control_policies, document.organization
        read_service_control_policies("serviceControlPolicies", listed, self._seed, self._check_policy, self._wrong)
        if organization is not None:
            read_organization("organization", organization, self._seed, self._check_policy, self._wrong)
        read_custom_key_stores(document.custom_key_stores, self._seed, self._settings, self._now, self._wrong)
        for at, managed in enumerate(document.aws_managed_keys):
            self._managed(f"awsManagedKeys[{at}]", managed)
        keys = KeyReader(self._seed, self._settings, self._now, self._check_policy, self._wrong)
        for at, key in enumerate(document.keys):
            keys.read(f"keys[{at}]", key)

    def _wrong(self, path: str, what: str) -> None:
        self.problems.append(f"{self._name}: {path}: {what}")

    def _managed(self, path: str, member: AwsManagedKeyMember) -> None:
        key = read_managed_key(path, member, self._seed, self._settings, self._now, self._wrong)
        if key is not None and member.last_usage is not None:
            at_path = f"{path}.LastUsage"
            read_last_usage(at_path, member.last_usage, key, self._seed, self._settings, self._now, self._wrong)
