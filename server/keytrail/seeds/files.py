"""From seed files and documents to a seed: everything in them is right, or SeedError says what is not."""

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
from keytrail.seeds.identities import read_identity, read_organization, read_service_control_policies
from keytrail.seeds.keys import read_key
from keytrail.seeds.reader import SeedReader
from keytrail.seeds.seed import Seed
from keytrail.seeds.settings import read_settings
from keytrail.settings import Settings


def read_files(paths: Iterable[str], settings: Settings, now: datetime) -> Seed:
    """The seed of files, and of the .yaml, .yml and .json files in folders. Raises SeedError."""
    seed, problems = Seed(), []
    for path in paths:
        for file in _files(Path(path)):
            try:
                read_document(file.read_bytes(), settings, now, name=str(file), seed=seed)
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
    data: bytes, settings: Settings, now: datetime, *, name: str = "document", seed: Seed | None = None
) -> Seed:
    """Add what a document in YAML or JSON describes to a seed (a new one if none is given). Raises SeedError.

    `settings` have the account and Region of what names none; moments such as `200 days ago` are relative to `now`.
    """
    seed = seed if seed is not None else Seed()
    reader = SeedReader(name, seed, settings, now)
    _read(decode(data, name), reader)
    if reader.problems:
        raise SeedError(reader.problems)
    return seed


def _read(document: SeedDocument, reader: SeedReader) -> None:
    """Read every part; those first that others refer to."""
    if document.settings is not None:
        read_settings(document.settings, reader)
    for at, account in enumerate(document.accounts):
        read_account(f"accounts[{at}]", account, reader)
    for at, credential in enumerate(document.credentials):
        read_credential(f"credentials[{at}]", credential, reader)
    for at, identity in enumerate(document.identities):
        read_identity(f"identities[{at}]", identity, reader)
    read_service_control_policies("serviceControlPolicies", document.service_control_policies, reader)
    if document.organization is not None:
        read_organization("organization", document.organization, reader)
    for at, store in enumerate(document.custom_key_stores):
        read_custom_key_store(f"customKeyStores[{at}]", store, reader)
    for at, managed in enumerate(document.aws_managed_keys):
        read_managed_key(f"awsManagedKeys[{at}]", managed, reader)
    for at, key in enumerate(document.keys):
        read_key(f"keys[{at}]", key, reader)
    for at, fault in enumerate(document.faults):
        read_fault(f"faults[{at}]", fault, reader)
