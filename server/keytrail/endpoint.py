"""Endpoint: all parts of one endpoint, and the operations on the whole of it: load, reset, move the clock, settings."""

import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from keytrail import seeds
from keytrail.authentication.callers import Callers
from keytrail.authorization.authorizer import Authorizer
from keytrail.authorization.identities import Identities
from keytrail.clock import Clock
from keytrail.dispatch import Dispatcher
from keytrail.domain.arn import is_alias, read_key_identifier
from keytrail.domain.credential import Credential
from keytrail.domain.fault import FaultRule
from keytrail.domain.identity import Identity
from keytrail.domain.organization import Membership
from keytrail.faults import Faults
from keytrail.settings import Settings
from keytrail.store import Store
from keytrail.trail import Calls, Event, Selection, Trail, calls_of

if TYPE_CHECKING:
    from keytrail.trail.log_files import LogFiles


class _Snapshot(NamedTuple):
    """The state of an endpoint just after its start, to which `Endpoint.reset` goes back."""

    settings: Settings
    store: Store
    trail: Trail
    callers: Mapping[str, Credential]
    identities: tuple[Mapping[str, Identity], Mapping[str, Membership]]
    faults: Mapping[str, FaultRule]


class Endpoint:
    """One endpoint: its store, trail, callers, clock and faults, and the dispatcher that answers requests with them."""

    def __init__(self, settings: Settings, clock: Clock, documents: Iterable[bytes] = ()) -> None:
        """Load the seed files that the settings name, then the documents.

        Raises seeds.SeedError if one has mistakes, ValueError for a setting that is not valid.
        """
        self.settings = settings
        self.clock = clock
        self.store = Store()
        self._log_files = _log_files(settings)
        deliver = self._log_files.deliver if self._log_files is not None else None
        self.trail = Trail(settings.max_events, deliver=deliver, max_bytes=settings.max_trail)
        self.callers = Callers(settings.account, strict=settings.strict)
        self.identities = Identities()
        self.authorizer = Authorizer(self.identities)
        self.faults = Faults()
        self.dispatcher = Dispatcher(
            settings, clock, self.store, self.trail, self.callers, self.authorizer, self.faults
        )
        self._effects: Mapping[str, Callable[[Any], None]] = {
            "usage_delay": partial(setattr, self.trail, "usage_delay"),
            "consistency_delay": lambda delay: self.store.set_consistency_delay(delay, clock.now()),
            "request_quotas": self.faults.set_quotas,
        }
        """What to do when a setting changes whose value a part keeps for itself."""
        self.change_settings({name: getattr(settings, name) for name in self._effects})
        self._lock = threading.Lock()
        self._load(seeds.read_files(settings.fixtures, settings, clock.now()))
        for document in documents:
            self.load(document)
        self._initial = _Snapshot(
            self.settings,
            self.store.snapshot(),
            self.trail.snapshot(),
            self.callers.snapshot(),
            self.identities.snapshot(),
            self.faults.snapshot(),
        )

    def load(self, document: bytes, account: str | None = None) -> dict[str, int]:
        """Load a seed document, YAML or JSON; gives the counts of its keys, aliases and credentials.

        `account` replaces the default account. If the document has mistakes, raises seeds.SeedError and loads nothing.
        """
        settings = self.settings if account is None else self.settings.in_account(account)
        seed = seeds.read_document(document, settings, self.clock.now())
        if account is not None:
            if seed.settings:
                names = [seeds.SETTINGS[name] for name in seed.settings]
                raise seeds.SeedError(
                    f"settings.{name}: is the whole server's; load it without an account" for name in names
                )
            seed.faults = [rule.in_account(account) for rule in seed.faults]
        return self._load(seed)

    def load_files(self, *paths: str) -> dict[str, int]:
        """Load seed files or folders; as `load`."""
        return self._load(seeds.read_files(paths, self.settings, self.clock.now()))

    def _load(self, seed: seeds.Seed) -> dict[str, int]:
        with self._lock:
            self.settle()
            try:
                self.faults.require_room(len(seed.faults))
            except ValueError as error:
                raise seeds.SeedError([f"faults: {error}"]) from None
            seed.require_new(self.store, self.trail)
            seed.add_keys(self.store)
            self.change_settings(seed.settings)
            seed.record_uses(self.trail)
            self.callers.declare(seed.credentials)
            self.identities.declare(seed.identities, seed.memberships)
            self.faults.add(seed.faults)
        return {"keys": len(seed.keys), "aliases": len(seed.aliases), "credentials": len(seed.credentials)}

    def close(self) -> None:
        """Write the log files that are due; the endpoint can be used further."""
        if self._log_files is not None:
            self._log_files.close()

    def select(self, selection: Selection, after: int = 0) -> list[Event]:
        """The selected events of the trail, oldest first, from a mark of the trail on.

        The selection's key may be an alias: the ARN of one, or a name in the selection's account and Region (by
        default, those of the settings). It stands for its present target. Raises NotFoundException if there is none.
        """
        self.settle()
        if selection.key is not None and is_alias(selection.key):
            parts = selection.key.split(":")
            region = parts[3] if len(parts) > 3 else selection.region or self.settings.region
            account = selection.account or self.settings.account
            named = read_key_identifier(selection.key, account, region, aliases=True)
            selection = replace(selection, key=self.store.newest.require_named(named).arn)
        return self.trail.select(selection, after)

    def calls(self, selection: Selection, after: int = 0) -> Calls:
        """The selected calls, as `select`: no service events, and each call once even if several accounts have it."""
        self.settle()
        everything = self.trail.select(Selection(called=True), after)
        return calls_of(self.select(replace(selection, called=True), after), everything)

    def change_settings(self, changes: Mapping[str, Any]) -> None:
        """Change settings, by their names, from now on. Raises ValueError for a value that is not valid."""
        self.settings = self.dispatcher.settings = replace(self.settings, **changes)
        for name, value in changes.items():
            if name in self._effects:
                try:
                    self._effects[name](value)
                except ValueError as error:
                    raise ValueError(f"{name}: {error}") from None

    def add_fault(self, document: bytes) -> dict[str, Any]:
        """Add a fault rule, a JSON object; gives it with its Id. Raises seeds.SeedError."""
        rule = seeds.read_rule(document)
        try:
            return self.faults.add([rule])[0]
        except ValueError as error:
            raise seeds.SeedError([str(error)]) from None

    def reset(self, account: str | None = None) -> None:
        """Restore everything to just after the start; with an account, only what that account owns.

        Keys with all that belongs to them, custom key stores, events, uses, and fault rules are an account's. Access
        keys, identities, sessions of STS, settings, request quotas and the clock are the whole endpoint's.
        """
        with self._lock:
            self.store.restore(self._initial.store, account)
            self.trail.restore(self._initial.trail, account)
            self.faults.restore(self._initial.faults, account)
            if account is None:
                self.callers.restore(self._initial.callers)  # forgets the sessions
                self.identities.restore(self._initial.identities)
                self.change_settings({name: getattr(self._initial.settings, name) for name in seeds.SETTINGS})
                self._reset_clock(self.clock.now())

    def set_clock(
        self, now: datetime | None = None, *, frozen: bool | None = None, speed: float | None = None
    ) -> datetime:
        """Set the time (UTC, if naive), whether it is frozen, or its speed, as Clock.set. Gives the new time."""
        if now is not None and now.tzinfo is None:
            now = now.replace(tzinfo=UTC)
        before = self.settle()
        return self._after_move(before, self.clock.set(now, frozen=frozen, speed=speed))

    def reset_clock(self) -> datetime:
        """Go back to the real time, running."""
        return self._reset_clock(self.settle())

    def _reset_clock(self, before: datetime) -> datetime:
        self.clock.reset()
        return self._after_move(before, self.clock.now())

    def advance_clock(self, duration: timedelta) -> datetime:
        """Move the time by a duration; gives the new time. Raises OverflowError."""
        before = self.settle()
        return self._after_move(before, self.clock.advance(duration))

    def settle(self) -> datetime:
        """Let everything happen that is due by now, and give the time.

        Also called before the clock is moved: what is due would be missed if the clock were set back.
        """
        now = self.clock.now()
        self.dispatcher.settle(now)
        return now

    def _after_move(self, before: datetime, after: datetime) -> datetime:
        if after < before:
            self.trail.clock_set_back()
            self.store.show_all()
        self.dispatcher.settle(after)
        return after


def _log_files(settings: Settings) -> "LogFiles | None":
    if not settings.trail_dir:
        return None
    from keytrail.trail.log_files import LogFiles  # imported only if needed, for a quicker start

    return LogFiles(settings.trail_dir, settings.trail_interval, settings.trail_batch)
