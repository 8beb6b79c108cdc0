"""A small model of key states, for the stateful test: what the table of the KMS Developer Guide says, and the clock.

How we know: docs/kms-behaviour/key-states.tsv for what each operation answers in each state; KMS Developer Guide, "Key
states", "Deleting AWS KMS keys", "Multi-Region keys" and "Custom key stores" for what changes the state. Nothing here
is taken from the code under test.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum
from typing import NamedTuple

from tests.support.kms_behaviour import rows

TRANSITION = timedelta(minutes=10)
PENDING = ("PendingDeletion", "PendingReplicaDeletion")


class Kind(Enum):
    """What a key is like, as far as the table tells keys apart."""

    SYMMETRIC = "symmetric"
    HMAC = "HMAC"
    SIGNING = "asymmetric"
    EXTERNAL = "for imported material"
    IN_STORE = "in a custom key store"


@dataclass
class ModelKey:
    """A key as kms-behaviour D describes it; `state` is what it would be if its custom key store were connected."""

    key_id: str
    region: str
    kind: Kind
    state: str
    settles: datetime | None = None
    deletion: datetime | None = None
    window: int = 0
    made: datetime | None = None
    was_imported: bool = False
    has_material: bool = False
    """Of a key of the kind EXTERNAL; it has one material, imported as often as one likes."""
    valid_to: datetime | None = None
    tags: dict[str, str] = field(default_factory=dict)
    grants: list[str] = field(default_factory=list)
    description: str = ""

    @property
    def name(self) -> tuple[str, str]:
        return self.region, self.key_id


class Answer(NamedTuple):
    """What the table says of an operation: `ok` or a code, and a message with `<ARN>`; None: any."""

    code: str
    message: str | None
    exact: bool


def _not(kind: Kind) -> Callable[[ModelKey], bool]:
    return lambda key: key.kind is not kind


def _is(*kinds: Kind) -> Callable[[ModelKey], bool]:
    return lambda key: key.kind in kinds


CONDITIONS: Mapping[str, Callable[[ModelKey], bool]] = {
    "": lambda _: True,
    "origin EXTERNAL": _is(Kind.EXTERNAL),
    "origin not EXTERNAL": _not(Kind.EXTERNAL),
    "origin AWS_KMS": _is(Kind.SYMMETRIC, Kind.HMAC, Kind.SIGNING),
    "symmetric key, origin EXTERNAL": _is(Kind.EXTERNAL),
    "symmetric key, origin EXTERNAL, no material pending rotation": _is(Kind.EXTERNAL),
    "custom-store key": _is(Kind.IN_STORE),
    "asymmetric or HMAC key": _is(Kind.SIGNING, Kind.HMAC),
    "asymmetric key": _is(Kind.SIGNING),
    "symmetric or HMAC key": _not(Kind.SIGNING),
    "only the old target is in this state": lambda _: False,
    "new target is in this state": lambda _: True,
}
"""The conditions in the table's cells; `otherwise` holds if no other does."""


TABLE = {row["operation"]: row for row in rows("key-states.tsv")}


def said_by_table(operation: str, key: ModelKey, state: str) -> Answer | None:
    """What the table says of an operation on a key in a state; None where it says nothing of such a key."""
    otherwise = None
    for alternative in TABLE[operation][state].split(" / "):
        found = re.fullmatch(r"(?P<code>[^|\[ ]+)(?:\|(?P<text>[^\[]*?))?(?: ?\[(?P<notes>.*)\])?", alternative)
        assert found is not None, alternative
        notes = re.split("; ?", found["notes"] or "")
        condition = "; ".join(note for note in notes if not note.startswith("text "))
        message = None if "text inferred" in notes else found["text"]
        answer = Answer(found["code"], message, "text prefix" not in notes)
        if condition == "otherwise":
            otherwise = answer
        elif CONDITIONS[condition](key):
            return answer if answer.code != "-" else None
    return otherwise


@dataclass
class Model:
    """An account's keys in its Regions, its aliases, one custom key store, and the time."""

    now: datetime
    keys: dict[tuple[str, str], ModelKey] = field(default_factory=dict)
    aliases: dict[tuple[str, str], str] = field(default_factory=dict)
    primaries: dict[str, str] = field(default_factory=dict)
    """The Region of the primary key, by the id of a multi-Region key."""
    store: str = "DISCONNECTED"
    store_settles: datetime | None = None

    def state(self, key: ModelKey) -> str:
        """The state that DescribeKey shows."""
        hidden = key.kind is Kind.IN_STORE and self.store != "CONNECTED"
        return "Unavailable" if hidden and key.state in ("Enabled", "Disabled") else key.state

    def answer(self, operation: str, key: ModelKey) -> Answer | None:
        return said_by_table(operation, key, self.state(key))

    def replicas(self, key: ModelKey) -> list[ModelKey]:
        """The replicas of a primary key; nobody's are none."""
        if not self.is_primary(key):
            return []
        return [other for other in self.keys.values() if other.key_id == key.key_id and other is not key]

    def is_primary(self, key: ModelKey) -> bool:
        return self.primaries.get(key.key_id) == key.region

    def is_replica(self, key: ModelKey) -> bool:
        return key.key_id in self.primaries and not self.is_primary(key)

    def schedule(self, key: ModelKey, days: int) -> None:
        key.window, key.settles = days, None
        if self.replicas(key):
            key.state, key.deletion = "PendingReplicaDeletion", None
        else:
            key.state, key.deletion = "PendingDeletion", self.now + timedelta(days=days)

    def switch(self, key: ModelKey, state: str) -> None:
        """Enabled or Disabled; a key whose deletion was cancelled may be without its material, and waits for it."""
        lacks = key.kind is Kind.EXTERNAL and not key.has_material
        key.state = "PendingImport" if lacks else state

    def import_material(self, key: ModelKey, valid_to: datetime | None) -> None:
        """The material is there, the same one as ever, and until then; of before, nothing counts."""
        key.was_imported, key.has_material, key.valid_to = True, True, valid_to
        if key.state in ("PendingImport", "Disabled"):
            key.state = "Enabled"

    def lose_material(self, key: ModelKey) -> None:
        """It is deleted, or has expired: the key waits for it, or goes on waiting for its own deletion."""
        key.has_material, key.valid_to = False, None
        if key.was_imported and key.state in ("Enabled", "Disabled"):
            key.state = "PendingImport"

    def begin(self, key: ModelKey, state: str) -> None:
        """Creating or Updating, for as long as that takes; Enabled then."""
        key.state, key.settles = state, self.now + TRANSITION

    def connect(self, state: str) -> None:
        self.store, self.store_settles = state, self.now + TRANSITION

    def advance(self, duration: timedelta) -> None:
        """Let the time pass, and everything happen at its own moment."""
        end = self.now + duration
        while True:
            moments = [moment for key in self.keys.values() for moment in (key.deletion or key.settles, key.valid_to)]
            due = [moment for moment in (*moments, self.store_settles) if moment is not None and moment <= end]
            if not due:
                break
            self.now = min(due)
            self._happen()
        self.now = end

    def _happen(self) -> None:
        if self.store_settles == self.now:
            self.store = {"CONNECTING": "CONNECTED", "DISCONNECTING": "DISCONNECTED"}[self.store]
            self.store_settles = None
        for key in list(self.keys.values()):
            if key.valid_to == self.now:
                self.lose_material(key)
            if key.deletion == self.now:
                self._delete(key)
            elif key.settles == self.now:
                key.state, key.settles = "Enabled", None

    def _delete(self, key: ModelKey) -> None:
        del self.keys[key.name]
        self.aliases = {name: target for name, target in self.aliases.items() if (name[0], target) != key.name}
        if key.key_id not in self.primaries:
            return
        if self.is_primary(key):
            del self.primaries[key.key_id]
            return
        primary = self.keys[self.primaries[key.key_id], key.key_id]
        if primary.state == "PendingReplicaDeletion" and not self.replicas(primary):
            primary.state, primary.deletion = "PendingDeletion", self.now + timedelta(days=primary.window)
