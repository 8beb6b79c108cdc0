"""Reading seed files and documents into a Seed, or raising SeedError with all that is wrong in them."""

from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

from keytrail.seeds.aws_managed_keys import read_managed_key
from keytrail.seeds.credentials import read_account, read_credential
from keytrail.seeds.custom_key_stores import read_custom_key_store
from keytrail.seeds.decoding import decode
from keytrail.seeds.document import SeedDocument
from keytrail.seeds.error import SeedError
from keytrail.seeds.faults import read_fault
from keytrail.seeds.identities import read_identity
from keytrail.seeds.keys import read_key
from keytrail.seeds.organizations import (
    read_organization,
    read_resource_control_policies,
    read_service_control_policies,
)
from keytrail.seeds.reader import SeedReader
from keytrail.seeds.seed import Seed
from keytrail.seeds.settings import read_settings
from keytrail.settings import Settings


def read_files(paths: Iterable[str], settings: Settings, now: datetime) -> Seed:
    """The seed in files, and in the .yaml, .yml and .json files of folders. Raises SeedError.

    `settings` and `now` are those of `read_document`.
    """
    seed, problems = Seed(), []
    for path in paths:
        for file in _files(Path(path)):
            try:
                read_document(file.read_bytes(), settings, now, name=str(file), seed=seed)
            except OSError as error:
                problems.append(f"{file}: {error.strerror}; expected a readable file or folder")
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
    data: bytes, settings: Settings, now: datetime, *, name: str = "document", seed: Seed | None = None
) -> Seed:
    """The seed with what a YAML or JSON document describes added to it; a new seed if there is none. Raises SeedError.

    `settings` have the default account and Region. Moments such as `200 days ago` are relative to `now`.
    """
    seed = seed if seed is not None else Seed()
    reader = SeedReader(name, seed, settings, now)
    _read(decode(data, name), reader)
    if reader.problems:
        raise SeedError(reader.problems)
    return seed


def _read(document: SeedDocument, reader: SeedReader) -> None:
    """Read every part of a document, in an order in which parts follow those that they refer to."""
    if document.settings is not None:
        read_settings(document.settings, reader)
    for index, account in enumerate(document.accounts):
        read_account(f"accounts[{index}]", account, reader)
    for index, credential in enumerate(document.credentials):
        read_credential(f"credentials[{index}]", credential, reader)
    for index, identity in enumerate(document.identities):
        read_identity(f"identities[{index}]", identity, reader)
    read_service_control_policies("serviceControlPolicies", document.service_control_policies, reader)
    read_resource_control_policies("resourceControlPolicies", document.resource_control_policies, reader)
    if document.organization is not None:
        read_organization("organization", document.organization, reader)
    for index, store in enumerate(document.custom_key_stores):
        read_custom_key_store(f"customKeyStores[{index}]", store, reader)
    for index, managed in enumerate(document.aws_managed_keys):
        read_managed_key(f"awsManagedKeys[{index}]", managed, reader)
    for index, key in enumerate(document.keys):
        read_key(f"keys[{index}]", key, reader)
    for index, fault in enumerate(document.faults):
        read_fault(f"faults[{index}]", fault, reader)
