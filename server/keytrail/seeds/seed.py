"""What seed documents describe, as values that are ready to be loaded."""

from dataclasses import dataclass, field
from typing import Any

from keytrail.domain.alias import Alias
from keytrail.domain.credential import Credential
from keytrail.domain.custom_key_store import CustomKeyStore
from keytrail.domain.fault import FaultRule
from keytrail.domain.grant import Grant
from keytrail.domain.identity import Identity
from keytrail.domain.key import Key
from keytrail.domain.multi_region import MultiRegionSet
from keytrail.domain.organization import Membership
from keytrail.errors import AwsError
from keytrail.seeds.error import SeedError
from keytrail.store import MultiRegionSetId, Store
from keytrail.trail import Event, Trail, Use, new_event_id


@dataclass(slots=True)
class Seed:
    """What documents describe, checked and ready to be loaded."""

    keys: dict[str, Key] = field(default_factory=dict)
    """By ARN, as aliases and identities."""
    multi_region_sets: dict[MultiRegionSetId, MultiRegionSet] = field(default_factory=dict)
    aliases: dict[str, Alias] = field(default_factory=dict)
    custom_key_stores: dict[str, CustomKeyStore] = field(default_factory=dict)
    made_up_stores: dict[str, CustomKeyStore] = field(default_factory=dict)
    """Stores for the keys that name none; there is one of each however often such keys are loaded."""
    xks_keys: set[tuple[str, str]] = field(default_factory=set)
    """The external keys behind keys: store and XksKeyId."""
    grants: dict[str, tuple[Grant, str]] = field(default_factory=dict)
    """Grants and their tokens, by grant id."""
    grant_tokens: set[str] = field(default_factory=set)
    uses: list[tuple[str, Use]] = field(default_factory=list)
    """The last uses of keys, with the ARN of each."""
    events: dict[str, Event] = field(default_factory=dict)
    """The events of these uses, by id."""
    made_up_event_ids: set[str] = field(default_factory=set)
    credentials: dict[str, Credential] = field(default_factory=dict)
    identities: dict[str, Identity] = field(default_factory=dict)
    memberships: dict[str, Membership] = field(default_factory=dict)
    """By account."""
    faults: list[FaultRule] = field(default_factory=list)
    settings: dict[str, Any] = field(default_factory=dict)
    """The values of the settings that it changes, by their names in keytrail.settings.Settings."""

    def require_new(self, store: Store, trail: Trail) -> None:
        """Raise SeedError if some of it is there already; an event id that was made up is made up anew."""
        newest = store.newest
        there = [f"key {arn} already exists; reset first, or seed another" for arn in self.keys if newest.key(arn)]
        there += [
            f"alias {alias.arn} already exists; reset first, or name another"
            for alias in self.aliases.values()
            if newest.alias(alias.arn) is not None
        ]
        there += [
            f"multi-Region key {key_id} of account {account} already exists; reset first, or replicate it"
            for account, key_id in self.multi_region_sets
            if store.has_multi_region_set(account, key_id)
        ]
        there += [
            f"grant {grant_id}, or its token, already exists; reset first, or give another"
            for grant_id, (_, token) in self.grants.items()
            if store.grants.has(grant_id, token)
        ]
        there += [
            f"custom key store {store_id} already exists; reset first, or give another CustomKeyStoreId"
            for store_id in self.custom_key_stores
            if store.custom_key_stores.get(store_id) is not None
        ]
        for event_id in [event_id for event_id in self.events if trail.event(event_id) is not None]:
            if event_id in self.made_up_event_ids:
                self._rename(event_id)
            else:
                there.append(f"event {event_id} already exists; reset first, or give another id")
        if there:
            raise SeedError(there)

    def add_keys(self, store: Store) -> None:
        """Add the keys, and what belongs to them; raises SeedError, and adds nothing, if some of it is there."""
        try:
            store.add(
                self.keys.values(),
                self.multi_region_sets.items(),
                self.aliases.values(),
                self.grants.values(),
                {**self.made_up_stores, **self.custom_key_stores}.values(),
                counted=False,
            )
        except AwsError as error:  # somebody made it just now
            raise SeedError([str(error.message)]) from None

    def record_uses(self, trail: Trail) -> None:
        """Write the events and uses in the keys' past."""
        uses = sorted(self.uses, key=lambda use: use[1].timestamp)
        trail.record(sorted(self.events.values(), key=lambda event: event.time), uses)

    def _rename(self, event_id: str) -> None:
        """Give an event another id: a key of the same ARN was there before, with a past of its own."""
        fresh = new_event_id()
        self.events[fresh] = self.events.pop(event_id)._replace(event_id=fresh)
        self.uses = [(arn, use._replace(event_id=fresh) if use.event_id == event_id else use) for arn, use in self.uses]
