"""The list of keys: which of them a search finds, the idlest first, and what a page shows of each."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from keytrail.domain import imported_material, key_rotation
from keytrail.domain.key import Key, KeyState
from keytrail.domain.last_usage import UsageHistory, trailing_days_without_usage, usage_history
from keytrail.endpoint import Endpoint
from keytrail.trail import Use

PAGE = 100
"""Keys on a page."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """Which keys a page is about; what is empty or 0 allows any."""

    text: str = ""
    """A part of an alias, of the id, the description, or a tag (`team=payments`); in any case."""
    account: str = ""
    region: str = ""
    state: str = ""
    history: str = ""
    """A UsageHistory."""
    idle: int = 0
    """For at least so many days."""
    page: int = 1

    @classmethod
    def read(cls, arguments: Mapping[str, str]) -> "Search":
        """The search in a query. Raises ValueError, with what would be right, for one that is none."""
        texts = {name: arguments.get(name, "").strip() for name in ("text", "account", "region", "state", "history")}
        choices: dict[str, list[str]] = {"state": list(KeyState), "history": list(UsageHistory)}
        for name, choice in choices.items():
            if texts[name] and texts[name] not in choice:
                raise ValueError(f"{name}: expected one of {', '.join(choice)}, got {texts[name]!r}")
        return cls(**texts, idle=_number(arguments, "idle", 0), page=max(_number(arguments, "page", 1), 1))

    def query(self, **changes: Any) -> dict[str, Any]:
        """The members of the query that finds the same, with some changed; those that allow anything are left out."""
        members = {name: getattr(self, name) for name in ("text", "account", "region", "state", "history", "idle")}
        return {name: value for name, value in {**members, **changes}.items() if value}


def _number(arguments: Mapping[str, str], name: str, default: int) -> int:
    text = arguments.get(name, "").strip()
    if text and not (text.isascii() and text.isdecimal() and len(text) < 7):
        raise ValueError(f"{name}: expected a whole number, got {text!r}")
    return int(text) if text else default


class Due(NamedTuple):
    """What happens to a key by itself, and when."""

    moment: datetime
    what: str


@dataclass(frozen=True, slots=True)
class Row:
    """A key as the list shows it."""

    key: Key
    use: Use | None
    history: UsageHistory
    idle_since: datetime
    """The last use; without one, the moment since which there was none for certain."""
    idle_days: int
    aliases: list[str]
    caller: str | None
    """The ARN of who used it last; None if the trail does not know any more."""
    due: list[Due]


@dataclass(frozen=True, slots=True)
class KeyPage:
    """A page of the keys that a search finds."""

    rows: list[Row]
    number: int
    last: int
    """The number of the last page."""
    found: int
    histories: Mapping[str, int]
    """How many keys of any search have which history."""
    total: int
    accounts: list[str]
    regions: list[str]
    """Of all keys."""


def find(endpoint: Endpoint, search: Search, now: datetime) -> KeyPage:
    """The page that a search asks for; the last one if there are fewer.

    It looks at every key: 20,000 take some 40 ms, and an index would cost something with every use of a key.
    """
    keys = endpoint.store.newest.all_keys()
    uses, tracking_start = endpoint.trail.last_uses(now), endpoint.settings.tracking_start
    wanted = _test(endpoint, search, now)
    found: list[tuple[datetime, str, Key]] = []
    histories: Counter[str] = Counter()
    for key in keys:
        use, created = uses.get(key.arn), key.creation_date
        if use is not None:
            history, since = UsageHistory.USED, use.timestamp
        else:
            history = usage_history(used=False, tracking_start_date=tracking_start, key_creation_date=created)
            since = max(tracking_start, created)
        histories[history] += 1
        if wanted is None or wanted(key, since, history):
            found.append((since, key.arn, key))
    found.sort()
    places = {(key.account, key.region) for key in keys}
    last = max((len(found) + PAGE - 1) // PAGE, 1)
    number = min(search.page, last)
    shown = [key for _, _, key in found[(number - 1) * PAGE : number * PAGE]]
    return KeyPage(
        [row_of(endpoint, key, uses.get(key.arn), now) for key in shown],
        number,
        last,
        len(found),
        histories,
        len(keys),
        sorted({account for account, _ in places}),
        sorted({region for _, region in places}),
    )


def row_of(endpoint: Endpoint, key: Key, use: Use | None, now: datetime) -> Row:
    """What is shown of a key with this last use."""
    start = max(endpoint.settings.tracking_start, key.creation_date)
    event = endpoint.trail.event(use.event_id) if use is not None else None
    return Row(
        key,
        use,
        usage_history(
            used=use is not None,
            tracking_start_date=endpoint.settings.tracking_start,
            key_creation_date=key.creation_date,
        ),
        use.timestamp if use is not None else start,
        trailing_days_without_usage(
            now, last_usage=use.timestamp if use is not None else None, tracking_start_date=start
        ),
        [alias.name for alias in endpoint.store.newest.aliases_of_after(key, "", 50)],
        event.principal.arn if event is not None and event.principal is not None else None,
        dues_of(key),
    )


def name_of(endpoint: Endpoint, key: Key) -> str:
    """What people call a key: its first alias, without `alias/`, or its id."""
    aliases = endpoint.store.newest.aliases_of_after(key, "", 1)
    return aliases[0].name.removeprefix("alias/") if aliases else key.key_id


def dues_of(key: Key) -> list[Due]:
    """What will happen to a key by itself, the next first."""
    moments = {
        "deletion": key.deletion_date,
        "rotation": key_rotation.due(key),
        "key material expires": imported_material.due(key),
        f"becomes {key.next_state}": key.settles_at,
    }
    return sorted(Due(moment, what) for what, moment in moments.items() if moment is not None)


def _test(endpoint: Endpoint, search: Search, now: datetime) -> Callable[[Key, datetime, UsageHistory], bool] | None:
    """Whether a search finds a key, idle since a moment, with this history; None if it finds every key."""
    if not search.query():
        return None
    text, idle_before = search.text.lower(), now - timedelta(days=search.idle)
    named = _named(endpoint, text) if text else set()

    def wanted(key: Key, since: datetime, history: UsageHistory) -> bool:
        return (
            since <= idle_before
            and search.account in ("", key.account)
            and search.region in ("", key.region)
            and search.state in ("", key.state)
            and search.history in ("", history)
            and (not text or key.arn in named or _mentions(key, text))
        )

    return wanted


def _named(endpoint: Endpoint, text: str) -> set[str]:
    """The ARNs of the keys that have an alias with this text in its name."""
    return {alias.target_arn for alias in endpoint.store.newest.all_aliases() if text in alias.name.lower()}


def _mentions(key: Key, text: str) -> bool:
    return text in key.arn or text in key.description.lower() or any(text in tag for tag in _tags(key))


def _tags(key: Key) -> Iterable[str]:
    return (f"{name}={value}".lower() for name, value in key.tags.items())
