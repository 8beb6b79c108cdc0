"""What STS needs to know of access keys, roles and policies, in one place."""

import json
from collections.abc import Mapping
from datetime import datetime

from keytrail.authentication.callers import Callers
from keytrail.authorization.explanations import Explanations
from keytrail.authorization.identities import Identities
from keytrail.authorization.policy import Kind, read_policy
from keytrail.authorization.trust import Trust
from keytrail.call import Call
from keytrail.domain.credential import Credential
from keytrail.domain.principal import Principal
from keytrail.errors import MalformedPolicyDocumentException, ValidationException

_HALF_A_DAY = 43_200

_MANAGED = {
    "AdministratorAccess": '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}'
}
"""Those of AWS's own managed policies whose text is all there is to know."""


class TokenService:
    """Implements call.TokenService."""

    def __init__(self, callers: Callers, identities: Identities, explanations: Explanations) -> None:
        """Hold who is known; why somebody was trusted or not is noted."""
        self._callers = callers
        self._identities = identities
        self._trust = Trust(identities, explanations)

    def require_trust(self, call: Call, action: str, role_arn: str) -> None:
        """Raise AccessDeniedException unless the role's trust policy lets the caller do the action."""
        self._trust.require(call, action, role_arn)

    def longest_session(self, role_arn: str) -> int:
        """For how many seconds a role may be assumed at most; one that no fixture declares, half a day."""
        role = self._identities.get(role_arn)
        return role.max_session_duration if role is not None else _HALF_A_DAY

    def issue(self, principal: Principal, expiration: datetime, token_size: int) -> Credential:
        """Fresh temporary credentials; the token has at least so many characters."""
        return self._callers.sessions.issue(principal, expiration, token_size=token_size)

    def account_of(self, access_key_id: str) -> str:
        """The account of an access key; raises UnrecognizedClientException for one that nobody has."""
        return self._callers.account_of(access_key_id)

    def session_policy(self, document: str) -> str:
        """The document, once it is a policy for a session; raises MalformedPolicyDocumentException."""
        try:
            policy = json.loads(document)
        except (ValueError, RecursionError):
            raise MalformedPolicyDocumentException("This policy contains invalid Json") from None
        statements = policy.get("Statement") if isinstance(policy, Mapping) else None
        statements = [statements] if isinstance(statements, Mapping) else statements
        if not isinstance(statements, list) or not statements or not all(map(_is_statement, statements)):
            raise MalformedPolicyDocumentException("Syntax errors in policy.")
        if any("Principal" in statement or "NotPrincipal" in statement for statement in statements):
            raise MalformedPolicyDocumentException("Policy document should not specify a principal.")
        read_policy(document, Kind.SESSION)
        return document

    def managed_policy(self, role_arn: str, arn: str) -> str:
        """The text of a managed policy: one of the role's, by its name; raises ValidationException for others."""
        name = arn.rpartition("/")[2]
        role = self._identities.get(role_arn)
        own = role.policies if role is not None else {}
        document = own.get(arn) or own.get(name) or (_MANAGED.get(name) if ":iam::aws:" in arn else None)
        if document is None:
            raise ValidationException(f"Policy {arn} does not exist or is not attachable.")
        return document


def _is_statement(statement: object) -> bool:
    return (
        isinstance(statement, Mapping)
        and statement.get("Effect") in ("Allow", "Deny")
        and ("Action" in statement) != ("NotAction" in statement)
        and ("Resource" in statement) != ("NotResource" in statement)
    )
