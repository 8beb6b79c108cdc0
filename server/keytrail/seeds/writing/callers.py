"""Writing callers: access keys, users and roles."""

from collections.abc import Iterable, Mapping

from keytrail.domain.arn import root_arn
from keytrail.domain.credential import Credential
from keytrail.domain.identity import Identity
from keytrail.seeds.writing.source import Members, Source, policy, present

_DEFAULT_SESSION = 3600
"""Seconds: the MaxSessionDuration of a role that has none in its seed."""


def caller_parts(credentials: Mapping[str, Credential], source: Source, *, secrets: bool) -> Members:
    """The parts `accounts` and `credentials` of a seed, with or without secrets and session tokens."""
    accounts: dict[str, list[str]] = {}
    written: list[Members] = []
    for access_key_id, credential in sorted(credentials.items()):
        principal = credential.principal
        is_secret = secrets and (credential.secret_access_key is not None or credential.session_token is not None)
        if principal.arn == root_arn("us-east-1", principal.account) and not (is_secret or credential.expiration):
            accounts.setdefault(principal.account, []).append(access_key_id)
            continue
        written.append(
            present(
                {
                    "AccessKeyId": access_key_id,
                    "SecretAccessKey": credential.secret_access_key if secrets else None,
                    "SessionToken": credential.session_token if secrets else None,
                    "Expiration": source.moment(credential.expiration),
                    "Principal": principal.arn,
                    "Account": principal.account if principal.kind == "service" else None,
                }
            )
        )
    roots = [{"Account": account, "AccessKeyIds": ids} for account, ids in sorted(accounts.items())]
    return {"accounts": roots, "credentials": written}


def identity_members(identities: Iterable[Identity]) -> list[Members]:
    """The part `identities` of a seed."""
    return [
        present(
            {
                "Arn": identity.arn,
                "Policies": {name: policy(text) for name, text in identity.policies.items()},
                "PermissionsBoundary": policy(identity.permissions_boundary),
                "TrustPolicy": policy(identity.trust_policy),
                "MaxSessionDuration": identity.max_session_duration
                if identity.max_session_duration != _DEFAULT_SESSION
                else None,
                "Tags": dict(identity.tags),
            }
        )
        for identity in sorted(identities, key=lambda each: each.arn)
    ]
