"""Reading seed files and documents into a Seed, or raising SeedError with all that is wrong in them."""

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from itertools import count
from pathlib import Path
from typing import TypeVar

from keytrail.seeds.aws_managed_keys import read_managed_key
from keytrail.seeds.credentials import read_account, read_credential
from keytrail.seeds.custom_key_stores import read_custom_key_store
from keytrail.seeds.decoding import Decoded, decode
from keytrail.seeds.error import SeedError
from keytrail.seeds.external_errors import read_external_error
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

_Member = TypeVar("_Member")


def read_files(paths: Iterable[str], settings: Settings, now: datetime) -> Seed:
    """The seed in files, and in the .yaml, .yml and .json files of folders. Raises SeedError.

    `settings` and `now` are those of `read_document`.
    """
    return read_documents(((str(file), file) for path in paths for file in files_of(path)), settings, now)


def read_documents(documents: Iterable[tuple[str, bytes | Path]], settings: Settings, now: datetime) -> Seed:
    """The seed in documents, or in files, each with its name for messages. Raises SeedError.

    `settings` and `now` are those of `read_document`.
    """
    seed, problems = Seed(), []
    for name, document in documents:
        try:
            data = document if isinstance(document, bytes) else document.read_bytes()
            read_document(data, settings, now, name=name, seed=seed)
        except OSError as error:
            problems.append(f"{name}: {error.strerror}; expected a readable file or folder")
        except SeedError as error:
            problems += error.problems
    if problems:
        raise SeedError(problems)
    return seed


def files_of(path: str) -> list[Path]:
    """The file at a path; of a folder, its .yaml, .yml and .json files."""
    folder = Path(path)
    if not folder.is_dir():
        return [folder]
    return sorted(file for file in folder.iterdir() if file.suffix in (".yaml", ".yml", ".json") and file.is_file())


def read_document(
    data: bytes, settings: Settings, now: datetime, *, name: str = "document", seed: Seed | None = None
) -> Seed:
    """The seed with what a YAML or JSON document describes added to it; a new seed if there is none. Raises SeedError.

    `settings` have the default account and Region. Moments such as `200 days ago` are relative to `now`.
    """
    seed = seed if seed is not None else Seed()
    reader = SeedReader(name, seed, settings, now)
    decoded = decode(data, name)
    _read(decoded, reader)
    if problems := [*decoded.problems, *reader.problems]:
        raise SeedError(problems)
    return seed


def _read(decoded: Decoded, reader: SeedReader) -> None:
    """Read every part of a document, in an order in which parts follow those that they refer to."""
    document, left_out = decoded.document, decoded.left_out
    if document.settings is not None:
        read_settings(document.settings, reader)
    _read_items("accounts", document.accounts, read_account, left_out, reader)
    _read_items("credentials", document.credentials, read_credential, left_out, reader)
    _read_items("identities", document.identities, read_identity, left_out, reader)
    if not any(path.startswith("serviceControlPolicies") for path in left_out):
        read_service_control_policies("serviceControlPolicies", document.service_control_policies, reader)
    if not any(path.startswith("resourceControlPolicies") for path in left_out):
        read_resource_control_policies("resourceControlPolicies", document.resource_control_policies, reader)
    if document.organization is not None:
        read_organization("organization", document.organization, reader)
    _read_items("organizations", document.organizations, read_organization, left_out, reader)
    _read_items("customKeyStores", document.custom_key_stores, read_custom_key_store, left_out, reader)
    _read_items("awsManagedKeys", document.aws_managed_keys, read_managed_key, left_out, reader)
    stores_left_out = any(path.startswith("customKeyStores") for path in left_out)
    for path, key in _items("keys", document.keys, left_out):
        if key.custom_key_store_id is None or not stores_left_out:  # its store may be one of those
            read_key(path, key, reader)
    _read_items("faults", document.faults, read_fault, left_out, reader)
    _read_items("externalErrors", document.external_errors, read_external_error, left_out, reader)


def _read_items(
    part: str,
    members: Iterable[_Member],
    read: Callable[[str, _Member, SeedReader], None],
    left_out: frozenset[str],
    reader: SeedReader,
) -> None:
    """Read the members of a list."""
    for path, member in _items(part, members, left_out):
        read(path, member, reader)


def _items(part: str, members: Iterable[_Member], left_out: frozenset[str]) -> Iterator[tuple[str, _Member]]:
    """The members of a list, each with its path in the document, which counts those that are left out."""
    paths = (f"{part}[{index}]" for index in count())
    return zip((path for path in paths if path not in left_out), members, strict=False)
