"""@operation declares an operation: its function and its facts, bound to its description in the service model.

The declarations make `SERVICES`, the only list of operations. Dispatch, authorization, quotas, the trail, the README's
table and the tests derive what they need from it.
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
"""Members that CloudTrail never shows. Nor does it show blobs, and what the model marks as sensitive."""

_READS = ("Get", "List", "Describe", "GenerateRandom", "Lookup", "Assume")
_NO_READS = frozenset({"GetSessionToken"})
"""Recorded with readOnly false (radkawar/stackd, cloudtrail/service_management_events.json, 2026-09)."""

Answer = Reply | Later[Reply] | None
"""What an operation returns: its reply, None for an empty reply, or a reply that takes long to work out."""

Function = Callable[..., Answer]

Authorization = Literal["key", "*", "in function"]
"""On which resource the caller is authorized, and where.

key: on the key that a member names; the path finds it and authorizes the caller before the function runs.
`*`: on no resource in particular; the path authorizes the caller before the function runs.
in function: the function authorizes the caller by itself, because it needs two keys or finds its key elsewhere. Until
then it can change nothing, and if it returns without having done so the call fails.
"""

Grantable = Literal["any", "symmetric", "asymmetric"]
"""The keys on which a grant can allow an operation, if their usage fits.

symmetric: keys of the spec SYMMETRIC_DEFAULT; asymmetric: keys with a public key. Source: KMS Developer Guide,
"Grant operations".
"""

Quota = float | Literal["by key", "by key pair spec"]
"""Requests per second of an account in a Region (KMS Developer Guide, "Request quotas"), or what decides about it."""

BY_KEY: Quota = "by key"
"""All cryptographic operations share a quota for each kind of key: symmetric, RSA, ECC, ..."""

BY_KEY_PAIR_SPEC: Quota = "by key pair spec"
"""One quota for each KeyPairSpec."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Operation:
    """An operation of a service: the service model's description of it, our function, and its facts.

    `authorization` is None if no permission is needed; `key` is None unless one member names the key. `parameters` maps
    the members of a request to the function's keywords, `defaults` to their default values. `maps` are the logged
    members that are or have a map with keys of the caller's choice (an encryption context): CloudTrail shows these keys
    unchanged.
    """

    name: str
    service: str
    model: OperationModel
    function: Function
    parameters: Mapping[str, str]
    defaults: Mapping[str, object]
    authorization: Authorization | None
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

    @property
    def source(self) -> str:
        """CloudTrail's eventSource."""
        return f"{self.service}.amazonaws.com"

    def check(self, members: Mapping[str, object]) -> None:
        """Check the members: first the service model's constraints, then the operation's rules. Raises their errors."""
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
        """Find the key, authorize the caller, admit the key, and call the function.

        Raises the operation's errors, and AuthorizationForgotten.
        """
        parameters = self.parameters
        keywords = {parameters[name]: value for name, value in call.members.items() if name in parameters}
        if self.key is not None:
            key = call.resolve(str(call.members[self.key]), aliases=self.aliases)
            call.admit(key)
            return self.function(call, key, **keywords)
        if self.authorization == "*":
            call.authorize_on("*", f"{self.service}:{self.name}")
        answer = self.function(call, **keywords)
        if self.authorization is not None and not call.authorized:
            raise AuthorizationForgotten(f"{self.service}:{self.name}")
        return answer


@dataclass(frozen=True, slots=True)
class Service:
    """A service that answers on the port: its model, and its operations by AWS's name."""

    name: str
    model: ServiceModel
    operations: dict[str, Operation]


SERVICES: dict[str, Service] = {}
"""Every service that Keytrail answers, by the name of its model. Importing keytrail.operations fills it."""

_Function = TypeVar("_Function", bound=Function)


def operation(
    *,
    authorization: Authorization | None = "key",
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
) -> Callable[[_Function], _Function]:
    """Register a function as the operation that it is named after; its keywords are the members of the input shape.

    authorization: the resource of the permission that the caller needs (see Authorization); None if it needs none.
    key: the member that names the key, with authorization="key"; aliases: it may name one by an alias.
    cross_account: the operation works on other accounts' keys.
    usage, states: what the key must be for, and the states that it may be in.
    tracked: a success counts as the key's last usage.
    service: whose operation it is.
    modelled: a violation of the service model is a ValidationException; if False, `rules` must check the members.
    rules: checks of the request alone, made before its key is looked for.
    actions: the permissions that it needs, where these are not one of its own name.
    grantable: on which keys a grant can allow it; None: no grant can.
    quota: its request quota; None where AWS names none.
    logged_*: whether CloudTrail shows the request, which members it shows though they were not sent, and whether it
    shows the key or the whole reply as responseElements.
    """

    def register(function: _Function) -> _Function:
        assert isinstance(function, FunctionType)
        name = _pascal(function.__name__)
        code = function.__code__
        keywords = code.co_varnames[code.co_argcount : code.co_argcount + code.co_kwonlyargcount]
        its_service = _service(service)
        model = its_service.model.operations[name]
        logged = _loggable(model.input)
        # Some services' members begin with a small letter.
        spelling = {name[:1].upper() + name[1:]: name for name in model.input.members}
        its_service.operations[name] = Operation(
            name=name,
            service=service,
            model=model,
            function=function,
            parameters={spelling.get(_pascal(keyword), _pascal(keyword)): keyword for keyword in keywords},
            defaults={_pascal(keyword): value for keyword, value in (function.__kwdefaults__ or {}).items()},
            authorization=authorization,
            key=key if authorization == "key" else None,
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
            read_only=tracked or (name.startswith(_READS) and name not in _NO_READS),
            logged=tuple(logged),
            maps=frozenset(name for name, shape in logged.items() if _has_map(shape)),
            logged_request=logged_request,
            logged_defaults=logged_defaults,
            logged_reply=logged_reply,
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
