"""From here to a test: a key as a seed, a call as a pytest test and as a curl command."""

import json
import re
import shlex
from base64 import b64encode
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from pprint import pformat

from keytrail.domain.arn import read_key_identifier
from keytrail.domain.identity import Identity
from keytrail.domain.key import Key
from keytrail.domain.principal import Principal
from keytrail.endpoint import Endpoint
from keytrail.errors import AwsError
from keytrail.operation import Operation
from keytrail.operations import SERVICES
from keytrail.seeds.writing import to_yaml, write_key
from keytrail.trail import Event, Verbatim
from keytrail.wire.service_model import Shape


def seed_of(endpoint: Endpoint, key: Key, now: datetime) -> str:
    """A key, with its past, as a seed in YAML."""
    document = write_key(key, endpoint.store, endpoint.trail, now)
    notes = []
    if endpoint.clock.moved:
        notes = [f"The clock was moved: load it where the time is {now:%Y-%m-%dT%H:%M:%SZ} or later."]
    return to_yaml(document, notes)


def of_event(endpoint: Endpoint, event: Event, url: str, now: datetime) -> dict[str, str]:
    """The snippets of a call, by their names; none for what no call did."""
    service = SERVICES.get(event.source.partition(".")[0])
    operation = service.operations.get(event.name) if service is not None else None
    if event.principal is None or operation is None:
        return {}
    members = {**_decided(endpoint, event, operation), **_members(event, operation)}
    snippets = {"Copy as pytest": _pytest(endpoint, event, event.principal, operation, members, now)}
    if operation.service == "kms":
        secret = endpoint.callers.secret_of(event.principal.access_key_id or "") or "any-secret"
        user = f"{event.principal.access_key_id or event.principal.account}:{secret}"
        snippets["Copy as curl"] = _curl(event, user, operation, members, url)
    return snippets


def _members(event: Event, operation: Operation) -> dict[str, object]:
    """The request's members, as far as the trail has them: it never has plaintexts, ciphertexts and messages."""
    return {
        name: _plain(value)
        for name, value in (event.request_parameters or {}).items()
        if name in operation.model.input.members and value is not None
    }


def _decided(endpoint: Endpoint, event: Event, operation: Operation) -> dict[str, object]:
    """What the decisions on a refused call, or its error, tell of its members: the trail has none of a denied call."""
    if event.error_code is None:
        return {}
    decisions = endpoint.authorizer.explanations.of_request(event.request_id or "")
    arns = [decision.resource for decision in decisions] + _ARN.findall(event.error_message or "")
    key_arn = next((arn for arn in arns if ":key/" in arn or ":alias/" in arn), None)
    context = {
        name.removeprefix(_CONTEXT): values[0]
        for decision in decisions
        for name, values in decision.context.items()
        if name.startswith(_CONTEXT) and values
    }
    told: dict[str, object] = {"KeyId": key_arn, "EncryptionContext": context}
    return {name: value for name, value in told.items() if value and name in operation.model.input.members}


_ARN = re.compile(r"arn:aws[a-z-]*:kms:[^:]*:[0-9]*:[A-Za-z0-9/_-]+")
_CONTEXT = "kms:encryptioncontext:"


def _plain(value: object) -> object:
    if isinstance(value, Verbatim):
        return dict(value.data)
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {name: _plain(inner) for name, inner in value.items()}
    return [_plain(inner) for inner in value] if isinstance(value, (list, tuple)) else value


def _pytest(
    endpoint: Endpoint,
    event: Event,
    principal: Principal,
    operation: Operation,
    members: Mapping[str, object],
    now: datetime,
) -> str:
    """A test that loads the call's keys, makes the call, and expects what it was answered."""
    function, failed = _snake(operation.name), event.error_code is not None
    keys = _keys(endpoint, event, members)
    seed = _seed(endpoint, keys, principal, now)
    lines = ["import pytest", ""] if failed else []
    lines += [f"SEED = {pformat(seed, width=110, sort_dicts=False)}", ""] if seed else []
    fixtures = "keytrail_client, keytrail_server" if seed else "keytrail_client"
    lines += ["", f"def test_{function}_{'is_refused' if failed else 'succeeds'}({fixtures}):"]
    lines += ["    keytrail_server.load(SEED)"] if seed else []
    service = [] if operation.service == "kms" else [repr(SERVICES[operation.service].model.name)]
    who = f"account={principal.account!r}" if principal.kind == "root" else f"access_key_id={_access_key(principal)!r}"
    words = [*service, who, f"region={event.region!r}"]
    if principal.session_policies:
        lines += ["    # The caller's session policies are not in the seed."]
    lines += [f"    client = keytrail_client({', '.join(words)})"]
    arguments = [f"{name}={value!r}" for name, value in members.items()]
    if "CiphertextBlob" in operation.model.input.members and keys:
        lines += _ciphertext(keys[0], members)
        arguments += ["CiphertextBlob=blob"]
    for name in _made_up(operation, members):
        if f"{name}=blob" not in arguments:
            lines += [f"    # The trail does not record {name}: this is made up."]
            arguments += [f"{name}={_sample(operation.model.input.members[name])!r}"]
    call = f"client.{function}({', '.join(arguments)})"
    if failed:
        code = _CODES.get(event.error_code or "", event.error_code)
        lines += ["    with pytest.raises(client.exceptions.ClientError) as refusal:", f"        {call}"]
        lines += [f'    assert refusal.value.response["Error"]["Code"] == {code!r}', ""]
    else:
        lines += [f"    answer = {call}", '    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 200', ""]
    return "\n".join(lines)


def _made_up(operation: Operation, members: Mapping[str, object]) -> list[str]:
    """The members that the call must have had, and that the trail never records: plaintexts, messages, signatures."""
    known, required = operation.model.input.members, set(operation.model.input.required)
    # What operations need besides, although the model does not say so.
    if "CiphertextBlob" in known:
        required.add("CiphertextBlob")
    if {"KeySpec", "NumberOfBytes"} <= known.keys() and "NumberOfBytes" not in members:
        required.add("KeySpec")
    return sorted(required - members.keys())


def _sample(shape: Shape) -> object:
    """Some value of a shape."""
    if shape.enum:
        return shape.enum[0]
    samples: dict[str, object] = {"blob": b"...", "integer": shape.min or 1, "boolean": False, "structure": {}}
    if shape.type == "list" and shape.member is not None:
        return [_sample(shape.member)]
    return samples.get(shape.type, "...")


def _keys(endpoint: Endpoint, event: Event, members: Mapping[str, object]) -> list[Key]:
    """The keys of a call: those in its resources; of a refused one, those that it was about."""
    arns = [arn for _, arn in event.resources or ()]
    decisions = endpoint.authorizer.explanations.of_request(event.request_id or "")
    arns += [decision.resource for decision in decisions]
    named = members.get("KeyId")
    if isinstance(named, str) and event.principal is not None:
        with suppress(AwsError):
            name = read_key_identifier(named, event.principal.account, event.region, aliases=True)
            arns.append(endpoint.store.newest.require_named(name).arn)
    found = (endpoint.store.newest.key(arn) for arn in dict.fromkeys(arns))
    return [key for key in found if key is not None]


_CODES = {error.trail_code: error.code for error in AwsError.by_name.values()}
"""By CloudTrail's errorCode, the code on the wire."""


def _seed(endpoint: Endpoint, keys: list[Key], principal: Principal, now: datetime) -> dict[str, list[object]]:
    """The keys of a call, the caller's access key unless it is a root, and its policies if a seed declared them."""
    seed: dict[str, list[object]] = {}
    arns: set[str] = set()
    for key in keys:
        for name, parts in write_key(key, endpoint.store, endpoint.trail, now).items():
            seed.setdefault(name, []).extend(part for part in parts if str(part) not in arns)
            arns.update(map(str, parts))
    if principal.kind != "root":
        secret = endpoint.callers.secret_of(_access_key(principal)) or "any-secret"
        declared = {"AccessKeyId": _access_key(principal), "SecretAccessKey": secret, "Principal": principal.arn}
        if principal.kind == "service":
            declared["Account"] = principal.account
        seed["credentials"] = [declared]
    identity = endpoint.identities.get(principal.role_arn or principal.arn)
    if identity is not None:
        seed["identities"] = [_identity(identity)]
    return seed


def _identity(identity: Identity) -> dict[str, object]:
    members: dict[str, object] = {
        "Arn": identity.arn,
        "Policies": {name: json.loads(text) for name, text in identity.policies.items()},
    }
    if identity.permissions_boundary is not None:
        members["PermissionsBoundary"] = json.loads(identity.permissions_boundary)
    return members | ({"Tags": dict(identity.tags)} if identity.tags else {})


def _access_key(principal: Principal) -> str:
    return principal.access_key_id or "AKIACALLER0000000001"


def _ciphertext(key: Key, members: Mapping[str, object]) -> list[str]:
    """Lines that encrypt something under the key, as its own account, in the encryption context of the call."""
    arguments = [f"KeyId={key.arn!r}", 'Plaintext=b"..."']
    for name in ("EncryptionContext", "EncryptionAlgorithm"):
        if members.get(name):
            arguments.append(f"{name}={members[name]!r}")
    owner = f"keytrail_client(account={key.account!r}, region={key.region!r})"
    return [f"    owner = {owner}", f'    blob = owner.encrypt({", ".join(arguments)})["CiphertextBlob"]']


def _curl(event: Event, user: str, operation: Operation, members: Mapping[str, object], url: str) -> str:
    """A command that makes the call; `user` is access key and secret. What the trail does not record is made up."""
    made_up = {name: _sample(operation.model.input.members[name]) for name in _made_up(operation, members)}
    body = json.dumps({**members, **made_up}, ensure_ascii=False, default=lambda blob: b64encode(blob).decode())
    return (
        f"curl -s --aws-sigv4 aws:amz:{event.region}:kms --user {shlex.quote(user)} \\\n"
        f"  -H 'X-Amz-Target: TrentService.{event.name}' \\\n"
        f"  -d {shlex.quote(body)} \\\n"
        f"  {shlex.quote(url)}\n"
    )


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()
