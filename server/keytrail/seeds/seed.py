"""Seed: what seed documents describe, as values that are ready to be loaded."""

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
    """What documents describe, checked and ready to be loaded into an endpoint."""

    keys: dict[str, Key] = field(default_factory=dict)
    """By ARN, like `aliases` and `identities`."""
    multi_region_sets: dict[MultiRegionSetId, MultiRegionSet] = field(default_factory=dict)
    aliases: dict[str, Alias] = field(default_factory=dict)
    custom_key_stores: dict[str, CustomKeyStore] = field(default_factory=dict)
    """By store id, like `implicit_stores`."""
    implicit_stores: dict[str, CustomKeyStore] = field(default_factory=dict)
    """Stores for keys that name none. One that exists already is used again."""
    grants: dict[str, tuple[Grant, tuple[str, ...]]] = field(default_factory=dict)
    """Grants and their tokens, by grant id."""
    uses: list[tuple[str, Use]] = field(default_factory=list)
    """The last uses of keys, with the key's ARN."""
    events: dict[str, Event] = field(default_factory=dict)
    """The events of these uses, by event id."""
    derived_event_ids: set[str] = field(default_factory=set)
    """The ids of events that the documents give no id."""
    credentials: dict[str, Credential] = field(default_factory=dict)
    """By access key id."""
    identities: dict[str, Identity] = field(default_factory=dict)
    memberships: dict[str, Membership] = field(default_factory=dict)
    """By account id."""
    faults: list[FaultRule] = field(default_factory=list)
    external_errors: dict[tuple[str, str], str] = field(default_factory=dict)
    """As CustomKeyStores.external_errors."""
    places: dict[str, str] = field(default_factory=dict)
    """Where in the documents each part is that can be there only once, by its ARN, id or other name."""
    settings: dict[str, Any] = field(default_factory=dict)
    """The values of the settings to change, by their names in keytrail.settings.Settings."""

    def require_new(self, store: Store, trail: Trail) -> None:
        """Raise SeedError if a part of the seed already exists. A derived event id that exists gets replaced."""
        newest = store.newest
        conflicts = [f"key {arn} already exists; reset first, or seed another" for arn in self.keys if newest.key(arn)]
        conflicts += [
            f"alias {alias.arn} already exists; reset first, or use another name"
            for alias in self.aliases.values()
            if newest.alias(alias.arn) is not None
        ]
        conflicts += [
            f"multi-Region key {key_id} of account {account} already exists; reset first, or replicate it"
            for account, key_id in self.multi_region_sets
            if store.has_multi_region_set(account, key_id)
        ]
        conflicts += [
            f"grant {grant_id}, or its token, already exists; reset first, or use another"
            for grant_id, (_, tokens) in self.grants.items()
            if any(store.grants.has(grant_id, token) for token in tokens)
        ]
        conflicts += [
            f"custom key store {store_id} already exists; reset first, or use another CustomKeyStoreId"
            for store_id in self.custom_key_stores
            if store.custom_key_stores.get(store_id) is not None
        ]
        for event_id in [event_id for event_id in self.events if trail.event(event_id) is not None]:
            if event_id in self.derived_event_ids:
                self._replace_event_id(event_id)
            else:
                conflicts.append(f"event {event_id} already exists; reset first, or use another id")
        if conflicts:
            raise SeedError(conflicts)

    def add_keys(self, store: Store) -> None:
        """Add the keys and all that belongs to them. Raises SeedError, and adds nothing, if a part already exists."""
        try:
            store.add(
                self.keys.values(),
                self.multi_region_sets.items(),
                self.aliases.values(),
                [(grant, token) for grant, tokens in self.grants.values() for token in tokens],
                {**self.implicit_stores, **self.custom_key_stores}.values(),
                counted=False,
            )
        except AwsError as error:  # created since `require_new`
            raise SeedError([str(error.message)]) from None

    def record_uses(self, trail: Trail) -> None:
        """Add the uses of the keys, and the events of these uses, to the trail."""
        uses = sorted(self.uses, key=lambda use: use[1].timestamp)
        trail.record(sorted(self.events.values(), key=lambda event: event.time), uses)

    def _replace_event_id(self, event_id: str) -> None:
        """Give an event a new id. Its derived id is taken if a key with the same ARN was seeded and deleted before."""
        fresh = new_event_id()
        self.events[fresh] = self.events.pop(event_id)._replace(event_id=fresh)
        self.uses = [(arn, use._replace(event_id=fresh) if use.event_id == event_id else use) for arn, use in self.uses]
