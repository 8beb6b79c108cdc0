"""Temporary credentials: who may have them, and those that were given out.

They are kept in memory, the newest only, and are gone after a reset; that an access key was one of them is still seen
from the key itself, so that nobody who holds it is taken for somebody else.
Source: STS API Reference; IAM User Guide, "Roles terms and concepts".
"""

import hmac
import os
import threading
from dataclasses import replace
from datetime import datetime

from keytrail.domain.credential import Credential
from keytrail.domain.principal import Principal

MOST_SESSIONS = 10_000
"""How many are kept; the oldest leave first."""

LONGEST_TOKEN = 4096
_PREFIX = "ASIA"
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
_TOKEN_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_TOKEN_START = "IQoJb3JpZ2luX2Vj"
"""What AWS's own session tokens begin with."""
_TOKEN_SIZE, _SECRET_SIZE = 380, 40
_MARK_BITS = 19


class Sessions:
    """The temporary credentials that were given out, by access key. Thread-safe; reads take no lock."""

    def __init__(self) -> None:
        """Begin with none."""
        self._lock = threading.Lock()
        self._key = os.urandom(32)
        self._given: dict[str, Credential] = {}

    def get(self, access_key_id: str) -> Credential | None:
        """The credentials of an access key, as long as they are kept; expired ones too."""
        return self._given.get(access_key_id)

    def reset(self) -> None:
        """Forget them all."""
        with self._lock:
            self._given.clear()

    def issue(self, principal: Principal, expiration: datetime, *, token_size: int = 0) -> Credential:
        """Fresh credentials for a principal: it has their access key. The token has at least so many characters."""
        with self._lock:
            access_key_id = self._access_key(principal.account)
            while access_key_id in self._given:
                access_key_id = self._access_key(principal.account)
            credential = Credential(
                principal=replace(principal, access_key_id=access_key_id),
                secret_access_key=_random(_SECRET_SIZE),
                session_token=_TOKEN_START + _random(max(_TOKEN_SIZE, token_size) - len(_TOKEN_START)),
                expiration=expiration,
            )
            self._given[access_key_id] = credential
            while len(self._given) > MOST_SESSIONS:
                del self._given[next(iter(self._given))]
        return credential

    def _access_key(self, account: str) -> str:
        """As AWS makes them: the account is in it. At its end is our mark."""
        number = (1 << 40 | int(account)) << 20 | int.from_bytes(os.urandom(3)) >> 4
        number = number << _MARK_BITS | self._mark(number)
        return _PREFIX + "".join(_LETTERS[number >> shift & 31] for shift in range(75, -1, -5))

    def _mark(self, number: int) -> int:
        return int.from_bytes(hmac.digest(self._key, number.to_bytes(8), "sha256")[:4]) >> 32 - _MARK_BITS

    def gave(self, access_key_id: str) -> bool:
        """Whether an access key was given out here, though it may be forgotten by now."""
        letters = access_key_id.removeprefix(_PREFIX)
        if len(letters) != 16 or letters == access_key_id or not set(letters) <= set(_LETTERS):
            return False
        number = 0
        for letter in letters:
            number = number << 5 | _LETTERS.index(letter)
        return self._mark(number >> _MARK_BITS) == number & (1 << _MARK_BITS) - 1


def _random(size: int) -> str:
    return "".join(_TOKEN_LETTERS[byte & 63] for byte in os.urandom(size))
