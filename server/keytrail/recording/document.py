"""All answers of a recording as a seed document, with notes on what is not in it."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any, NamedTuple

from keytrail.recording import members
from keytrail.recording.accounts import with_accounts
from keytrail.recording.calls import UNKNOWN_CALLER
from keytrail.recording.members import Members, present
from keytrail.recording.questions import AboutKey, Listing
from keytrail.recording.sound import without_problems


class Recording(NamedTuple):
    """A seed document, and what it leaves out."""

    document: dict[str, Any]
    notes: list[str]
    done: Callable[[], None]
    """To be called when the seed is written: the partial file is not needed any more."""


class _Keys:
    """The answers about all keys, and how their parts are found."""

    def __init__(self, listings: Iterable[Listing], keys: Iterable[AboutKey]) -> None:
        self.listings = list(listings)
        self.all = sorted(keys, key=_order)
        self._aliases: dict[tuple[str, str, str], list[str]] = {}
        for listing in self.listings:
            for name, key_id in listing.aliases:
                self._aliases.setdefault((listing.account, listing.region, key_id), []).append(name)

    def aliases(self, about: AboutKey) -> list[str]:
        account, region, key_id = _order(about)
        return self._aliases.get((account, region, key_id), [])

    def customer_keys(self) -> list[AboutKey]:
        return [about for about in self.all if about.is_known and about.metadata["KeyManager"] == "CUSTOMER"]

    def aws_managed_keys(self) -> list[AboutKey]:
        return [about for about in self.all if about.is_known and about.metadata["KeyManager"] == "AWS"]


def document_of(
    listings: list[Listing],
    keys: list[AboutKey],
    accounts: Mapping[str, str],
    now: datetime,
    done: Callable[[], None],
) -> Recording:
    """The seed of what was recorded, with the accounts mapped. `now` is the time of the recording."""
    known = _Keys(listings, keys)
    notes = [refusal_of(listing) for listing in listings if listing.refused]
    for about in known.all:
        notes += [f"{about.arn}: {note}" for note in members.what_a_seed_cannot_say(about)]
    document = {
        "customKeyStores": _custom_key_stores(known),
        "awsManagedKeys": _aws_managed_keys(known, notes),
        "keys": _keys(known, now, notes),
    }
    document = with_accounts({name: part for name, part in document.items() if part}, accounts)
    sound = without_problems(document, now)
    return Recording(sound.document, [*with_accounts(notes, accounts), *sound.notes], done)


def refusal_of(listing: Listing) -> str:
    """What was refused of a Region."""
    refused = ", ".join(f"{operation}: {code}" for operation, code in listing.refused.items())
    unknown = UNKNOWN_CALLER & set(listing.refused.values())
    return f"{listing.account} {listing.region}: {refused}{'; is the Region enabled?' if unknown else ''}"


def _order(about: AboutKey) -> tuple[str, str, str]:
    """Account, Region and key id."""
    words = about.arn.split(":", 5)
    return words[4], words[3], words[5].removeprefix("key/")


def _keys(known: _Keys, now: datetime, notes: list[str]) -> list[Members]:
    """The members of all customer managed keys; the keys of a multi-Region set are one."""
    by_set = sorted(known.customer_keys(), key=lambda about: (_order(about)[0], _order(about)[2], about.arn))
    found = []
    for (account, _), group in groupby(by_set, lambda about: (_order(about)[0], _order(about)[2])):
        related = list(group)
        primary = next((about for about in related if _is_primary(about)), related[0])
        found.append((account, _order(primary), _key(primary, related, known, now, notes)))
    return [key for *_, key in sorted(found, key=lambda each: each[:2])]


def _is_primary(about: AboutKey) -> bool:
    configuration = about.metadata.get("MultiRegionConfiguration") or {}
    return bool(configuration.get("MultiRegionKeyType", "PRIMARY") == "PRIMARY")


def _key(primary: AboutKey, related: list[AboutKey], known: _Keys, now: datetime, notes: list[str]) -> Members:
    replicas = [about for about in related if about is not primary]
    own = members.own_members(primary, known.aliases(primary))
    _note_missing_regions(primary, related, notes)
    if own.get("KeyState") == "PendingReplicaDeletion" and not replicas:
        days = own.pop("PendingDeletionWindowInDays", 30)
        date = (now + timedelta(days=days)).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        own |= {"KeyState": "PendingDeletion", "DeletionDate": date}
    store = present(
        {
            "CustomKeyStoreId": primary.metadata.get("CustomKeyStoreId"),
            "XksKeyId": (primary.metadata.get("XksKeyConfiguration") or {}).get("Id"),
        }
    )
    return {
        **members.identity(primary),
        **own,
        **members.imports(primary),
        **members.rotation(primary, now),
        **store,
        **present({"Replicas": [members.replica(about, known.aliases(about)) for about in replicas]}),
    }


def _note_missing_regions(primary: AboutKey, related: list[AboutKey], notes: list[str]) -> None:
    """Note a set whose keys are not all recorded."""
    configuration = primary.metadata.get("MultiRegionConfiguration")
    if configuration is None:
        return
    if not _is_primary(primary):
        notes.append(
            f"{primary.arn}: its primary key, in {configuration['PrimaryKey']['Region']}, is not recorded; "
            "in the seed it is the primary key itself"
        )
    recorded = {_order(about)[1] for about in related}
    missing = [key["Region"] for key in configuration.get("ReplicaKeys", ()) if key["Region"] not in recorded]
    if missing:
        notes.append(f"{primary.arn}: its replicas in {', '.join(sorted(missing))} are not recorded")


def _custom_key_stores(known: _Keys) -> list[Members]:
    """A store for each id that keys name. DescribeCustomKeyStores is not called: a key says enough."""
    keys = [about for about in known.customer_keys() if about.metadata.get("CustomKeyStoreId")]
    stores: dict[str, Members] = {}
    for about in sorted(keys, key=lambda each: (each.metadata["CreationDate"], each.arn)):
        metadata = about.metadata
        account, region, _ = _order(about)
        store = stores.setdefault(
            metadata["CustomKeyStoreId"],
            {
                "CustomKeyStoreId": metadata["CustomKeyStoreId"],
                "CustomKeyStoreType": metadata["Origin"],
                "Account": account,
                "Region": region,
                "CreationDate": metadata["CreationDate"],
                **present({"CloudHsmClusterId": metadata.get("CloudHsmClusterId")}),
            },
        )
        if metadata["KeyState"] == "Unavailable":
            store["ConnectionState"] = "DISCONNECTED"
    return [stores[store_id] for store_id in sorted(stores)]


def _aws_managed_keys(known: _Keys, notes: list[str]) -> list[Members]:
    """The AWS managed keys by their aliases: their ids are Keytrail's own."""
    found = []
    for about in known.aws_managed_keys():
        alias = next((name for name in known.aliases(about) if name.startswith("alias/aws/")), None)
        if alias is None:
            notes.append(f"{about.arn}: left out: it is an AWS managed key without an alias")
            continue
        account, region, _ = _order(about)
        found.append(
            present(
                {
                    "Alias": alias,
                    "Account": account,
                    "Region": region,
                    "CreationDate": about.metadata["CreationDate"],
                    "LastUsage": members.last_usage(about),
                }
            )
        )
    return found
