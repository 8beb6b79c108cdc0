"""Writer: the thread that writes what has changed, for all who wait in one transaction.

If that fails (a full disk), all that was not written is undone in memory, those who wait are refused, and so is every
further change until something can be written again. So nothing is ever answered that is not on disk.
"""

import logging
import threading
import time
from collections.abc import Callable, Mapping
from functools import partial

from keytrail.data_dir.event_records import AT_ONCE, encode_events
from keytrail.data_dir.folder import INITIAL, Folder
from keytrail.data_dir.key_records import encode_key, encode_material, materials_of
from keytrail.data_dir.packing import encode
from keytrail.data_dir.records import to_pack
from keytrail.data_dir.state import State, read_state
from keytrail.domain.key import Key
from keytrail.domain.key_material import KeyMaterial
from keytrail.faults import Faults
from keytrail.journal import Change, Journal
from keytrail.store import Store
from keytrail.trail import Trail
from keytrail.trail.trail import TrailChanges

_log = logging.getLogger("keytrail")

TICK = 0.5
"""Seconds between two writings of the trail and of last uses: with the time that they take, within a second."""

_PUT = (
    "INSERT INTO records (kind, id, value) VALUES (?, ?, ?) ON CONFLICT (kind, id) DO UPDATE SET value = excluded.value"
)
_REMOVE = "DELETE FROM records WHERE kind = ? AND id = ?"
_REMOVE_MATERIALS = "DELETE FROM records WHERE kind = 'material' AND id >= ? || ' ' AND id < ? || '!'"
_PUT_INITIAL = f"UPDATE {INITIAL}records SET value = ? WHERE kind = ? AND id = ?"

_Row = tuple[str, str, bytes]


class Writer:
    """Writes to a folder what a journal, a trail and fault rules have."""

    def __init__(self, folder: Folder, journal: Journal, store: Store, trail: Trail, faults: Faults) -> None:
        """Write what these have; nothing is written yet."""
        self._folder, self._journal = folder, journal
        self._store, self._trail, self._faults = store, trail, faults
        self._materials: dict[str, set[str]] = {}
        """The ids of the materials that are written, by the ARNs of their keys."""
        self._last_event = 0
        """The number of the latest event that is written."""
        self._tail = 1
        """The number of the first event in the last chunk, which is written again with those that come."""
        self._struck = -1
        self._undo: Callable[[State], None] | None = None
        self._thread: threading.Thread | None = None
        self._closing = False

    def continue_from(self, state: State) -> None:
        """Write only what changes from a state on, which was read from the folder."""
        self._materials = {arn: set(ids) for arn, ids in state.materials.items()}
        self._last_event = self._trail.mark()
        if state.events:
            last = state.events[-1].number
            self._tail = last + 1
            chunk = self._folder.database.execute("SELECT max(first) FROM events").fetchone()
            if chunk[0] is not None and last - chunk[0] + 1 < AT_ONCE:
                self._tail = chunk[0]

    def write_first(self) -> None:
        """Write everything for the first time, in one transaction, and keep it as the initial state.

        Raises sqlite3.Error.
        """
        journal = self._journal
        changes, journal.changes = journal.changes, {}
        trail = self._trail.changes(0)
        with self._folder.transaction() as database:
            self._folder.create_tables()
            self._put(changes)
            self._put_trail(trail)
            for table in ("records", "events"):
                database.execute(f"INSERT INTO {INITIAL}{table} SELECT * FROM {table}")
        journal.written = journal.number
        self._wrote(trail)

    def start(self, undo: Callable[[State], None]) -> None:
        """Begin to write. `undo` takes over a state from disk, except for the store."""
        self._undo = undo
        self._thread = threading.Thread(target=self._run, name="keytrail-data-dir", daemon=True)
        with self._journal.lock:
            self._thread.start()
            self._journal.writer = self._thread.ident or 0
            self._journal.is_live = True

    def close(self) -> None:
        """Write all that is left, and end the thread."""
        with self._journal.lock:
            self._closing = True
            self._journal.lock.notify_all()
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        with self._journal.lock:
            self._journal.writer = 0  # another thread may get the number
            self._journal.is_live = False

    # In the thread

    def _run(self) -> None:
        try:
            self._write_until_closed()
        except Exception as bug:
            _log.exception("the data folder %s is not written any more", self._folder.path)
            self._fail(bug)
            self._tell(self._journal.number, failed=True)

    def _write_until_closed(self) -> None:
        journal = self._journal
        next_tick = time.monotonic() + TICK
        while not self._closing:
            with journal.lock:
                journal.lock.wait_for(self._is_due, max(next_tick - time.monotonic(), 0.0))
            self._write_changes()
            if time.monotonic() >= next_tick:
                self._write_trail()
                next_tick = time.monotonic() + TICK
        self._write_changes()
        self._write_trail()

    def _is_due(self) -> bool:
        return self._closing or (bool(self._journal.changes) and not self._journal.holds)

    def _write_changes(self) -> None:
        """Write what was noted, unless somebody is in the middle of changes that belong together."""
        journal = self._journal
        with self._store.lock, journal.lock:
            if journal.holds or not journal.changes:
                return
            changes, journal.changes = journal.changes, {}
            number = journal.number
        try:
            with self._folder.transaction():
                self._put(changes)
        except Exception as error:
            self._fail(error)
            self._go_back()
            return
        self._tell(number)

    def _tell(self, written: int, *, failed: bool = False) -> None:
        """Tell all who wait up to which change everything is on disk, or that there was a failure."""
        with self._journal.lock:
            self._journal.written = written
            self._journal.failures += failed
            self._journal.lock.notify_all()
        for listener in list(self._journal.listeners):
            listener()

    def _write_trail(self) -> None:
        """Write events, uses and the counts of fault rules; after the changes that the calls made."""
        struck, broken = self._faults.struck, bool(self._journal.broken)
        changes = self._trail.changes(self._tail - 1)
        is_new = changes.rewritten or changes.uses or changes.last_number > self._last_event
        if not (is_new or struck != self._struck or broken):
            return
        with self._journal.lock:
            self._journal.lock.wait_for(lambda: not self._journal.holds)
        self._write_changes()
        try:
            with self._folder.transaction():
                self._put_trail(changes)
                self._put({("part", "faults"): self._faults.kept()})
        except Exception as error:
            self._trail.take_back(changes)
            self._fail(error)
            return
        self._wrote(changes)
        self._struck = struck
        if broken:
            with self._journal.lock:
                self._journal.broken = ""
            _log.warning("the data folder %s can be written again", self._folder.path)

    def _put(self, changes: Mapping[Change, object]) -> None:
        """Put or remove records. In a transaction."""
        put: list[_Row] = []
        removed: list[Change] = []
        for (kind, value_id), value in changes.items():
            if value is None:
                removed.append((kind, value_id))
            elif isinstance(value, Key):
                put.append((kind, value_id, encode_key(value)))
                put += self._new_materials(value)
            elif isinstance(value, KeyMaterial):
                data = encode_material(value, partial(self._journal.note, kind, value_id, value))
                put.append((kind, value_id, data))
                self._folder.database.execute(_PUT_INITIAL, (data, kind, value_id))
            else:
                put.append((kind, value_id, encode(to_pack(kind, value_id, value))))
        database = self._folder.database
        database.executemany(_REMOVE, removed)
        for kind, arn in removed:
            if kind == "key":
                database.execute(_REMOVE_MATERIALS, (arn, arn))
                self._materials.pop(arn, None)
        database.executemany(_PUT, put)

    def _new_materials(self, key: Key) -> list[_Row]:
        known = self._materials.setdefault(key.arn, set())
        rows = []
        for material_id, material in materials_of(key).items():
            if material_id not in known:
                known.add(material_id)
                name = f"{key.arn} {material_id}"
                tell = partial(self._journal.note, "material", name, material)
                rows.append(("material", name, encode_material(material, tell)))
        return rows

    def _put_trail(self, changes: TrailChanges) -> None:
        """Put events and uses. In a transaction."""
        database = self._folder.database
        if changes.rewritten:
            database.execute("DELETE FROM events")
            database.execute("DELETE FROM records WHERE kind = 'use'")
        else:
            database.execute("DELETE FROM events WHERE first >= ?", (self._tail,))
        for chunk in encode_events(changes.events):
            database.execute("INSERT INTO events VALUES (?, ?, ?)", (chunk.first, chunk.last, chunk.data))
        database.execute("DELETE FROM events WHERE last < ?", (changes.first_number,))
        uses: dict[Change, object] = {("use", arn): use for arn, use in changes.uses.items()}
        counts = (changes.first_number, changes.last_number, changes.times_set_back, changes.missing)
        self._put({**uses, ("part", "trail"): counts})

    def _wrote(self, changes: TrailChanges) -> None:
        self._last_event = changes.last_number
        # All but the last chunk are full.
        full = len(changes.events) // AT_ONCE * AT_ONCE
        self._tail = changes.events[full].number if full < len(changes.events) else changes.last_number + 1

    # What cannot be written

    def _fail(self, error: Exception) -> None:
        """Refuse changes from now on."""
        with self._journal.lock:
            known, self._journal.broken = self._journal.broken, str(error) or type(error).__name__
        if not known:
            _log.error(
                "cannot write to the data folder %s: %s. Until it can, calls that change something are refused",
                self._folder.path,
                error,
            )

    def _go_back(self) -> None:
        """Undo in memory all that is not on disk, and refuse those who wait for it."""
        journal = self._journal
        assert self._undo is not None
        with journal.lock:
            journal.lock.wait_for(lambda: not journal.holds)
        while (state := self._read_again()) is None:
            self._tell(journal.written, failed=True)
            time.sleep(TICK)
        with self._store.lock:
            with journal.lock:
                journal.changes = {}
                journal.failures += 1
            self._store.restore(state.store)
        self._undo(state)
        self._materials = {arn: set(ids) for arn, ids in state.materials.items()}
        self._tell(journal.number, failed=True)  # who has begun in the meantime has seen what is not on disk

    def _read_again(self) -> State | None:
        try:
            return read_state(self._folder, self._journal)
        except ValueError as error:
            if self._closing:
                raise
            _log.error("%s", error)
            return None
