"""RequestContext: the values of a request by condition key, and the registry of the functions that give them.

Source: IAM User Guide, "Request context" under "Policy evaluation logic".
"""

from collections.abc import Callable, Mapping
from datetime import datetime

from keytrail.authorization.conditions import ValueList, Values
from keytrail.authorization.identities import PrincipalPolicies
from keytrail.authorization.request import RequestFacts
from keytrail.domain.grant import Grant
from keytrail.domain.key import Key


class RequestContext(dict[str, Values]):
    """The values of a request, by condition key in lower case. A value is worked out on first access, then kept."""

    def __init__(
        self,
        facts: RequestFacts,
        action: str,
        resource: str,
        key: Key | None,
        policies: PrincipalPolicies,
        *,
        grant: Grant | None = None,
        overrides: Mapping[str, tuple[str, ...]] | None = None,
    ) -> None:
        """The context of a request that needs permission for an action, such as `kms:ReEncryptFrom`, on a resource.

        `resource` is an ARN, or `*`; `key` is the key with that ARN, if there is one. `policies` are the caller's own;
        `grant` is the grant that is to be retired. `overrides` are values by condition key, in lower case, that replace
        those of the request.
        """
        super().__init__(overrides or {})
        self.facts, self.action, self.resource, self.key = facts, action, resource, key
        self.policies, self.grant = policies, grant

    def __missing__(self, name: str) -> Values:
        """The values under a condition key, in lower case; None if the request does not have it."""
        value_of = _CONDITION_KEYS.get(name)
        values = self[name] = as_texts(value_of(self)) if value_of is not None else self._by_prefix(name)
        return values

    def _by_prefix(self, name: str) -> Values:
        for prefix, values_of in _PREFIXES.items():
            if name.startswith(prefix):
                suffix = name.removeprefix(prefix)
                return tuple(value for key, value in values_of(self).items() if key.lower() == suffix) or None
        return None

    def member(self, name: str) -> object:
        """A member of the request, or its default if it was not sent; None if it has no default."""
        sent = self.facts.members.get(name)
        return sent if sent is not None else self.facts.defaults.get(name)


ValueOf = Callable[[RequestContext], object]
"""Gives a text, a number, a boolean or a moment, or for a key that can have many values a list of texts; None if the
request does not have the key."""

ValuesOf = Callable[[RequestContext], Mapping[str, str]]
"""Gives the values of all condition keys that share a prefix, by the rest of their names, in any case."""

_CONDITION_KEYS: dict[str, ValueOf] = {}
_PREFIXES: dict[str, ValuesOf] = {}


def condition_key(*names: str) -> Callable[[ValueOf], ValueOf]:
    """Register a function as the source of a condition key's value. Several names are AWS's synonyms for one key."""

    def register(value_of: ValueOf) -> ValueOf:
        _CONDITION_KEYS.update((name.lower(), value_of) for name in names)
        return value_of

    return register


def condition_key_prefix(prefix: str) -> Callable[[ValuesOf], ValuesOf]:
    """Register a function as the source of the values of all condition keys with a prefix."""

    def register(values_of: ValuesOf) -> ValuesOf:
        _PREFIXES[prefix.lower()] = values_of
        return values_of

    return register


def evaluated() -> frozenset[str]:
    """The condition keys and the prefixes that are evaluated, in lower case."""
    return frozenset(_CONDITION_KEYS) | frozenset(_PREFIXES)


def as_texts(value: object) -> Values:
    """A value as texts, to compare with a policy's values: a moment as seconds since 1970, True as `true`."""
    if value is None:
        return None
    if isinstance(value, bool):
        return (str(value).lower(),)
    if isinstance(value, datetime):
        return (str(value.timestamp()),)
    if isinstance(value, (list, tuple)):
        return ValueList(map(str, value)) or None
    return (str(value),)
