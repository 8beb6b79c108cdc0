"""State: everything that one endpoint holds, and what may be done to it as a whole."""

import threading
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from keytrail import fixtures
from keytrail.authorization.callers import Callers
from keytrail.authorization.identities import Identities
from keytrail.authorization.policy import read_policy
from keytrail.clock import Clock
from keytrail.dispatch import Dispatcher
from keytrail.settings import Settings
from keytrail.store import KeyStore
from keytrail.trail import Trail


class State:
    """One endpoint's keys, trail, callers and clock, and the dispatcher that answers out of them."""

    def __init__(self, settings: Settings, clock: Clock, documents: Iterable[bytes] = ()) -> None:
        """Load the settings' fixtures, then the documents; raises fixtures.FixtureError if one is bad."""
        self.settings = settings
        self.clock = clock
        self.store = KeyStore()
        self.trail = Trail(settings.max_events, settings.usage_delay)
        self.callers = Callers(settings.account, strict=settings.strict)
        self.identities = Identities()
        self.dispatcher = Dispatcher(settings, clock, self.store, self.trail, self.callers, self.identities)
        self._lock = threading.Lock()
        self._load(fixtures.read_files(settings.fixtures, settings, clock.now(), read_policy))
        for document in documents:
            self.load(document)
        self.callers.keep()
        self.identities.keep()
        self._first_store, self._first_trail = self.store.snapshot(), self.trail.snapshot()

    def load(self, document: bytes, account: str | None = None) -> dict[str, int]:
        """Load a seed document, YAML or JSON; gives what it held, counted.

        `account` takes the place of the default account. Raises fixtures.FixtureError and loads nothing then.
        """
        settings = self.settings if account is None else self.settings.in_account(account)
        seed = fixtures.read_document(document, settings, self.clock.now(), read_policy)
        if account is not None and seed.usage_delay is not None:
            raise fixtures.FixtureError(["settings.UsageDelay: is the whole server's; load it without an account"])
        return self._load(seed)

    def load_files(self, *paths: str) -> dict[str, int]:
        """Load seed files or folders; as `load`."""
        return self._load(fixtures.read_files(paths, self.settings, self.clock.now(), read_policy))

    def _load(self, seed: fixtures.Seed) -> dict[str, int]:
        with self._lock:
            self.settle()
            seed.load(self.store, self.trail)
            self.callers.declare(seed.credentials)
            self.identities.declare(seed.identities, seed.memberships)
        return {"keys": len(seed.keys), "aliases": len(seed.aliases), "credentials": len(seed.credentials)}

    def reset(self, account: str | None = None) -> None:
        """Go back to just after the start: keys, trail, callers and clock; or one account's keys and trail."""
        with self._lock:
            self.store.restore(self._first_store, account)
            self.trail.restore(self._first_trail, account)
            if account is None:
                self.callers.reset()
                self.identities.reset()
                self._reset_clock(self.clock.now())

    def set_clock(
        self, now: datetime | None = None, *, frozen: bool | None = None, speed: float | None = None
    ) -> datetime:
        """Set the time (UTC, if naive), whether it stands still, or its speed; as Clock.set. Gives the new time."""
        if now is not None and now.tzinfo is None:
            now = now.replace(tzinfo=UTC)
        before = self.settle()
        return self._moved(before, self.clock.set(now, frozen=frozen, speed=speed))

    def reset_clock(self) -> datetime:
        """Go back to the real time, running."""
        return self._reset_clock(self.settle())

    def _reset_clock(self, before: datetime) -> datetime:
        self.clock.reset()
        return self._moved(before, self.clock.now())

    def advance_clock(self, duration: timedelta) -> datetime:
        """Move the time by a duration; gives the new time. Raises OverflowError."""
        before = self.settle()
        return self._moved(before, self.clock.advance(duration))

    def settle(self) -> datetime:
        """The time, once all that is due by now has happened.

        Before the clock is moved too: after a turn back it would wait for ever.
        """
        now = self.clock.now()
        self.dispatcher.settle(now)
        return now

    def _moved(self, before: datetime, after: datetime) -> datetime:
        if after < before:
            self.trail.turned_back()
        self.dispatcher.settle(after)
        return after
