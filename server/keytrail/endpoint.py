"""Endpoint: everything that one endpoint holds, and what may be done to it as a whole."""

import threading
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from keytrail import seeds
from keytrail.authentication.callers import Callers
from keytrail.authorization.identities import Identities
from keytrail.authorization.policy import read_policy
from keytrail.clock import Clock
from keytrail.dispatch import Dispatcher
from keytrail.domain.arn import is_alias, read_key_identifier
from keytrail.settings import Settings, written_duration
from keytrail.store import Store
from keytrail.trail import Calls, Event, Selection, Trail, calls_of
from keytrail.wire.catalogue import faultable

if TYPE_CHECKING:
    from keytrail.trail.log_files import LogFiles


class Endpoint:
    """One endpoint's keys, trail, callers and clock, and the dispatcher that answers out of them."""

    def __init__(self, settings: Settings, clock: Clock, documents: Iterable[bytes] = ()) -> None:
        """Load the settings' fixtures, then the documents.

        Raises seeds.SeedError if one is bad, ValueError if the settings' trail_dir cannot be written.
        """
        self.settings = settings
        self.clock = clock
        self.store = Store()
        self._log_files = _log_files(settings)
        deliver = self._log_files.deliver if self._log_files is not None else None
        self.trail = Trail(settings.max_events, settings.usage_delay, deliver)
        self.callers = Callers(settings.account, strict=settings.strict)
        self.identities = Identities()
        self.dispatcher = Dispatcher(settings, clock, self.store, self.trail, self.callers, self.identities)
        self.faults = self.dispatcher.faults
        self.faults.hold(settings.request_quotas)
        self._delay_views(settings.consistency_delay)
        self._lock = threading.Lock()
        self._load(seeds.read_files(settings.fixtures, settings, clock.now(), read_policy, faultable))
        for document in documents:
            self.load(document)
        self.callers.keep()
        self.faults.keep()
        self._first_quotas, self._first_delay = self.faults.held, self._consistency_delay
        self.identities.keep()
        self._first_store, self._first_trail = self.store.snapshot(), self.trail.snapshot()

    def load(self, document: bytes, account: str | None = None) -> dict[str, int]:
        """Load a seed document, YAML or JSON; gives what it held, counted.

        `account` takes the place of the default account. Raises seeds.SeedError and loads nothing then.
        """
        settings = self.settings if account is None else self.settings.in_account(account)
        seed = seeds.read_document(document, settings, self.clock.now(), read_policy, faultable)
        if account is not None and seed.usage_delay is not None:
            raise seeds.SeedError(["settings.UsageDelay: is the whole server's; load it without an account"])
        for name, value in (
            ("RequestQuotas", seed.request_quotas),
            ("ConsistencyDelay", seed.consistency_delay),
        ):
            if account is not None and value is not None:
                raise seeds.SeedError([f"settings.{name}: is the whole server's; load it without an account"])
        if account is not None:
            seed.faults = [rule.in_account(account) for rule in seed.faults]
        return self._load(seed)

    def load_files(self, *paths: str) -> dict[str, int]:
        """Load seed files or folders; as `load`."""
        return self._load(seeds.read_files(paths, self.settings, self.clock.now(), read_policy, faultable))

    def _load(self, seed: seeds.Seed) -> dict[str, int]:
        with self._lock:
            self.settle()
            try:
                self.faults.require_room(len(seed.faults))
            except ValueError as error:
                raise seeds.SeedError([f"faults: {error}"]) from None
            seed.load(self.store, self.trail)
            self.callers.declare(seed.credentials)
            self.identities.declare(seed.identities, seed.memberships)
            self.faults.add(seed.faults)
            if seed.request_quotas is not None:
                self.faults.hold(seed.request_quotas)
            if seed.consistency_delay is not None:
                self._delay_views(seed.consistency_delay)
        return {"keys": len(seed.keys), "aliases": len(seed.aliases), "credentials": len(seed.credentials)}

    def close(self) -> None:
        """Write what is yet to be written; the endpoint can go on."""
        if self._log_files is not None:
            self._log_files.close()

    def select(self, selection: Selection, after: int = 0) -> list[Event]:
        """The trail's events that are asked for, oldest first, after a mark of the trail; a key may be an alias.

        An alias is one of the default account and Region, or an ARN, and stands for the key that it names by now.
        Raises NotFoundException if it names none.
        """
        self.settle()
        if selection.key is not None and is_alias(selection.key):
            words = selection.key.split(":")
            region = words[3] if len(words) > 3 else selection.region or self.settings.region
            account = selection.account or self.settings.account
            named = read_key_identifier(selection.key, account, region, aliases=True)
            selection = replace(selection, key=self.store.require_named(named).arn)
        return self.trail.select(selection, after)

    def calls(self, selection: Selection, after: int = 0) -> Calls:
        """The same, of what callers called, each call once."""
        self.settle()
        everything = self.trail.select(Selection(called=True), after)
        return calls_of(self.select(replace(selection, called=True), after), everything)

    def _delay_views(self, delay: timedelta) -> None:
        self._consistency_delay = delay
        self.store.delay(delay, self.clock.now)

    def scene(self) -> dict[str, Any]:
        """The settings that a seed can change, as it says them, and what the quotas did."""
        quotas = self.faults.quotas
        return {
            "UsageDelay": written_duration(self.trail.usage_delay),
            "ConsistencyDelay": written_duration(self._consistency_delay),
            "RequestQuotas": str(self.faults.held),
            "Throttled": quotas.throttled() if quotas is not None else {},
        }

    def add_fault(self, document: bytes) -> dict[str, Any]:
        """Add the fault rule that a JSON object is; gives it with its Id. Raises seeds.SeedError."""
        rule = seeds.read_rule(document, faultable)
        try:
            return self.faults.add([rule])[0]
        except ValueError as error:
            raise seeds.SeedError([str(error)]) from None

    def reset(self, account: str | None = None) -> None:
        """Go back to just after the start: keys, trail, callers and clock; or one account's keys and trail."""
        with self._lock:
            self.store.restore(self._first_store, account)
            self.trail.restore(self._first_trail, account)
            self.faults.reset(account)
            if account is None:
                self.faults.hold(self._first_quotas)
                self._delay_views(self._first_delay)
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
            self.trail.clock_set_back()
            self.store.show_all()
        self.dispatcher.settle(after)
        return after


def _log_files(settings: Settings) -> "LogFiles | None":
    if not settings.trail_dir:
        return None
    from keytrail.trail.log_files import LogFiles  # few want them, and all wait for imports

    return LogFiles(settings.trail_dir, settings.trail_interval, settings.trail_batch)
