"""The principals that grants and key policies name: by ARN or by IAM's unique id, and whether they exist.

Source: KMS API Reference, CreateGrant, ListGrants and ListRetirableGrants; the errors as recorded (kms-behaviour E.4
and E.9).
"""

from keytrail.call import Call
from keytrail.domain.grant import no_principal
from keytrail.domain.principal import Principal, is_unique_id, session_arn
from keytrail.errors import AwsError


def principal_arn(call: Call, text: str, unknown_id: AwsError) -> str:
    """The ARN of a principal.

    Raises `unknown_id` for a unique id that no declared user or role and no role that has been assumed has, and
    InvalidArnException for the ARN of a principal that does not exist.
    """
    if is_unique_id(text):
        return _arn_of_id(call, text, unknown_id)
    if not exists(call, text):
        raise no_principal(text)
    return text


def exists(call: Call, text: str) -> bool:
    """Whether there is a principal with an ARN, or with IAM's unique id.

    With `strict`, the users and roles of an account that has declared identities are those that are declared, as
    identities or with credentials, or have been assumed. Of other accounts, and without `strict`, any may exist.
    """
    identities = call.authorizer.identities
    if not call.settings.strict:
        return True
    if is_unique_id(text):
        unique_id = text.partition(":")[0]
        known = identities.arn_of(unique_id) or call.callers.sessions.role_with(unique_id)
        return known is not None or not identities.declared_accounts
    principal = Principal.from_arn(text)
    if principal.kind in ("root", "federated-user") or principal.account not in identities.declared_accounts:
        return True
    assumed = call.callers.sessions.role_with(principal.unique_id) is not None
    return assumed or identities.declares(principal) or call.callers.declares(principal)


def _arn_of_id(call: Call, text: str, unknown_id: AwsError) -> str:
    unique_id, _, session = text.partition(":")
    arn = call.authorizer.identities.arn_of(unique_id) or call.callers.sessions.role_with(unique_id)
    if arn is None:
        raise unknown_id
    return session_arn(arn, session) if session else arn
