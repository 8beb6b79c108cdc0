"""The request context: what a request brings under each condition key, worked out when a condition asks for it.

Source: IAM User Guide, "Request context" under "Policy evaluation logic".
"""

from collections.abc import Callable, Mapping
from datetime import datetime

from keytrail.authorization.conditions import Values
from keytrail.authorization.identities import PrincipalPolicies
from keytrail.authorization.request import RequestFacts
from keytrail.domain.grant import Grant
from keytrail.domain.key import Key


class RequestContext(dict[str, Values]):
    """The values of a request by condition key, in lower case; it holds those that were asked for so far."""

    def __init__(
        self,
        facts: RequestFacts,
        action: str,
        resource: str,
        key: Key | None,
        policies: PrincipalPolicies,
        *,
        grant: Grant | None = None,
        given: Mapping[str, tuple[str, ...]] | None = None,
    ) -> None:
        """Of a request that needs an action (such as `kms:ReEncryptFrom`) on a resource: an ARN, or `*`.

        `key` is the key that the resource is, if it is one that exists; `policies` are the caller's own; `grant` is
        the grant that is to be retired. `given` are values by condition key, in lower case, that go before all others.
        """
        super().__init__(given or {})
        self.facts, self.action, self.resource, self.key = facts, action, resource, key
        self.policies, self.grant = policies, grant

    def __missing__(self, name: str) -> Values:
        """The values under a condition key, in lower case; None if the request does not have it."""
        value_of = _CONDITION_KEYS.get(name)
        found = self[name] = as_texts(value_of(self)) if value_of is not None else self._under_prefix(name)
        return found

    def _under_prefix(self, name: str) -> Values:
        for prefix, values_of in _PREFIXES.items():
            if name.startswith(prefix):
                wanted = name.removeprefix(prefix)
                return tuple(value for key, value in values_of(self).items() if key.lower() == wanted) or None
        return None

    def member(self, name: str) -> object:
        """A member of the request, or what the operation takes it for if it was not sent; None without either."""
        sent = self.facts.members.get(name)
        return sent if sent is not None else self.facts.defaults.get(name)


ValueOf = Callable[[RequestContext], object]
"""Gives a text, a number, a boolean, a moment, or a list of texts; None if the request does not have the key."""

ValuesOf = Callable[[RequestContext], Mapping[str, str]]

_CONDITION_KEYS: dict[str, ValueOf] = {}
_PREFIXES: dict[str, ValuesOf] = {}


def condition_key(*names: str) -> Callable[[ValueOf], ValueOf]:
    """Make a function the one that gives the value of a condition key; of several names, if AWS has synonyms."""

    def register(value_of: ValueOf) -> ValueOf:
        _CONDITION_KEYS.update((name.lower(), value_of) for name in names)
        return value_of

    return register


def condition_key_prefix(prefix: str) -> Callable[[ValuesOf], ValuesOf]:
    """The same for all condition keys that begin so: the function gives the values by what follows, in any case."""

    def register(values_of: ValuesOf) -> ValuesOf:
        _PREFIXES[prefix.lower()] = values_of
        return values_of

    return register


def evaluated() -> frozenset[str]:
    """The condition keys that are evaluated, and the prefixes of condition keys, in lower case."""
    return frozenset(_CONDITION_KEYS) | frozenset(_PREFIXES)


def as_texts(value: object) -> Values:
    """What a policy's values are compared with: moments in seconds since 1970, booleans as `true` or `false`."""
    if value is None:
        return None
    if isinstance(value, bool):
        return (str(value).lower(),)
    if isinstance(value, datetime):
        return (str(value.timestamp()),)
    if isinstance(value, (list, tuple)):
        return tuple(map(str, value)) or None
    return (str(value),)
