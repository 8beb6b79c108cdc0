"""The one list of operations: what each needs of its key, and what the trail tells of it.

Dispatch, the README's table and the tests read `OPERATIONS` and `SERVICES`; nothing else lists operations.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import FunctionType
from typing import Literal, TypeVar

from keytrail.call import Later, Reply
from keytrail.crypto.attestation import Attestation
from keytrail.domain.key import ANY, KeyState
from keytrail.domain.key_spec import KeyUsage

PATH_MEMBERS = frozenset({"DryRun", "GrantTokens"})
"""Members that the path of a request honours for every operation; no function needs to name them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """What is true of an operation whatever its request says.

    `key` is the member that names its key; None where there is no single one, and the function resolves for
    itself. `parameters` maps the members to the function's keywords, `defaults` to their default values.
    """

    name: str
    function: Callable[..., Reply | Later | None]
    parameters: Mapping[str, str]
    defaults: Mapping[str, object]
    key: str | None
    aliases: bool
    cross_account: bool
    usage: KeyUsage | None
    states: frozenset[KeyState]
    tracked: bool
    modelled: bool
    rules: Callable[[Mapping[str, object]], Attestation | None] | None
    logged_request: bool
    logged_defaults: tuple[str, ...]
    logged_reply: Literal["key", "reply"] | None

    @property
    def read_only(self) -> bool:
        """CloudTrail's readOnly: reading, and all cryptographic operations."""
        return self.tracked or self.name.startswith(("Get", "List", "Describe", "GenerateRandom", "Lookup", "Assume"))


OPERATIONS: dict[str, Operation] = {}
"""Every operation of KMS that is answered, by KMS's name."""

SERVICES: dict[str, dict[str, Operation]] = {"kms": OPERATIONS, "cloudtrail": {}, "sts": {}}
"""The operations that are answered, by the name of their service's model."""

_Function = TypeVar("_Function", bound=Callable[..., Reply | Later | None])


def operation(
    *,
    key: str | None = "KeyId",
    aliases: bool = False,
    cross_account: bool = False,
    usage: KeyUsage | None = None,
    states: frozenset[KeyState] = ANY,
    tracked: bool = False,
    service: str = "kms",
    modelled: bool = True,
    rules: Callable[[Mapping[str, object]], Attestation | None] | None = None,
    logged_request: bool = True,
    logged_defaults: tuple[str, ...] = (),
    logged_reply: Literal["key", "reply"] | None = None,
) -> Callable[[_Function], _Function]:
    """Register the function as the operation of its name.

    key: the member that names the key; aliases: it may name one by an alias.
    cross_account: the operation works on other accounts' keys.
    usage, states: what the key must be for, and the states that it may be in.
    tracked: a success counts as the key's last usage.
    service: whose operation it is.
    modelled: what violates the service model is a ValidationException; if not, `rules` looks for it.
    rules: checks of the request alone, made before its key is looked for; they give what its Recipient vouches for.
    logged_*: whether CloudTrail shows the request, which members it shows though they were not sent, and
    whether it shows the key or the whole reply as responseElements.
    """

    def register(function: _Function) -> _Function:
        assert isinstance(function, FunctionType)
        name = _pascal(function.__name__)
        code = function.__code__
        keywords = code.co_varnames[code.co_argcount : code.co_argcount + code.co_kwonlyargcount]
        SERVICES[service][name] = Operation(
            name=name,
            function=function,
            parameters={_pascal(keyword): keyword for keyword in keywords},
            defaults={_pascal(word): value for word, value in (function.__kwdefaults__ or {}).items()},
            key=key,
            aliases=aliases,
            cross_account=cross_account,
            usage=usage,
            states=states,
            tracked=tracked,
            modelled=modelled,
            rules=rules,
            logged_request=logged_request,
            logged_defaults=logged_defaults,
            logged_reply=logged_reply,
        )
        return function

    return register


def _pascal(name: str) -> str:
    return "".join(word.capitalize() for word in name.split("_"))
