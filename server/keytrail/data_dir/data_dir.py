"""DataDir: the data folder of an endpoint, and what of the endpoint is kept in it."""

import atexit
import sqlite3
import threading
from collections.abc import Callable, Collection, Mapping
from typing import Any, NamedTuple

from keytrail.authentication.callers import Callers
from keytrail.authorization.identities import Identities
from keytrail.clock import Clock
from keytrail.crypto import key_import
from keytrail.data_dir.folder import INITIAL, Folder
from keytrail.data_dir.state import State, read_state
from keytrail.data_dir.writer import Writer
from keytrail.faults import Faults
from keytrail.journal import Journal
from keytrail.settings import Settings
from keytrail.store import Store
from keytrail.trail import Trail


class Parts(NamedTuple):
    """The parts of an endpoint that are kept."""

    store: Store
    trail: Trail
    callers: Callers
    identities: Identities
    faults: Faults
    clock: Clock
    change_settings: Callable[[Mapping[str, Any]], None]


class DataDir:
    """A folder in which an endpoint keeps its state, and continues with it."""

    _parts: Parts
    _writer: Writer

    def __init__(self, settings: Settings, changeable: Collection[str]) -> None:
        """Take the folder that settings name; it is created if there is none.

        `changeable` are the names of the settings that may change while the server runs. Raises ValueError, as Folder.
        """
        self.journal = Journal()
        self.settings, self._changeable = settings, changeable
        self._folder: Folder | None = Folder(settings.data_dir, settings.port)
        self.is_new = self._folder.is_new
        """Whether this is the folder's first start."""

    @property
    def is_open(self) -> bool:
        """Whether the folder is this endpoint's."""
        return self._folder is not None

    def read(self) -> State:
        """What is in the folder. Raises ValueError."""
        try:
            return read_state(self._opened, self.journal)
        except ValueError:
            self.close()
            raise

    def read_initial(self) -> State:
        """What was in the folder just after its first start. Raises ValueError."""
        return read_state(self._opened, self.journal, INITIAL)

    def keep(self, parts: Parts) -> None:
        """Note from now on what changes in the parts of an endpoint, whose seeds are not loaded yet."""
        self._parts = parts
        self._writer = Writer(self._opened, self.journal, parts.store, parts.trail, parts.faults)
        if not self.is_new:
            self.journal.writer = threading.get_ident()  # what is taken over needs no note
        parts.store.keep(self.journal)
        parts.callers.keep(self.journal)
        parts.identities.keep(self.journal)
        parts.faults.keep(self.journal)
        parts.trail.keep_changes()

    def write_first(self) -> None:
        """Write all that there is, and from now on what changes. Raises ValueError if it cannot be written."""
        self.journal.note("part", "import token secret", key_import.token_secret())
        self.journal.note("part", "clock", self._parts.clock.snapshot())
        try:
            self._writer.write_first()
        except sqlite3.Error as error:
            raise ValueError(
                f"data_dir: cannot write to {self.settings.data_dir}: {error}; choose another folder"
            ) from None
        self._start()

    def continue_with(self, state: State) -> None:
        """Take over a state, and from now on write what changes. The store has been taken over already."""
        self._take_over(state)
        state.fill(self._parts.trail)
        self._writer.continue_from(state)
        self._start()
        self._parts.change_settings({})  # this start's may be others

    def _start(self) -> None:
        self._writer.start(self._take_over)
        atexit.register(self.close)  # for users who embed the endpoint and never close it

    def open_again(self) -> State:
        """Take the folder again, after `close`, and read it. Raises ValueError."""
        self._folder = Folder(self.settings.data_dir, self.settings.port)
        self.journal.broken = ""
        self.keep(self._parts)
        return self.read()

    def close(self) -> None:
        """Write all that is left, and let others have the folder. Changes are refused from then on."""
        if self._folder is None:
            return
        atexit.unregister(self.close)
        if self.journal.is_live:
            self._writer.close()
        with self.journal.lock:
            self.journal.broken = "the server is stopped"
        self._folder.close()
        self._folder = None
        self.is_new = False

    def note_settings(self, settings: Settings) -> None:
        """Note the settings as they are now, each with its value at the start."""
        if not (self.is_new or self.journal.is_live):
            return  # they are those of this start alone, or are being taken over
        texts = {name: (self.settings.text(name), settings.text(name)) for name in self._changeable}
        self.journal.note("part", "settings", texts)

    def changed_settings(self, state: State) -> dict[str, Any]:
        """The settings that had been changed, unless this start gives them another value than the start before."""
        return {
            name: self.settings.read(name, changed)
            for name, (started, changed) in state.part("settings", {}).items()
            if started == self.settings.text(name)
        }

    def _take_over(self, state: State) -> None:
        """Take over all of a state but its store and its trail."""
        parts = self._parts
        parts.callers.restore(state.callers)
        parts.identities.restore(state.identities)
        parts.faults.continue_with(state.faults)
        if state.clock is not None:
            parts.clock.restore(state.clock)
        parts.change_settings(self.changed_settings(state))
        if secret := state.part("import token secret", None):
            key_import.continue_tokens(secret)

    @property
    def _opened(self) -> Folder:
        assert self._folder is not None, "the data folder is closed"
        return self._folder
