"""The principals that requests about grants name: by ARN or by IAM's unique id, and whether they exist.

Source: KMS API Reference, CreateGrant, ListGrants and ListRetirableGrants; the errors as recorded (kms-behaviour E.9).
"""

from keytrail.call import Call
from keytrail.domain.grant import no_principal
from keytrail.domain.principal import Principal, is_unique_id, session_arn
from keytrail.errors import AwsError


def principal_arn(call: Call, text: str, unknown_id: AwsError) -> str:
    """The ARN of a principal.

    Raises `unknown_id` for a unique id that no declared user or role and no role that has been assumed has. With
    `strict`, raises InvalidArnException for the ARN of a user, role or session that does not exist: then all that
    exist are declared, as identities or with credentials, or have been assumed.
    """
    if is_unique_id(text):
        return _arn_of_id(call, text, unknown_id)
    if call.settings.strict and not _exists(call, Principal.from_arn(text)):
        raise no_principal(text)
    return text


def _arn_of_id(call: Call, text: str, unknown_id: AwsError) -> str:
    unique_id, _, session = text.partition(":")
    arn = call.authorizer.identities.arn_of(unique_id) or call.callers.sessions.role_with(unique_id)
    if arn is None:
        raise unknown_id
    return session_arn(arn, session) if session else arn


def _exists(call: Call, principal: Principal) -> bool:
    if principal.kind in ("root", "federated-user"):  # any account may exist, and so may its federated users
        return True
    assumed = call.callers.sessions.role_with(principal.unique_id) is not None
    return assumed or call.authorizer.identities.declares(principal) or call.callers.declares(principal)
