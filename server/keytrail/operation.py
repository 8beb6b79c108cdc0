"""@operation: what is true of an operation whatever its request says. The one list of operations is made of it.

Each operation is bound once to its description in the service model. Dispatch, authorization, quotas, the trail, the
README's table and the tests derive what they need from `SERVICES`; nothing else lists operations.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import FunctionType
from typing import Literal, TypeVar

from keytrail.call import AuthorizationForgotten, Call, Reply
from keytrail.domain.key import ANY, Key, KeyState
from keytrail.domain.key_spec import SYMMETRIC_DEFAULT, KeyUsage
from keytrail.messages import Later
from keytrail.wire import service_model
from keytrail.wire.service_model import OperationModel, ServiceModel, Shape
from keytrail.wire.validation import validate

PATH_MEMBERS = frozenset({"DryRun", "GrantTokens", "Recipient"})
"""Members that the path handles for every operation, so that no function has them as keywords."""

_NEVER_LOGGED = frozenset({"GrantTokens", "Recipient", "TokenCode"})
"""Members that CloudTrail shows of no request, besides those that the model marks as sensitive, and blobs."""

_READS = ("Get", "List", "Describe", "GenerateRandom", "Lookup", "Assume")

Answer = Reply | Later[Reply] | None
"""What an operation gives: its reply, nothing where there is none, or what is still to be worked out."""

Function = Callable[..., Answer]

Authorized = Literal["key", "*", "itself"]
"""What a caller must be allowed to do an operation on.

key: on the key that a member names; the path finds it and authorizes the caller before the function runs.
`*`: on no resource in particular; the path authorizes the caller before the function runs.
itself: the function authorizes the caller by itself, because it needs two keys or finds its key elsewhere. Until
then it can change nothing, and if it returns without having done so the call fails.
"""


Grantable = Literal["any", "symmetric", "asymmetric"]
"""The keys on which a grant can allow an operation, if they are for its usage.

symmetric: those of the spec SYMMETRIC_DEFAULT; asymmetric: those with a public key. Source: KMS Developer Guide,
"Grant operations".
"""

Quota = float | Literal["by key", "by key pair spec"]
"""Requests per second of an account in a Region (KMS Developer Guide, "Request quotas"), or what decides about that."""

BY_KEY: Quota = "by key"
"""One quota for all operations of cryptography on keys of a kind: symmetric, RSA, ECC, ..."""

BY_KEY_PAIR_SPEC: Quota = "by key pair spec"
"""A quota for each spec of the key pairs that are made."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Operation:
    """An operation of a service: the service model's description of it, our function, and its facts.

    `on` is None if no permission is needed; `key` is None unless one member names the key. `parameters` maps the
    members of a request to the function's keywords, `defaults` to their default values. `maps` are the logged members
    that are or have a map with keys of the caller's choice (an encryption context), which CloudTrail shows unchanged.
    """

    name: str
    service: str
    model: OperationModel
    function: Function
    parameters: Mapping[str, str]
    defaults: Mapping[str, object]
    on: Authorized | None
    key: str | None
    aliases: bool
    cross_account: bool
    usage: KeyUsage | None
    states: frozenset[KeyState]
    tracked: bool
    modelled: bool
    rules: Callable[[Mapping[str, object]], None] | None
    actions: tuple[str, ...]
    grantable: Grantable | None
    quota: Quota | None
    read_only: bool
    logged: tuple[str, ...]
    maps: frozenset[str]
    logged_request: bool
    logged_defaults: tuple[str, ...]
    logged_reply: Literal["key", "reply"] | None
    logged_resources: bool

    @property
    def source(self) -> str:
        """CloudTrail's eventSource."""
        return f"{self.service}.amazonaws.com"

    def check(self, members: Mapping[str, object]) -> None:
        """Raise what the request alone calls for: the service model's constraints first, then the operation's rules."""
        if self.modelled:
            validate(self.model.input, members)
        if self.rules is not None:
            self.rules(members)

    def fits_in_grant_on(self, key: Key) -> bool:
        """Whether a grant on the key can allow the operation."""
        if self.usage not in (None, key.usage):
            return False
        if self.grantable == "symmetric":
            return key.spec == SYMMETRIC_DEFAULT
        return self.grantable == "any" or (self.grantable == "asymmetric" and key.is_asymmetric)

    def run(self, call: Call) -> Answer:
        """Find and authorize what the operation works on, admit the key, and carry the operation out.

        Raises the operation's errors, and AuthorizationForgotten.
        """
        parameters = self.parameters
        given = {parameters[name]: value for name, value in call.members.items() if name in parameters}
        if self.key is not None:
            key = call.resolve(str(call.members[self.key]), aliases=self.aliases)
            call.admit(key)
            return self.function(call, key, **given)
        if self.on == "*":
            call.authorize_on("*", f"{self.service}:{self.name}")
        answer = self.function(call, **given)
        if self.on is not None and not call.authorized:
            raise AuthorizationForgotten(f"{self.service}:{self.name}")
        return answer


@dataclass(frozen=True, slots=True)
class Service:
    """A service that answers on the port: its model, and its operations by AWS's name."""

    name: str
    model: ServiceModel
    operations: dict[str, Operation]


SERVICES: dict[str, Service] = {}
"""Every service that is answered, by the name of its model. Importing keytrail.operations fills it."""

_Function = TypeVar("_Function", bound=Function)


def operation(
    *,
    on: Authorized | None = "key",
    key: str = "KeyId",
    aliases: bool = False,
    cross_account: bool = False,
    usage: KeyUsage | None = None,
    states: frozenset[KeyState] = ANY,
    tracked: bool = False,
    service: str = "kms",
    modelled: bool = True,
    rules: Callable[[Mapping[str, object]], None] | None = None,
    actions: tuple[str, ...] = (),
    grantable: Grantable | None = None,
    quota: Quota | None = None,
    logged_request: bool = True,
    logged_defaults: tuple[str, ...] = (),
    logged_reply: Literal["key", "reply"] | None = None,
    logged_resources: bool = True,
) -> Callable[[_Function], _Function]:
    """Register the function as the operation of its name; its keywords are the members of its input shape.

    on: the resource of the permission that the caller needs (see Authorized); None if it needs none.
    key: the member that names the key, with on="key"; aliases: it may name one by an alias.
    cross_account: the operation works on other accounts' keys.
    usage, states: what the key must be for, and the states that it may be in.
    tracked: a success counts as the key's last usage.
    service: whose operation it is.
    modelled: a violation of the service model is a ValidationException; if False, `rules` must check the members.
    rules: checks of the request alone, made before its key is looked for.
    actions: the permissions that it needs, where these are not one of its own name.
    grantable: on which keys a grant can allow it; None: no grant can.
    quota: its request quota; None where AWS names none.
    logged_*: whether CloudTrail shows the request, which members it shows though they were not sent, whether it shows
    the key or the whole reply as responseElements, and whether the event of a call of KMS has resources though it is
    about no key (an empty list).
    """

    def register(function: _Function) -> _Function:
        assert isinstance(function, FunctionType)
        name = _pascal(function.__name__)
        code = function.__code__
        keywords = code.co_varnames[code.co_argcount : code.co_argcount + code.co_kwonlyargcount]
        answering = _service(service)
        described = answering.model.operations[name]
        logged = _loggable(described.input)
        answering.operations[name] = Operation(
            name=name,
            service=service,
            model=described,
            function=function,
            parameters={_pascal(keyword): keyword for keyword in keywords},
            defaults={_pascal(word): value for word, value in (function.__kwdefaults__ or {}).items()},
            on=on,
            key=key if on == "key" else None,
            aliases=aliases,
            cross_account=cross_account,
            usage=usage,
            states=states,
            tracked=tracked,
            modelled=modelled,
            rules=rules,
            actions=actions or (name,),
            grantable=grantable,
            quota=quota,
            read_only=tracked or name.startswith(_READS),
            logged=tuple(logged),
            maps=frozenset(name for name, shape in logged.items() if _has_map(shape)),
            logged_request=logged_request,
            logged_defaults=logged_defaults,
            logged_reply=logged_reply,
            logged_resources=logged_resources and service == "kms",
        )
        return function

    return register


def _service(name: str) -> Service:
    if name not in SERVICES:
        SERVICES[name] = Service(name, service_model.load(name), {})
    return SERVICES[name]


def _loggable(shape: Shape) -> dict[str, Shape]:
    """The members of an input shape that CloudTrail may show."""
    return {
        name: member for name, member in shape.members.items() if not member.is_secret and name not in _NEVER_LOGGED
    }


def _has_map(shape: Shape) -> bool:
    return shape.type == "map" or any(member.type == "map" for member in shape.members.values())


def _pascal(name: str) -> str:
    return "".join(word.capitalize() for word in name.split("_"))
