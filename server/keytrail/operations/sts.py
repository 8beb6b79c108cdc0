"""The operations of AWS STS: GetCallerIdentity, GetAccessKeyInfo, GetSessionToken, AssumeRole.

Source: STS API Reference; the messages of refusals as people report them.
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
from keytrail.errors import AccessDeniedException, PackedPolicyTooLargeException, ValidationException
from keytrail.operation import operation

HOUR, TWELVE_HOURS = 3600, 43_200

_ROLE = re.compile(r"arn:aws[a-z-]*:iam::(?P<account>[0-9]{12}):role/(?P<name>[\w+=,.@/-]+)", re.ASCII)
_MAX_PACKED_SIZE = 2048
"""The bytes for packed policies and tags. # unverified: how AWS packs them, and how many bytes there are."""
_MAX_TOKEN_SIZE = 4096
_MAX_POLICIES = 10


@operation(service="sts", authorization=None)
def get_caller_identity(call: Call) -> Reply:
    """The caller itself."""
    principal = call.principal
    return {"UserId": principal.principal_id, "Account": principal.account, "Arn": principal.arn}


@operation(service="sts", authorization=None)
def get_access_key_info(call: Call, *, access_key_id: str) -> Reply:
    """The account of an access key."""
    return {"Account": call.callers.account_of(access_key_id)}


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
    credential = _issue(call, session_principal, duration_seconds, minimum_session_token_size)
    reply = _reply(credential, minimum_session_token_size)
    call.response_elements = _response_elements(reply)
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
    if provided_contexts:  # unverified: the words; there is no context provider here that could have signed one
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
    packed = _packed_size([*policies, *[f"{key}={value}" for key, value in session.tags]])
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
    credential = _issue(call, principal, duration_seconds, minimum_session_token_size)
    reply = _reply(credential, minimum_session_token_size)
    reply["AssumedRoleUser"] = {"AssumedRoleId": principal.principal_id, "Arn": principal.arn}
    if policies or session.tags:
        reply["PackedPolicySize"] = packed
    if session.source_identity is not None:
        reply["SourceIdentity"] = session.source_identity
    call.response_elements = _response_elements(reply)
    return reply


def _is_session(principal: Principal) -> bool:
    """Whether the caller has temporary credentials."""
    return principal.session is not None or principal.kind in ("assumed-role", "federated-user")


def _mfa(serial_number: str | None, token_code: str | None) -> bool:
    """Whether the request has an MFA code; any code is accepted, because Keytrail has no device's secret."""
    if (serial_number is None) != (token_code is None):  # unverified: the words
        raise ValidationException("SerialNumber and TokenCode must be specified together.")
    return token_code is not None


def _inherited_tags(principal: Principal) -> tuple[tuple[str, str], ...]:
    session = principal.session
    return tuple(tag for tag in session.tags if tag[0] in session.transitive) if session is not None else ()


def _own_tags(tags: Sequence[Mapping[str, str]], inherited: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """The session's own tags. Source: IAM User Guide, "Pass session tags in AWS STS"."""
    keys = [tag["Key"].lower() for tag in tags]
    if len(set(keys)) < len(keys):
        raise ValidationException("Duplicate tag keys found. Please note that Tag keys are case insensitive.")
    if set(keys) & {key.lower() for key, _ in inherited}:
        raise ValidationException(
            "One of the specified transitive tag keys can't be set because it conflicts with a transitive tag key "
            "from the calling session."
        )
    return [(tag["Key"], tag["Value"]) for tag in tags]


def _transitive_keys(tags: Sequence[Mapping[str, str]], keys: Sequence[str]) -> list[str]:
    own = {tag["Key"].lower(): tag["Key"] for tag in tags}
    if not {key.lower() for key in keys} <= own.keys():
        raise ValidationException("The specified transitive tag key must be included in the requested tags.")
    return [own[key.lower()] for key in keys]


def _source_identity(principal: Principal, requested: str | None) -> str | None:
    """The session's source identity: once set, it stays for all sessions of a role chain."""
    current = principal.session.source_identity if principal.session is not None else None
    if requested is not None and requested.startswith("aws:"):  # unverified: the words
        raise ValidationException("SourceIdentity must not begin with aws:")
    if current is not None and requested not in (None, current):  # unverified: code and words
        raise AccessDeniedException("The source identity of a session cannot be changed.")
    return current or requested


def _session_policies(
    call: Call, role_arn: str, policy: str | None, policy_arns: Sequence[Mapping[str, str]]
) -> tuple[str, ...]:
    """The documents of the session policies, which limit the session."""
    if len(policy_arns) > _MAX_POLICIES:  # unverified: the words
        raise ValidationException(f"You can provide up to {_MAX_POLICIES} managed policy ARNs.")
    if policy is not None:
        check_session_policy(policy)
    role = call.authorizer.identities.get(role_arn)
    managed = [managed_policy(role, named.get("arn", "")) for named in policy_arns]
    return (policy, *managed) if policy is not None else tuple(managed)


def _packed_size(parts: Sequence[str]) -> int:
    """PackedPolicySize in percent; raises PackedPolicyTooLargeException above 100."""
    packed = len(zlib.compress("\n".join(parts).encode())) if parts else 0
    percent = -(-packed * 100 // _MAX_PACKED_SIZE)
    if percent > 100:
        raise PackedPolicyTooLargeException(
            f"Packed policy consumes {percent}% of allotted space, please use smaller policy."
        )
    return percent


def _issue(call: Call, principal: Principal, seconds: int, token_size: int) -> Credential:
    expiration = call.now.replace(microsecond=0) + timedelta(seconds=seconds)
    return call.callers.sessions.issue(principal, expiration, token_size=token_size)


def _reply(credential: Credential, minimum_token_size: int) -> dict[str, object]:
    token = credential.session_token or ""
    reply: dict[str, object] = {
        "Credentials": {
            "AccessKeyId": credential.principal.access_key_id,
            "SecretAccessKey": credential.secret_access_key,
            "SessionToken": token,
            "Expiration": credential.expiration,
        }
    }
    if minimum_token_size:  # unverified: when AWS shows these, and a percentage of what
        reply["SessionTokenSize"] = len(token)
        reply["SessionTokenUtilization"] = -(-len(token) * 100 // _MAX_TOKEN_SIZE)
    return reply


def _response_elements(reply: Mapping[str, object]) -> dict[str, object]:
    """CloudTrail's responseElements: the reply without the secret access key."""
    credentials = reply["Credentials"]
    assert isinstance(credentials, Mapping)
    shown = {name: value for name, value in credentials.items() if name != "SecretAccessKey"}
    return {**reply, "Credentials": shown}
