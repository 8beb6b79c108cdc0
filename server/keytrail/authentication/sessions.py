"""Sessions: the temporary credentials that STS issued.

The newest are kept in memory, until a reset. A forgotten access key is still recognized by a check code in it: its
owner is refused, and not taken for the default account.
Source: STS API Reference; IAM User Guide, "Roles terms and concepts".
"""

import hmac
import os
import threading
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import NamedTuple, TypeVar

from keytrail.domain.credential import Credential
from keytrail.domain.principal import Principal
from keytrail.journal import Journal

MAX_SESSIONS = 10_000
"""How many are kept; the oldest are dropped first."""
MAX_BYTES = 32 * 1024 * 1024
"""How many bytes of memory they may take, estimated; an ordinary one takes about 2,000. The newest one is kept."""

_Value = TypeVar("_Value")

_PREFIX = "ASIA"
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
_TOKEN_START = "IQoJb3JpZ2luX2Vj"
"""The beginning of AWS's session tokens."""
_TOKEN_SIZE, _SECRET_SIZE = 688, 40
_CHECK_BITS = 19
_SIZE, _TEXT = 1024, 50
"""Bytes of a session besides its long texts, and of a text besides its characters."""


class IssuedSessions(NamedTuple):
    """The sessions of a moment, for `Sessions.restore`."""

    credentials: Mapping[str, Credential]
    roles: Mapping[str, str]
    key: bytes
    """What the check codes of access keys are computed with."""


class Sessions:
    """The temporary credentials that were issued, by access key. Thread-safe; reads take no lock."""

    def __init__(self) -> None:
        """Start without any."""
        self._lock = threading.Lock()
        self._key = os.urandom(32)
        self._issued: dict[str, Credential] = {}
        self._bytes = 0
        self._roles: dict[str, str] = {}
        """The ARNs of roles that were assumed, by IAM's unique id; the newest."""
        self._journal: Journal | None = None

    def keep(self, journal: Journal) -> None:
        """Note all changes from now on in a journal, and the key of the check codes."""
        self._journal = journal
        journal.note("part", "session key", self._key)

    def get(self, access_key_id: str) -> Credential | None:
        """The credentials of an access key, even if expired; None if they were never issued or are forgotten."""
        return self._issued.get(access_key_id)

    def snapshot(self) -> IssuedSessions:
        """The credentials issued so far, for `restore`."""
        with self._lock:
            return IssuedSessions(dict(self._issued), dict(self._roles), self._key)

    def restore(self, snapshot: IssuedSessions) -> None:
        """Go back to the credentials of a snapshot; all others are forgotten."""
        with self._lock:
            self._note_restored(snapshot)
            self._issued, self._roles = dict(snapshot.credentials), dict(snapshot.roles)
            self._key = snapshot.key
            self._bytes = sum(map(_size_of, self._issued.values()))

    def role_with(self, unique_id: str) -> str | None:
        """The ARN of a role that has been assumed, by IAM's unique id; None if there is none."""
        return self._roles.get(unique_id)

    def issue(self, principal: Principal, expiration: datetime, token_size: int = _TOKEN_SIZE) -> Credential:
        """New credentials for a principal, with a token of so many characters; their principal has their access key."""
        with self._lock:
            access_key_id = self._access_key(principal.account)
            while access_key_id in self._issued:
                access_key_id = self._access_key(principal.account)
            credential = Credential(
                principal=replace(principal, access_key_id=access_key_id),
                secret_access_key=_random(_SECRET_SIZE),
                session_token=_TOKEN_START + _random(token_size - len(_TOKEN_START)),
                expiration=expiration,
            )
            role = principal.role_arn
            if self._journal is not None:
                self._journal.note("session", access_key_id, credential)
                if role is not None and self._roles.get(principal.unique_id) != role:
                    self._journal.note("assumed role", principal.unique_id, role)
            self._issued[access_key_id] = credential
            self._bytes += _size_of(credential)
            if role is not None:
                self._roles[principal.unique_id] = role
            while len(self._issued) > MAX_SESSIONS or (self._bytes > MAX_BYTES and len(self._issued) > 1):
                self._bytes -= _size_of(self._drop_first("session", self._issued))
            while len(self._roles) > MAX_SESSIONS:
                self._drop_first("assumed role", self._roles)
        return credential

    def _drop_first(self, kind: str, values: dict[str, _Value]) -> _Value:
        first = next(iter(values))
        if self._journal is not None:
            self._journal.note(kind, first, None)
        return values.pop(first)

    def _note_restored(self, snapshot: IssuedSessions) -> None:
        if self._journal is None:
            return
        kinds: tuple[tuple[str, Mapping[str, object], Mapping[str, object]], ...] = (
            ("session", self._issued, snapshot.credentials),
            ("assumed role", self._roles, snapshot.roles),
        )
        for kind, before, after in kinds:
            for name in before.keys() | after.keys():
                if before.get(name) != after.get(name):
                    self._journal.note(kind, name, after.get(name))

    def _access_key(self, account: str) -> str:
        """A new access key id. Like AWS's it encodes the account; its last bits are our check code."""
        number = (1 << 40 | int(account)) << 20 | int.from_bytes(os.urandom(3)) >> 4
        number = number << _CHECK_BITS | self._check_code(number)
        return _PREFIX + "".join(_LETTERS[number >> shift & 31] for shift in range(75, -1, -5))

    def _check_code(self, number: int) -> int:
        return int.from_bytes(hmac.digest(self._key, number.to_bytes(8), "sha256")[:4]) >> 32 - _CHECK_BITS

    def issued(self, access_key_id: str) -> bool:
        """Whether an access key was issued here, even if it is forgotten."""
        letters = access_key_id.removeprefix(_PREFIX)
        if len(letters) != 16 or letters == access_key_id or not set(letters) <= set(_LETTERS):
            return False
        number = 0
        for letter in letters:
            number = number << 5 | _LETTERS.index(letter)
        return self._check_code(number >> _CHECK_BITS) == number & (1 << _CHECK_BITS) - 1


def _random(size: int) -> str:
    return b64encode(os.urandom(-(-size * 3 // 4)))[:size].decode()


def _size_of(credential: Credential) -> int:
    """The bytes of memory that a session takes, estimated: what may be long is counted, all else is an average."""
    principal = credential.principal
    tags = principal.session.tags if principal.session is not None else ()
    texts = (credential.session_token or "", *principal.session_policies, *(text for tag in tags for text in tag))
    return _SIZE + sum([_TEXT + len(text) for text in texts])
