"""The operations of AWS STS: GetCallerIdentity, GetAccessKeyInfo, GetSessionToken, AssumeRole.

Source: STS API Reference; answers and events of 2025 and 2026 (radkawar/stackd, iam/sts_preferences.json and
cloudtrail/service_management_events.json; localstack/localstack, its snapshots of STS); the
messages of other refusals as people report them.
"""

import re
import zlib
from collections.abc import Mapping, Sequence
from datetime import timedelta

from keytrail.authorization.session_policies import check_session_policy, managed_policy
from keytrail.call import Call, Reply
from keytrail.domain.credential import Credential
from keytrail.domain.principal import Principal
from keytrail.domain.session import Session
from keytrail.errors import AccessDeniedException, ValidationException
from keytrail.operation import operation
from keytrail.service_errors import InvalidParameterValue, PackedPolicyTooLargeException
from keytrail.trail import request_details

HOUR, TWELVE_HOURS = 3600, 43_200

_ROLE = re.compile(r"arn:aws[a-z-]*:iam::(?P<account>[0-9]{12}):role/(?P<name>[\w+=,.@/-]+)", re.ASCII)
_MAX_TOKEN_SIZE = 4096
"""Bytes of a session token with all that is in it. Source: AWS What's New, 2026-09-15."""
_USER_TOKEN_SIZE, _ROLE_TOKEN_SIZE = 688, 752
"""Bytes of a token without source identity, policies and tags, as recorded of GetSessionToken and AssumeRole."""
_KNOWN_WORDS = (
    b'"Condition":{"StringEquals":"NotAction":"Deny",'
    b'{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"Resource":"*"}]}'
)
"""What most policies have, so that packing makes them about as small as those that were recorded."""
_MAX_POLICIES = 10


@operation(service="sts", authorization=None)
def get_caller_identity(call: Call) -> Reply:
    """The caller itself."""
    principal = call.principal
    call.additional_event_data |= request_details(call.region, call.now)
    return {"UserId": principal.principal_id, "Account": principal.account, "Arn": principal.arn}


@operation(service="sts", authorization=None)
def get_access_key_info(call: Call, *, access_key_id: str) -> Reply:
    """The account of an access key."""
    account = call.callers.account_of(access_key_id)
    call.additional_event_data |= request_details(call.region, call.now)
    return {"Account": account}


@operation(service="sts", authorization=None)
def get_session_token(
    call: Call,
    *,
    duration_seconds: int = TWELVE_HOURS,
    serial_number: str | None = None,
    token_code: str | None = None,
    minimum_session_token_size: int = 0,
) -> Reply:
    """Temporary credentials of the caller itself; a root user's are valid for an hour at most."""
    principal = call.principal
    if _is_session(principal):
        raise AccessDeniedException("Cannot call GetSessionToken with session credentials")
    mfa = _mfa(serial_number, token_code)
    if principal.kind == "root":
        duration_seconds = min(duration_seconds, HOUR)
    session_principal = Principal(
        principal.arn,
        principal.account,
        principal.kind,
        principal.name,
        declared=principal.declared,
        session=Session(created=call.now, mfa=mfa),
    )
    credential = _issue(call, session_principal, duration_seconds, max(_USER_TOKEN_SIZE, minimum_session_token_size))
    reply = {"Credentials": _credentials(credential), **_token_sizes(credential)}
    _record(call, reply)
    return reply


@operation(service="sts", authorization="in function")
def assume_role(
    call: Call,
    *,
    role_arn: str,
    role_session_name: str,
    policy_arns: Sequence[Mapping[str, str]] = (),
    policy: str | None = None,
    duration_seconds: int = HOUR,
    tags: Sequence[Mapping[str, str]] = (),
    transitive_tag_keys: Sequence[str] = (),
    external_id: str | None = None,
    serial_number: str | None = None,
    token_code: str | None = None,
    source_identity: str | None = None,
    provided_contexts: Sequence[Mapping[str, str]] = (),
    minimum_session_token_size: int = 0,
) -> Reply:
    """Temporary credentials of a session of the role, if its trust policy trusts the caller.

    `external_id` is read only by conditions of the trust policy.
    """
    match = _ROLE.fullmatch(role_arn)
    if match is None:
        raise ValidationException(f"{role_arn} is invalid")
    account, name = match["account"], match["name"].rpartition("/")[2]
    call.resources = [(account, role_arn)]
    if provided_contexts:  # there is no context provider here that could have signed one
        # unverified: the words; not in AWS's docs, recordings or issues
        raise ValidationException("The provided context assertion is not valid.")
    mfa = _mfa(serial_number, token_code)
    if _is_session(call.principal) and duration_seconds > HOUR:
        raise ValidationException(
            "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining."
        )
    inherited = _inherited_tags(call.principal)
    session = Session(
        created=call.now,
        role=role_arn,
        mfa=mfa,
        tags=(*inherited, *_own_tags(tags, inherited)),
        transitive=frozenset([*_transitive_keys(tags, transitive_tag_keys), *[key for key, _ in inherited]]),
        source_identity=_source_identity(call.principal, source_identity),
    )
    policies = _session_policies(call, role_arn, policy, policy_arns)
    token_size = _role_token_size(session, policies)
    call.authorize_role(role_arn, "sts:AssumeRole")
    if tags:
        call.authorize_role(role_arn, "sts:TagSession")
    if source_identity is not None:
        call.authorize_role(role_arn, "sts:SetSourceIdentity")
    principal = Principal(
        f"arn:{role_arn.split(':')[1]}:sts::{account}:assumed-role/{name}/{role_session_name}",
        account,
        "assumed-role",
        f"{name}/{role_session_name}",
        declared=True,
        session_policies=policies,
        session=session,
    )
    # Checked after authorization, so that an untrusted caller does not learn the role's MaxSessionDuration.
    if duration_seconds > call.authorizer.identities.max_session_duration(role_arn):
        raise ValidationException("The requested DurationSeconds exceeds the MaxSessionDuration set for this role.")
    credential = _issue(call, principal, duration_seconds, max(token_size, minimum_session_token_size))
    sizes = _token_sizes(credential)
    reply: dict[str, object] = {
        "Credentials": _credentials(credential),
        "AssumedRoleUser": {"AssumedRoleId": principal.principal_id, "Arn": principal.arn},
        "PackedPolicySize": sizes["SessionTokenUtilization"],
        **({"SourceIdentity": session.source_identity} if session.source_identity is not None else {}),
        **sizes,
    }
    _record(call, reply)
    return reply


def _is_session(principal: Principal) -> bool:
    """Whether the caller has temporary credentials."""
    return principal.session is not None or principal.kind in ("assumed-role", "federated-user")


def _mfa(serial_number: str | None, token_code: str | None) -> bool:
    """Whether the request has an MFA code; any code is accepted, because Keytrail has no device's secret."""
    if (serial_number is None) != (token_code is None):  # as reported in y13i/sgviz #9, adenot/hiera-eyaml-kms #13
        raise AccessDeniedException(
            "MultiFactorAuthentication failed, must provide both MFA serial number and one time pass code."
        )
    return token_code is not None


def _inherited_tags(principal: Principal) -> tuple[tuple[str, str], ...]:
    session = principal.session
    return tuple(tag for tag in session.tags if tag[0] in session.transitive) if session is not None else ()


def _own_tags(tags: Sequence[Mapping[str, str]], inherited: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """The session's own tags. Source: IAM User Guide, "Pass session tags in AWS STS"."""
    keys = [tag["Key"].lower() for tag in tags]
    if len(set(keys)) < len(keys):
        raise InvalidParameterValue("Duplicate tag keys found. Please note that Tag keys are case insensitive.")
    if set(keys) & {key.lower() for key, _ in inherited}:
        raise InvalidParameterValue(
            "One of the specified transitive tag keys can't be set because it conflicts with a transitive tag key "
            "from the calling session."
        )
    return [(tag["Key"], tag["Value"]) for tag in tags]


def _transitive_keys(tags: Sequence[Mapping[str, str]], keys: Sequence[str]) -> list[str]:
    own = {tag["Key"].lower(): tag["Key"] for tag in tags}
    if not {key.lower() for key in keys} <= own.keys():
        raise InvalidParameterValue("The specified transitive tag key must be included in the requested tags.")
    return [own[key.lower()] for key in keys]


def _source_identity(principal: Principal, requested: str | None) -> str | None:
    """The session's source identity: once set, it stays for all sessions of a role chain."""
    current = principal.session.source_identity if principal.session is not None else None
    if current is not None and requested not in (None, current):
        # unverified: code and words; the IAM User Guide says only that it is denied
        raise AccessDeniedException("The source identity of a session cannot be changed.")
    return current or requested


def _session_policies(
    call: Call, role_arn: str, policy: str | None, policy_arns: Sequence[Mapping[str, str]]
) -> tuple[str, ...]:
    """The documents of the session policies, which limit the session."""
    if len(policy_arns) > _MAX_POLICIES:  # unverified: the words; not in AWS's docs, recordings or issues
        raise ValidationException(f"You can provide up to {_MAX_POLICIES} managed policy ARNs.")
    if policy is not None:
        check_session_policy(policy)
    role = call.authorizer.identities.get(role_arn)
    managed = [managed_policy(role, named.get("arn", "")) for named in policy_arns]
    return (policy, *managed) if policy is not None else tuple(managed)


def _role_token_size(session: Session, policies: Sequence[str]) -> int:
    """The bytes of the token of a role's session; raises PackedPolicyTooLargeException if it were too large.

    It grows as base64 does. Policies are packed, tags are not: nine tags of equal letters were too large.
    """
    # unverified: how much policies shrink, and the words since 2026-09, when the limit became the token's; two sizes
    # were recorded, the words are reported and older
    packer = zlib.compressobj(9, wbits=-15, zdict=_KNOWN_WORDS)
    packed = packer.compress("".join(policies).encode()) + packer.flush() if policies else b""
    tags = sum(len(f"{key}{value}".encode()) + 4 for key, value in session.tags)
    identity = len(session.source_identity) + 2 if session.source_identity else 0
    size = _ROLE_TOKEN_SIZE + -(-(len(packed) + tags + identity) // 3) * 4
    if size > _MAX_TOKEN_SIZE:
        share = size * 100 // _MAX_TOKEN_SIZE
        raise PackedPolicyTooLargeException(
            f"Packed size of session tags consumes {share}% of allotted space."
            if tags > len(packed)
            else f"Packed policy consumes {share}% of allotted space, please use smaller policy."
        )
    return size


def _issue(call: Call, principal: Principal, seconds: int, token_size: int) -> Credential:
    expiration = call.now.replace(microsecond=0) + timedelta(seconds=seconds)
    return call.callers.sessions.issue(principal, expiration, token_size)


def _credentials(credential: Credential) -> dict[str, object]:
    return {
        "AccessKeyId": credential.principal.access_key_id,
        "SecretAccessKey": credential.secret_access_key,
        "SessionToken": credential.session_token,
        "Expiration": credential.expiration,
    }


def _token_sizes(credential: Credential) -> dict[str, int]:
    size = len(credential.session_token or "")
    return {"SessionTokenUtilization": size * 100 // _MAX_TOKEN_SIZE, "SessionTokenSize": size}


def _record(call: Call, reply: Mapping[str, object]) -> None:
    """What CloudTrail tells of a reply with credentials: all but the secret access key."""
    credentials = reply["Credentials"]
    assert isinstance(credentials, Mapping)
    shown = {name: value for name, value in credentials.items() if name != "SecretAccessKey"}
    call.response_elements = {**reply, "Credentials": shown}
    call.additional_event_data |= request_details(call.region, call.now)
