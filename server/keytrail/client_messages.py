"""What KeytrailClient sends to the control API and gets from it: queries, files, answers, errors."""

import json
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple, NoReturn
from uuid import uuid4

from keytrail.trail import IncompleteTrailError


class Answer(NamedTuple):
    """An answer of the control API."""

    status: int
    media_type: str
    body: bytes


def members_of(url: str, answer: Answer) -> dict[str, Any]:
    """The members of an answer in JSON; raises the error that a refusal stands for. `url` is the server's."""
    status = answer.status
    try:
        members = json.loads(answer.body)
    except ValueError:
        members = None
    if not isinstance(members, dict) or (status >= 400 and "error" not in members):
        raise ConnectionError(f"what answers at {url} is not Keytrail's control API (status {status})")
    if status == 401:
        raise PermissionError(f"the server at {url} wants its control token: KeytrailClient(url, token)")
    if status >= 400:
        _raise(status, members)
    return members


def _raise(status: int, members: Mapping[str, Any]) -> NoReturn:
    """Raise the error that KeytrailServer raises where the server refuses."""
    from keytrail.seeds import SeedError  # imported late: most suites never need it

    if "problems" in members:
        raise SeedError(members["problems"])
    kinds: Mapping[int, type[Exception]] = {
        403: PermissionError,
        404: LookupError,
        409: IncompleteTrailError,
        500: RuntimeError,
        502: ConnectionError,
    }
    raise kinds.get(status, ValueError)(members["error"])


def text_of(value: object) -> str | None:
    """The text of a filter in a query."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return str(value).lower()
    return value.isoformat() if isinstance(value, datetime) else json.dumps(value)


def form_of_files(path: Path) -> tuple[bytes, str]:
    """A multipart/form-data body with the seed files at a path, and its media type. Raises SeedError."""
    from keytrail.seeds import SeedError, files_of  # imported late: it takes as long as the rest

    boundary = uuid4().hex
    parts = []
    try:
        for file in files_of(str(path)):
            name = str(file).replace('"', "%22").replace("\n", "%0A")
            head = f'--{boundary}\r\nContent-Disposition: form-data; name="seed"; filename="{name}"\r\n\r\n'
            parts.append(head.encode() + file.read_bytes() + b"\r\n")
    except OSError as error:
        raise SeedError([f"{error.filename}: {error.strerror}; expected a readable file or folder"]) from None
    if not parts:
        raise SeedError([f"{path}: has no seed file; expected a .yaml, .yml or .json file"])
    return b"".join(parts) + f"--{boundary}--\r\n".encode(), f"multipart/form-data; boundary={boundary}"
