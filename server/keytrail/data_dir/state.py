"""State: all that a data folder has, read."""

import sqlite3
from collections import defaultdict
from collections.abc import Mapping
from typing import Any, NamedTuple

import msgspec

from keytrail.authentication.sessions import IssuedSessions
from keytrail.clock import ClockSnapshot
from keytrail.data_dir.event_records import decode_events
from keytrail.data_dir.folder import Folder
from keytrail.data_dir.key_records import decode_key, decode_material
from keytrail.data_dir.records import decode
from keytrail.domain.credential import Credential
from keytrail.domain.identity import Identity
from keytrail.domain.key_material import KeyMaterial
from keytrail.domain.organization import Membership
from keytrail.faults.rules import KeptRules
from keytrail.journal import Journal
from keytrail.store import Store
from keytrail.trail import StoredEvent, Trail


class State(NamedTuple):
    """What an endpoint continues with."""

    store: Store
    events: list[StoredEvent]
    values: Mapping[str, Mapping[str, Any]]
    """The values of all other records, by kind and id."""
    materials: Mapping[str, frozenset[str]]
    """The ids of the materials that are in the folder, by the ARNs of their keys."""

    def part(self, name: str, default: Any) -> Any:
        """The value of a part, or the default if there is none."""
        return self.values["part"].get(name, default)

    @property
    def clock(self) -> ClockSnapshot | None:
        """How the clock ran; None: as the real time."""
        clock: ClockSnapshot | None = self.part("clock", None)
        return clock

    @property
    def callers(self) -> tuple[Mapping[str, Credential], IssuedSessions]:
        """As Callers.snapshot."""
        issued = IssuedSessions(self.values["session"], self.values["assumed role"], self.part("session key", b""))
        return self.part("credentials", {}), issued

    @property
    def identities(self) -> tuple[Mapping[str, Identity], Mapping[str, Membership]]:
        """As Identities.snapshot."""
        return self.part("identities", {}), self.part("memberships", {})

    @property
    def faults(self) -> KeptRules:
        """The fault rules."""
        faults: KeptRules = self.part("faults", KeptRules([], 0))
        return faults

    def fill(self, trail: Trail) -> None:
        """Put the events, and the uses of the keys that there are, into a trail that is empty."""
        first_number, last_number, times_set_back, missing = self.part("trail", (0, 0, 0, []))
        events = (event for event in self.events if event.number >= first_number)
        uses = {arn: use for arn, use in self.values["use"].items() if self.store.newest.key(arn) is not None}
        trail.put_all(events, uses, last_number, times_set_back, missing)


def read_state(folder: Folder, journal: Journal, prefix: str = "") -> State:
    """The state in a folder, or with INITIAL as the prefix that of its first start.

    Random pairs of seeded keys that are generated later are noted in the journal. Raises ValueError, which begins with
    `data_dir: `, if the folder is damaged.
    """
    try:
        rows = folder.read(f"SELECT kind, id, value FROM {prefix}records ORDER BY number")
        chunks = folder.read(f"SELECT value FROM {prefix}events ORDER BY first")
        return _read(rows, [chunk for (chunk,) in chunks], journal)
    except (sqlite3.Error, msgspec.DecodeError, msgspec.ValidationError, KeyError, TypeError) as error:
        raise ValueError(
            f"data_dir: {folder.path} is damaged: {error}; put back a copy, or choose another folder"
        ) from error


def _read(rows: list[tuple[str, str, bytes]], chunks: list[bytes], journal: Journal) -> State:
    values: dict[str, dict[str, Any]] = defaultdict(dict)
    materials: dict[str, dict[str, KeyMaterial]] = defaultdict(dict)
    keys: list[tuple[str, bytes]] = []
    for kind, value_id, data in rows:
        if kind == "key":
            keys.append((value_id, data))
        elif kind == "material":
            arn, _, material_id = value_id.partition(" ")
            materials[arn][material_id] = _material(journal, value_id, material_id, data)
        else:
            values[kind][value_id] = decode(kind, value_id, data)
    external_errors = values["part"].get("external errors", ())
    store = Store()
    store.put_all(
        [decode_key(data, materials[arn]) for arn, data in keys],
        values["alias"].values(),
        values["grant"].values(),
        values["custom key store"].values(),
        [
            ((account, key_id), value)
            for name, value in values["multi-Region set"].items()
            for account, _, key_id in [name.partition("/")]
        ],
    )
    store.custom_key_stores.external_errors = dict(external_errors)
    known = {arn: frozenset(ids) for arn, ids in materials.items()}
    return State(store, list(decode_events(chunks)), values, known)


def _material(journal: Journal, record_id: str, material_id: str, data: bytes) -> KeyMaterial:
    return decode_material(material_id, data, lambda material: journal.note("material", record_id, material))
