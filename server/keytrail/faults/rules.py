"""Faults: the rules by which calls go wrong, and how often each one has struck."""

import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any, NamedTuple

from keytrail import errors
from keytrail.call import Call
from keytrail.domain.arn import alias_arn, is_alias
from keytrail.domain.fault import FaultRule
from keytrail.domain.key import Key
from keytrail.errors import AwsError
from keytrail.faults.quotas import THROTTLED, Quotas
from keytrail.faults.targets import keys_of
from keytrail.messages import AS_EVER, Delivery
from keytrail.operation import Operation
from keytrail.request_quotas import RequestQuotas

MOST_RULES = 1000
"""Each call looks at every rule."""

_MESSAGES: Mapping[str, str] = {
    "AccessDeniedException": (
        "User: {principal} is not authorized to perform: {action} on resource: {key} "
        "because no identity-based policy allows the {action} action"
    ),
    "DisabledException": "{key} is disabled.",
    "KMSInvalidStateException": "{key} is pending deletion.",
    "NotFoundException": "Key '{key}' does not exist",
}
"""AWS's words, of a rule that brings none."""

_WORDLESS = frozenset(
    {
        "CustomKeyStoreNotFoundException",
        "InvalidCiphertextException",
        "KMSInvalidMacException",
        "KMSInvalidSignatureException",
        "UnsupportedOperationException",
    }
)
"""Errors that AWS sends without a message."""


class Fault(NamedTuple):
    """What the rules make of one call."""

    delivery: Delivery = AS_EVER
    """What becomes of its answer."""
    before: bool = False
    """Whether the connection is dropped before the operation takes place."""
    error: AwsError | None = None
    """The error that is its answer; the operation does not take place."""
    keys: Sequence[Key] = ()
    """The caller's keys that it is about, as its event tells of a call that failed inside KMS."""


NO_FAULT = Fault()


@dataclass(slots=True)
class _Entry:
    """A rule and what became of it."""

    rule_id: str
    rule: FaultRule
    calls: int = 0
    """The calls that it is about, struck or not."""
    hits: int = 0
    chance: Random = field(default_factory=Random)
    wait: Random = field(default_factory=Random)

    def __post_init__(self) -> None:
        # Each has its own: whether a call is struck shall not depend on how long another one waited.
        self.chance, self.wait = Random(self.rule.seed), Random(self.rule.seed)

    def shown(self) -> dict[str, Any]:
        return {"Id": self.rule_id, **self.rule.document, "Calls": self.calls, "Hits": self.hits}

    def strikes(self) -> bool:
        """Whether the rule strikes on its next call, which this is."""
        rule = self.rule
        self.calls += 1
        if rule.call is not None:
            return self.calls == rule.call
        if rule.count is not None:
            return self.hits < rule.count
        return rule.probability is None or self.chance.random() < rule.probability


class Faults:
    """The rules, in the order in which they were added. Thread-safe.

    Every rule sees every call that it is about. Latencies of several add up; of those that end a call the first
    strikes, and the others do not count it as a hit.
    """

    def __init__(self) -> None:
        """Begin without rules."""
        self._lock = threading.Lock()
        self._entries: dict[str, _Entry] = {}
        self._number = 0
        self.quotas: Quotas | None = None
        self.active = False
        """Whether there are any rules or quotas."""

    def set_quotas(self, quotas: RequestQuotas) -> None:
        """Let these request quotas count from here on, each unused. Raises ValueError for one that AWS has not."""
        with self._lock:
            self.quotas = Quotas(quotas) if quotas else None
            self._note_active()

    def require_room(self, count: int) -> None:
        """Raise ValueError if there cannot be so many rules more."""
        if len(self._entries) + count > MOST_RULES:
            raise ValueError(f"there can be {MOST_RULES} fault rules; delete some first")

    def add(self, rules: Iterable[FaultRule]) -> list[dict[str, Any]]:
        """Add rules; gives them as `rules` does. Raises ValueError, and adds none, if that makes too many."""
        rules = list(rules)
        with self._lock:
            self.require_room(len(rules))
            added = []
            for rule in rules:
                self._number += 1
                entry = _Entry(str(self._number), rule)
                self._entries[entry.rule_id] = entry
                added.append(entry.shown())
            self._note_active()
            return added

    def rules(self) -> list[dict[str, Any]]:
        """The rules as they were given, each with its Id, the Calls that it is about, and its Hits."""
        with self._lock:
            return [entry.shown() for entry in self._entries.values()]

    def remove(self, rule_id: str | None = None) -> int:
        """Remove a rule, or all of them; gives how many that were."""
        with self._lock:
            gone = [at for at in self._entries if rule_id in (None, at)]
            for at in gone:
                del self._entries[at]
            self._note_active()
            return len(gone)

    def snapshot(self) -> Mapping[str, FaultRule]:
        """The rules by their ids, for `restore`."""
        with self._lock:
            return {at: entry.rule for at, entry in self._entries.items()}

    def restore(self, snapshot: Mapping[str, FaultRule], account: str | None = None) -> None:
        """Have the rules of a snapshot, uncounted; with an account, of the rules about its callers only."""
        with self._lock:
            others = {at: entry for at, entry in self._entries.items() if account not in (None, entry.rule.account)}
            back = {at: _Entry(at, rule) for at, rule in snapshot.items() if account in (None, rule.account)}
            entries = {**back, **others}
            self._entries = {at: entries[at] for at in sorted(entries, key=int)}
            self._number = max(map(int, self._entries), default=0)
            self._note_active()

    def strike(self, operation: Operation, call: Call) -> Fault:
        """What the rules make of a call; each counts it.

        Before them come the quotas: raises ThrottlingException, and no rule sees the call, if one is used up.
        """
        quotas = self.quotas
        if quotas is not None:
            quotas.admit(operation, call)
        with self._lock:
            concerned = [
                entry
                for entry in self._entries.values()
                if entry.rule.service == operation.service
                and operation.name in entry.rule.operations
                and entry.rule.account in (None, call.account)
                and entry.rule.region in (None, call.region)
            ]
            if not concerned:
                return NO_FAULT
            keys = keys_of(call)
            delay = 0.0
            end: _Entry | None = None
            for entry in concerned:
                rule = entry.rule
                if rule.key is not None and not any(_is_named(rule.key, key, call) for key in keys):
                    continue
                if not entry.strikes() or (rule.ends_call and end is not None):
                    continue
                entry.hits += 1
                if rule.latency is not None:
                    delay += rule.latency.draw(entry.wait) / 1000
                if rule.ends_call:
                    end = entry
        if end is None:
            return Fault(Delivery(delay)) if delay else NO_FAULT
        rule = end.rule
        delivery = Delivery(delay, rule.drop is not None, rule.truncate)
        if rule.error is None:
            return Fault(delivery, rule.drop == "before")
        own = [key for key in keys if key.account == call.account and key not in call.keys]
        return Fault(delivery, False, _error(end, operation.service, call, keys), own)

    def _note_active(self) -> None:
        self.active = bool(self._entries) or self.quotas is not None


def _is_named(name: str, key: Key, call: Call) -> bool:
    """Whether a rule's name of a key names this one by now."""
    if not is_alias(name):
        return name in (key.arn, key.key_id)
    alias = call.store.newest.alias(alias_arn(key.region, key.account, name.split(":", 5)[-1]))
    return alias is not None and alias.target_key_id == key.key_id and name in (alias.name, alias.arn)


def _error(entry: _Entry, service: str, call: Call, keys: list[Key]) -> AwsError:
    code, message = entry.rule.error or "", entry.rule.message
    kind: type[AwsError] = getattr(errors, code)
    if message is None and code not in _WORDLESS:
        words = _MESSAGES.get(code)
        if code == "ThrottlingException":
            message = THROTTLED if service == "kms" else "Rate exceeded"
        elif words is not None and (keys or "{key}" not in words):
            key = keys[0].arn if keys else ""
            message = words.format(key=key, principal=call.principal.arn, action=f"{service}:{call.operation}")
        else:  # AWS's words are not known
            message = f"Fault {entry.rule_id} of Keytrail answers this."
    return kind(message)
