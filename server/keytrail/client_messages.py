"""What KeytrailClient sends to the control API and gets from it: queries, answers, errors."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any, NoReturn

from keytrail.http_client import Answer
from keytrail.trail import IncompleteTrailError


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
