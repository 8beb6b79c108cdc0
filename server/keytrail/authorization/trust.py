"""May they assume the role? What its trust policy says of them.

Source: IAM User Guide, "Roles terms and concepts", "How to use trust policies with IAM roles", "Available keys for AWS
STS"; STS API Reference, "AssumeRole".
"""

import json
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from keytrail.authorization import policy as policies
from keytrail.authorization.conditions import Values
from keytrail.authorization.session_context import KEYS, session_values
from keytrail.call import Call
from keytrail.domain.principal import Principal
from keytrail.errors import AccessDeniedException, AwsError

_REQUEST_TAG = "aws:requesttag/"
_PRINCIPAL_TYPES = {"root": "Account", "user": "User", "federated-user": "FederatedUser", "service": "Service"}


def require_trust(call: Call, action: str, role_arn: str, trust_policy: str | None, *, strict: bool) -> None:
    """Raise AccessDeniedException unless the role's trust policy lets the caller do the action.

    A role without one is not declared: anybody assumes it, unless we are strict.
    """
    principal = call.principal
    if principal.kind == "root" and principal.declared:
        raise AccessDeniedException("Roles may not be assumed by root accounts.")
    if trust_policy is None:
        trusted = not strict
    else:
        account = principal.account if not principal.declared and not strict else None
        document = _as_resource_policy(trust_policy, account)
        try:
            trusted = policies.allows(document, principal, action, TrustContext(call))
        except AwsError:  # a document that says nothing lets nobody in
            trusted = False
    if not trusted:
        raise AccessDeniedException(
            f"User: {principal.arn} is not authorized to perform: {action} on resource: {role_arn}"
        )


@lru_cache(maxsize=256)
def _as_resource_policy(trust_policy: str, anybody_of: str | None) -> str:
    """The document with the role, which it does not name, as its resource.

    A caller that no fixture declares stands for anybody of its account: to it, whoever of that account is allowed
    means the whole account.
    """
    try:
        document = json.loads(trust_policy)
        statements = document["Statement"]
        statements = [statements] if isinstance(statements, dict) else statements
        written = [_statement(statement, anybody_of) for statement in statements]
    except (ValueError, TypeError, KeyError):
        return trust_policy
    return json.dumps({**document, "Statement": written})


def _statement(statement: dict[str, Any], anybody_of: str | None) -> dict[str, Any]:
    principal = statement.get("Principal")
    if anybody_of is not None and statement.get("Effect") == "Allow" and isinstance(principal, Mapping):
        names = principal.get("AWS", [])
        names = [names] if isinstance(names, str) else names
        if any(f"::{anybody_of}:" in name for name in names):
            statement = {**statement, "Principal": {**principal, "AWS": [*names, anybody_of]}}
    return {"Resource": "*", **statement}


class TrustContext:
    """The condition keys of a call that assumes a role."""

    def __init__(self, call: Call) -> None:
        """Of an AssumeRole."""
        self._call = call

    def __call__(self, name: str) -> Values:
        """The values under a condition key, in lower case; None if the request does not have it."""
        call, principal = self._call, self._call.principal
        if name.startswith(KEYS):
            return self._mfa() if name == "aws:multifactorauthpresent" else session_values(principal, name)
        if name.startswith(_REQUEST_TAG):
            wanted = name.removeprefix(_REQUEST_TAG)
            return next(((value,) for key, value in self._tags() if key.lower() == wanted), None)
        if name in _MANY:
            return _MANY[name](self) or None
        value = {
            "sts:externalid": call.members.get("ExternalId"),
            "sts:rolesessionname": call.members.get("RoleSessionName"),
            "sts:sourceidentity": call.members.get("SourceIdentity"),
            "aws:currenttime": call.now.isoformat(timespec="seconds"),
            "aws:epochtime": int(call.now.timestamp()),
            "aws:principalaccount": principal.account,
            "aws:principalarn": principal.role_arn or principal.arn,
            "aws:principaltype": _PRINCIPAL_TYPES.get(principal.kind, "AssumedRole"),
            "aws:principalisawsservice": str(principal.kind == "service").lower(),
            "aws:userid": principal.principal_id,
            "aws:username": _user_name(principal),
            "aws:requestedregion": call.region,
            "aws:sourceip": call.source_ip or None,
            "aws:useragent": call.user_agent or None,
            "aws:securetransport": "true",
        }.get(name)
        return (str(value),) if value is not None else None

    def _tags(self) -> list[tuple[str, str]]:
        tags = self._call.members.get("Tags", [])
        assert isinstance(tags, list)
        return [(tag["Key"], tag["Value"]) for tag in tags]

    def _transitive(self) -> tuple[str, ...]:
        keys = self._call.members.get("TransitiveTagKeys", [])
        assert isinstance(keys, list)
        return tuple(keys)

    def _mfa(self) -> Values:
        """A code given here counts; the session's own may have been given before."""
        if "TokenCode" in self._call.members:
            return ("true",)
        return session_values(self._call.principal, "aws:multifactorauthpresent")


_MANY = {
    "aws:tagkeys": lambda of: tuple(key for key, _ in of._tags()),
    "sts:transitivetagkeys": TrustContext._transitive,
}


def _user_name(principal: Principal) -> str | None:
    return principal.name.rpartition("/")[2] if principal.kind == "user" else None
