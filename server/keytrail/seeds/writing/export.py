"""Writing an endpoint as a seed document that makes it again: all of it, one account, or one Region."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from keytrail.authentication.sessions import IssuedSessions
from keytrail.domain.credential import Credential
from keytrail.domain.custom_key_store import CustomKeyStore
from keytrail.domain.identity import Identity
from keytrail.domain.key import Key, KeyManager
from keytrail.domain.last_usage import TrackedOperation
from keytrail.domain.organization import Membership
from keytrail.seeds.fault_members import MOST_COUNTED, FaultMember
from keytrail.seeds.settings import settings_members
from keytrail.seeds.writing.callers import caller_parts, identity_members
from keytrail.seeds.writing.custom_key_stores import custom_key_store_members, external_error_members
from keytrail.seeds.writing.keys import document_of_key, key_members, managed_key_members
from keytrail.seeds.writing.organizations import organization_parts
from keytrail.seeds.writing.source import Members, Source, present
from keytrail.settings import Settings, variable
from keytrail.store import Store
from keytrail.trail import StoredEvent, Trail, Use, time_and_number

_OF_THE_START = (
    "account",
    "region",
    "extra_regions",
    "tracking_start",
    "trail_delay",
    "transition_time",
    "strict",
    "compat",
)
"""Settings that change answers, and that a seed cannot change."""


@dataclass(frozen=True, slots=True)
class EndpointParts:
    """The parts of an endpoint at a moment, besides its store."""

    settings: Settings
    trail: Trail
    credentials: Mapping[str, Credential]
    sessions: IssuedSessions
    identities: Mapping[str, Identity]
    memberships: Mapping[str, Membership]
    faults: Sequence[Mapping[str, Any]]
    """As Faults.rules."""


class Selection(NamedTuple):
    """What is written: everything, or only what belongs to an account, to a Region, or to a key."""

    account: str | None = None
    region: str | None = None
    key: Key | None = None
    secrets: bool = False
    """Whether secret access keys and session tokens are written."""


class WrittenSeed(NamedTuple):
    """A seed document, and lines that say what it is and what is not in it."""

    document: Members
    notes: list[str]


def write_endpoint(parts: EndpointParts, selection: Selection, source: Source) -> WrittenSeed:
    """An endpoint, or what is selected of it, as a seed: loaded into an endpoint that has none of it, it is the same.

    Keys are in the order of account, Region, creation date and id, so that two exports can be compared. With a key
    there are only its set and its custom key store; with a Region, the sets that have a key in it; without an account,
    a Region and a key, also the settings.
    """
    if selection.key is not None:
        document = document_of_key(selection.key, source)
    else:
        document = {**_callers(parts, selection, source), **_stores(parts, selection, source)}
        if selection.account is None and selection.region is None:
            document = {"settings": settings_members(parts.settings), **document}
        document["faults"] = [_fault(rule) for rule in parts.faults if _is_selected_fault(rule, selection)]
        if selection.account is None:
            errors = source.store.custom_key_stores.external_errors
            document["externalErrors"] = external_error_members(errors)
    document = present(document)
    return WrittenSeed(document, _notes(document, parts, selection, source))


def uses_before_tracking(trail: Trail, store: Store, start: datetime) -> dict[str, Use]:
    """The last uses before last usage was recorded, by the ARN of the key: only the trail knows of them."""
    tracked = frozenset(TrackedOperation)

    def is_use(event: StoredEvent) -> bool:
        return event.time < start and event.group.name in tracked and event.error_code is None

    events = sorted(trail.newest(is_use, limit=trail.count()), key=time_and_number)
    return {
        arn: Use(event.group.name, event.time, event.event_id, event.request_id or event.event_id)
        for event in events
        for _, arn in event.resources or ()
        if (key := store.newest.key(arn)) is not None and key.creation_date <= event.time
    }


def _callers(parts: EndpointParts, selection: Selection, source: Source) -> Members:
    account = selection.account
    credentials = {
        access_key_id: credential
        for access_key_id, credential in parts.credentials.items()
        if account in (None, credential.principal.account)
    }
    identities = [each for each in parts.identities.values() if account in (None, each.account)]
    memberships = {name: each for name, each in parts.memberships.items() if account in (None, name)}
    return {
        **caller_parts(credentials, source, secrets=selection.secrets),
        "identities": identity_members(identities),
        **organization_parts(memberships),
    }


def _stores(parts: EndpointParts, selection: Selection, source: Source) -> Members:
    """The custom key stores, the AWS managed keys and the keys."""
    newest = source.store.newest
    keys = [key for key in newest.all_keys() if selection.account in (None, key.account)]
    managed = [key for key in keys if key.manager is KeyManager.AWS and selection.region in (None, key.region)]
    written = [key for key in keys if key.manager is KeyManager.CUSTOMER and _is_written(key, selection, source)]
    stores = [
        store
        for store in source.store.custom_key_stores.all()
        if selection.account in (None, store.account) and selection.region in (None, store.region)
    ]
    return {
        "customKeyStores": [custom_key_store_members(store, source) for store in sorted(stores, key=_place_of_store)],
        "awsManagedKeys": [managed_key_members(key, source) for key in sorted(managed, key=_place_of_key)],
        "keys": [key_members(key, source) for key in sorted(written, key=_place_of_key)],
    }


def _is_written(key: Key, selection: Selection, source: Source) -> bool:
    """Whether a key is written with its replicas, if any: a replica is written with its primary key."""
    related = source.store.multi_region_set(key)
    if related is None:
        return selection.region in (None, key.region)
    return related.primary == key.region and (selection.region is None or selection.region in related.regions)


def _place_of_key(key: Key) -> tuple[object, ...]:
    return key.account, key.region, key.creation_date, key.key_id


def _place_of_store(store: CustomKeyStore) -> tuple[object, ...]:
    return store.account, store.region, store.sort_key


def _is_selected_fault(rule: Mapping[str, Any], selection: Selection) -> bool:
    if selection.account is not None and rule.get("Account") != selection.account:
        return False
    return selection.region is None or rule.get("Region") in (None, selection.region)


def _fault(rule: Mapping[str, Any]) -> Members:
    """A fault rule with what it has counted; the rest is as the test wrote it."""
    defaults = {"Service": "kms", "Seed": 0, "Calls": 0, "Hits": 0}
    counted = {**rule, "Calls": min(rule["Calls"], MOST_COUNTED), "Hits": min(rule["Hits"], MOST_COUNTED)}
    return {
        name: counted[name]
        for name in FaultMember.__struct_encode_fields__
        if name in counted and counted[name] != defaults.get(name)
    }


# ---- What is not in the document


def _notes(document: Members, parts: EndpointParts, selection: Selection, source: Source) -> list[str]:
    uses = set(_event_ids(document))
    account, region, key = selection.account, selection.region, selection.key

    def is_left_out(event: StoredEvent) -> bool:
        return (
            event.event_id not in uses
            and account in (None, event.group.recipient)
            and region in (None, event.group.region)
            and (key is None or any(arn == key.arn for _, arn in event.resources or ()))
        )

    events = len(parts.trail.newest(is_left_out, limit=parts.trail.count()))
    hidden = parts.trail.count_hidden_uses(source.now)
    notes = [
        "Made by Keytrail's export: loading it makes the same keys again. It contains their key material.",
        _left_out(events, "event", " of the trail"),
        _left_out(hidden, "use", " that GetKeyLastUsage does not show yet"),
    ]
    if key is None:
        sessions = [each.principal.account for each in parts.sessions.credentials.values()]
        notes.append(_left_out(sum(account in (None, each) for each in sessions), "session", " of STS"))
        secret = [
            each
            for each in parts.credentials.values()
            if account in (None, each.principal.account) and each.secret_access_key is not None
        ]
        if not selection.secrets:
            notes.append(
                _left_out(len(secret), "secret access key", "", ", so that any secret is right; export with secrets")
            )
        default, now = Settings().to_environment(), parts.settings.to_environment()
        names = [variable(name) for name in _OF_THE_START]
        started = [f"{name}={now[name]}" for name in names if now[name] != default[name]]
        if started:
            notes.append(f"What it was started with, which a seed cannot change: {' '.join(started)}")
    return [note for note in notes if note]


def _event_ids(value: object) -> Iterable[str]:
    """The CloudTrailEventIds in a document."""
    if isinstance(value, Mapping):
        usage = value.get("LastUsage")
        if isinstance(usage, Mapping):
            yield usage["CloudTrailEventId"]
        for part in (value.get("keys"), value.get("awsManagedKeys"), value.get("Replicas")):
            yield from _event_ids(part)
    elif isinstance(value, list):
        for item in value:
            yield from _event_ids(item)


def _left_out(count: int, noun: str, which: str, so: str = "") -> str:
    if not count:
        return ""
    return f"{count:,} {noun}{'s' if count != 1 else ''}{which} {'are' if count != 1 else 'is'} not in it{so}."
