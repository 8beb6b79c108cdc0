"""Fault rules: which calls go wrong and how, and how often each rule has struck."""

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any, NamedTuple

from keytrail.authorization.evaluation import Ground, Question, Verdict
from keytrail.authorization.policy import PolicyType
from keytrail.authorization.refusals import refusal
from keytrail.call import Call
from keytrail.domain.arn import alias_arn, is_alias
from keytrail.domain.fault import FaultRule
from keytrail.domain.key import Key, KeyState, state_refusal
from keytrail.domain.refusals import key_not_found
from keytrail.errors import AwsError
from keytrail.faults.quotas import Quotas, throttled
from keytrail.faults.targets import keys_of
from keytrail.journal import Journal
from keytrail.messages import UNDISTURBED, Delivery
from keytrail.operation import Operation
from keytrail.request_quotas import RequestQuotas

MAX_RULES = 1000
"""How many rules there can be, because each call looks at all of them."""

_WITHOUT_MESSAGE = frozenset(
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
    """What the rules do to one call."""

    delivery: Delivery = UNDISTURBED
    """How its response is sent."""
    drops_before: bool = False
    """Whether the connection is dropped and the operation is not carried out."""
    error: AwsError | None = None
    """The error to answer with; the operation is not carried out."""
    keys: Sequence[Key] = ()
    """The keys of the caller's own account that the call names; the event shows them, authorized or not yet."""


NO_FAULT = Fault()


@dataclass(slots=True)
class _CountedRule:
    """A rule, and how often it was about a call and struck one."""

    rule_id: str
    rule: FaultRule
    calls: int = field(init=False)
    """How many calls it was about, struck or not."""
    hits: int = field(init=False)
    chance: Random = field(default_factory=Random)
    wait: Random = field(default_factory=Random)

    def __post_init__(self) -> None:
        # Two generators, so that whether a call is struck does not depend on how long others waited.
        self.chance, self.wait = Random(self.rule.seed), Random(self.rule.seed)
        self.calls, self.hits = self.rule.calls, self.rule.hits
        if self.rule.probability is not None:  # as if it had been here for the calls that it counted before
            for _ in range(self.calls):
                self.chance.random()
        if self.rule.latency is not None:
            for _ in range(self.hits):
                self.rule.latency.draw(self.wait)

    @classmethod
    def of(cls, kept: "KeptRule") -> "_CountedRule":
        entry = cls(kept.rule_id, kept.rule)
        entry.calls, entry.hits = kept.calls, kept.hits
        for generator, state in ((entry.chance, kept.chance), (entry.wait, kept.wait)):
            if state is not None:
                generator.setstate((state[0], tuple(state[1]), state[2]))
        return entry

    def kept(self) -> "KeptRule":
        rule = self.rule
        draws = self.calls > 0 and rule.probability is not None
        waits = self.hits > 0 and rule.latency is not None and rule.latency.distribution != "fixed"
        return KeptRule(
            self.rule_id,
            rule,
            self.calls,
            self.hits,
            self.chance.getstate() if draws else None,
            self.wait.getstate() if waits else None,
        )

    def document(self) -> dict[str, Any]:
        return {"Id": self.rule_id, **self.rule.document, "Calls": self.calls, "Hits": self.hits}

    def strikes(self) -> bool:
        """Count a call that the rule is about. Gives whether the rule strikes it."""
        rule = self.rule
        self.calls += 1
        if rule.call is not None:
            return self.calls == rule.call
        if rule.count is not None:
            return self.hits < rule.count
        return rule.probability is None or self.chance.random() < rule.probability


class KeptRule(NamedTuple):
    """A rule with its counts, and the states of its generators (Random.getstate) if it has drawn from them."""

    rule_id: str
    rule: FaultRule
    calls: int
    hits: int
    chance: tuple[Any, ...] | None
    wait: tuple[Any, ...] | None


class KeptRules(NamedTuple):
    """All rules as they stand, for a data folder."""

    rules: list[KeptRule]
    last_id: int


class Faults:
    """The rules, in the order in which they were added. Thread-safe.

    Every rule counts every call that it is about. If several strike, their latencies add up; only the first of those
    that end the call has its effect, and the others do not count a hit.
    """

    def __init__(self) -> None:
        """Begin without rules."""
        self._lock = threading.Lock()
        self._rules: dict[str, _CountedRule] = {}
        self._last_id = 0
        self._journal: Journal | None = None
        self.struck = 0
        """How often a rule has counted a call."""
        self.quotas: Quotas | None = None
        self.active = False
        """Whether there are any rules or quotas."""

    def keep(self, journal: Journal) -> None:
        """Note the rules from now on in a journal, when they change; not their counts."""
        self._journal = journal

    def kept(self) -> KeptRules:
        """All rules as they stand."""
        with self._lock:
            return self._kept(self._rules)

    def _kept(self, rules: Mapping[str, _CountedRule]) -> KeptRules:
        return KeptRules([entry.kept() for entry in rules.values()], self._last_id)

    def continue_with(self, kept: KeptRules) -> None:
        """Go on with rules, their counts and their chances as they stood."""
        with self._lock:
            self._rules = {rule.rule_id: _CountedRule.of(rule) for rule in kept.rules}
            self._last_id = kept.last_id
            self._update_active()

    def _require_writable(self) -> None:
        if self._journal is not None:
            self._journal.require_writable()

    def _note(self) -> None:
        if self._journal is not None:
            self._journal.note("part", "faults", self._kept(self._rules))

    def set_quotas(self, quotas: RequestQuotas) -> None:
        """Use these request quotas from now on, each unused. Raises ValueError for one that AWS does not have."""
        with self._lock:
            self.quotas = Quotas(quotas) if quotas else None
            self._update_active()

    def require_room(self, count: int) -> None:
        """Raise ValueError if so many more rules are too many."""
        if len(self._rules) + count > MAX_RULES:
            raise ValueError(f"there can be {MAX_RULES} fault rules; delete some first")

    def add(self, rules: Iterable[FaultRule]) -> list[dict[str, Any]]:
        """Add rules; gives them as `rules` does. If there would be too many, raises ValueError and adds none."""
        rules = list(rules)
        with self._lock:
            self._require_writable()
            self.require_room(len(rules))
            added = []
            for rule in rules:
                self._last_id += 1
                entry = _CountedRule(str(self._last_id), rule)
                self._rules[entry.rule_id] = entry
                added.append(entry.document())
            self._note()
            self._update_active()
            return added

    def rules(self) -> list[dict[str, Any]]:
        """The rules as they were written, each with its Id, the Calls that it was about, and its Hits."""
        with self._lock:
            return [entry.document() for entry in self._rules.values()]

    def remove(self, rule_id: str | None = None) -> int:
        """Remove a rule, or all of them. Gives how many were removed."""
        with self._lock:
            self._require_writable()
            removed = [each for each in self._rules if rule_id in (None, each)]
            for each in removed:
                del self._rules[each]
            self._note()
            self._update_active()
            return len(removed)

    def snapshot(self) -> Mapping[str, FaultRule]:
        """The rules by their ids, for `restore`."""
        with self._lock:
            return {rule_id: entry.rule for rule_id, entry in self._rules.items()}

    def restore(self, snapshot: Mapping[str, FaultRule], account: str | None = None) -> None:
        """Go back to the rules of a snapshot, with the counts that they were added with.

        With an account, only to the rules about its callers.
        """
        with self._lock:
            others = {
                rule_id: entry for rule_id, entry in self._rules.items() if account not in (None, entry.rule.account)
            }
            restored = {
                rule_id: _CountedRule(rule_id, rule)
                for rule_id, rule in snapshot.items()
                if account in (None, rule.account)
            }
            entries = {**restored, **others}
            self._rules = {rule_id: entries[rule_id] for rule_id in sorted(entries, key=int)}
            self._last_id = max(map(int, self._rules), default=0)
            self._note()
            self._update_active()

    def strike(self, operation: Operation, call: Call) -> Fault:
        """What the rules do to a call; every rule that is about it counts it.

        Request quotas come first. If one is used up, raises ThrottlingException, and no rule counts the call.
        """
        quotas = self.quotas
        if quotas is not None:
            quotas.admit(operation, call)
        with self._lock:
            concerned = [
                entry
                for entry in self._rules.values()
                if entry.rule.service == operation.service
                and operation.name in entry.rule.operations
                and entry.rule.account in (None, call.account)
                and entry.rule.region in (None, call.region)
            ]
            if not concerned:
                return NO_FAULT
            self.struck += 1
            keys = keys_of(call)
            delay = 0.0
            ending: _CountedRule | None = None
            for entry in concerned:
                rule = entry.rule
                if rule.key is not None and not any(_is_named(rule.key, key, call) for key in keys):
                    continue
                if not entry.strikes() or (rule.ends_call and ending is not None):
                    continue
                entry.hits += 1
                if rule.latency is not None:
                    delay += rule.latency.draw(entry.wait) / 1000
                if rule.ends_call:
                    ending = entry
        if ending is None:
            return Fault(Delivery(delay)) if delay else NO_FAULT
        rule = ending.rule
        delivery = Delivery(delay, rule.drop is not None, rule.truncate)
        if rule.error is None:
            return Fault(delivery, rule.drop == "before")
        own = [key for key in keys if key.account == call.account and key not in call.keys]
        return Fault(delivery, False, _error(ending, operation, call, keys), own)

    def _update_active(self) -> None:
        self.active = bool(self._rules) or self.quotas is not None


def _is_named(name: str, key: Key, call: Call) -> bool:
    """Whether the rule's KeyId (an id, an ARN or an alias) names this key now."""
    if not is_alias(name):
        return name in (key.arn, key.key_id)
    alias = call.store.newest.alias(alias_arn(key.region, key.account, name.split(":", 5)[-1]))
    return alias is not None and alias.target_key_id == key.key_id and name in (alias.name, alias.arn)


def _error(entry: _CountedRule, operation: Operation, call: Call, keys: list[Key]) -> AwsError:
    """The error that a rule names, with the rule's message; else with AWS's, as far as that is known."""
    code, message = entry.rule.error or "", entry.rule.message
    kind = AwsError.by_name[code]
    if message is not None or code in _WITHOUT_MESSAGE:
        return kind(message)
    if code == "ThrottlingException":
        return throttled(operation.service)
    if code in _ABOUT_KEY and keys:
        return _ABOUT_KEY[code](operation, call, keys[0].arn)
    return kind(f"Fault {entry.rule_id} of Keytrail answers this.")


def _denied(operation: Operation, call: Call, key_arn: str) -> AwsError:
    own = key_arn.split(":")[4] == call.account
    question = Question(call.principal, operation.permission, key_arn, lambda _: None, None, same_account=own)
    return refusal(question, Verdict(Ground.IMPLICIT_DENY, PolicyType.IDENTITY))


_ABOUT_KEY: Mapping[str, Callable[[Operation, Call, str], AwsError]] = {
    "AccessDeniedException": _denied,
    "DisabledException": lambda _, __, key_arn: state_refusal(key_arn, KeyState.DISABLED),
    "KMSInvalidStateException": lambda _, __, key_arn: state_refusal(key_arn, KeyState.PENDING_DELETION),
    "NotFoundException": lambda _, __, key_arn: key_not_found(key_arn),
}
"""Errors whose message in AWS names the key."""
