"""The authorizer: asks for the one decision about a request, and refuses in AWS's words.

Source: KMS Developer Guide, "Determining access to AWS KMS keys", "Allowing users in other accounts to use a KMS key"
and "Troubleshooting key access".
"""

from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache

from keytrail.authorization.context import RequestContext
from keytrail.authorization.evaluation import Question, decide
from keytrail.authorization.explanations import Explanation, Explanations
from keytrail.authorization.grant_evaluation import allowing_grant, told_of
from keytrail.authorization.identities import Identities, PrincipalPolicies
from keytrail.authorization.policy import Document, key_document, read_policy
from keytrail.authorization.refusals import NO_RESOURCE_POLICY, refusal
from keytrail.authorization.request import RequestFacts
from keytrail.authorization.trust import TrustContext, trust_policy, trust_refusal
from keytrail.domain.arn import KeyIdentifier, key_arn
from keytrail.domain.grant import Grant
from keytrail.domain.key import Key
from keytrail.domain.key_policy import default_key_policy
from keytrail.errors import AccessDeniedException, MalformedPolicyDocumentException

_PUT = "kms:PutKeyPolicy"
_NAMED_BY_CIPHERTEXT = frozenset({"kms:Decrypt", "kms:ReEncryptFrom"})

_WITHOUT_KEY = frozenset(
    {
        *("CreateKey", "ListKeys", "ListAliases", "GenerateRandom", "ListRetirableGrants", "LookupEvents"),
        *("CreateCustomKeyStore", "DescribeCustomKeyStores", "UpdateCustomKeyStore"),
        *("DeleteCustomKeyStore", "ConnectCustomKeyStore", "DisconnectCustomKeyStore"),
    }
)
"""Operations whose resource is `*`: identity policies and service control policies decide alone."""


class Authorizer:
    """The one place that says whether a caller may."""

    def __init__(self, identities: Identities) -> None:
        """Decide by what these identities may."""
        self.identities = identities
        self.explanations = Explanations()

    def authorize(self, request: RequestFacts, action: str, key: Key | None, named: KeyIdentifier | None) -> None:
        """Raise AccessDeniedException unless the caller may do the action on the key.

        `key` is None where there is none; `named` is None for a key that only a ciphertext names.
        """
        standing = self.identities.standing(request.principal, strict=request.settings.strict)
        # The default key policy, which None stands for, denies nobody.
        unasked = standing.unbound and request.principal.kind != "service"
        if unasked and key is not None and key.policy is None and key.account == request.account:
            return
        arn = key.arn if key is not None else named.arn if named is not None else None
        if arn is None:
            raise _elsewhere(request, action, "the resource associated with this ciphertext")
        # Of what may not exist, the name tells the account.
        given = {"aws:resourceaccount": (arn.split(":")[4],)} if key is None else {}
        context = RequestContext(request, action, key, standing, given)
        asked = _about_key(request, action, key, arn, standing, context)
        in_ciphertext = named is None and action in _NAMED_BY_CIPHERTEXT
        self._decide(request, asked, standing, context, in_ciphertext=in_ciphertext)

    def explain(
        self, request: RequestFacts, action: str, key: Key | None, resource: str, given: Mapping[str, tuple[str, ...]]
    ) -> Explanation:
        """What would be decided on a call; nothing is done, and nothing kept.

        `resource` is the ARN of the key, of an alias, or `*`; `given` goes before the condition keys of the request.
        """
        standing = self.identities.standing(request.principal, strict=request.settings.strict)
        context = RequestContext(request, action, key, standing, given)
        foreign = f":{request.account}:" not in resource and resource != "*"
        asked = (
            _about_key(request, action, key, resource, standing, context)
            if key is not None or foreign
            else Question(request.principal, action, resource, context.__getitem__, None)
        )
        return Explanation.of(asked, decide(asked, standing), context)

    def authorize_operation(self, request: RequestFacts, service: str) -> None:
        """Raise AccessDeniedException if the call is of an operation without a key and its caller may not do that."""
        if request.operation in _WITHOUT_KEY:
            self.authorize_on(request, f"{service}:{request.operation}", "*")

    def authorize_on(self, request: RequestFacts, action: str, resource: str) -> None:
        """Raise AccessDeniedException unless the caller's own policies let it do the action on an alias or on `*`."""
        standing = self.identities.standing(request.principal, strict=request.settings.strict)
        if standing.unbound:
            return
        context = RequestContext(request, action, None, standing)
        self._decide(
            request, Question(request.principal, action, resource, context.__getitem__, None), standing, context
        )

    def authorize_retiring(self, request: RequestFacts, grant: Grant, key: Key) -> None:
        """Raise AccessDeniedException unless it is for the caller to retire the grant.

        The retiring principal, and a grantee that may, have that right of the grant; the account that issued it, or
        that is to retire it, gives it to its principals through their identity policies.
        """
        action, principal = "kms:RetireGrant", request.principal
        standing = self.identities.standing(principal, strict=request.settings.strict)
        if not grant.may_be_retired_by(principal):
            if key.account != principal.account:
                raise _elsewhere(request, action, "this resource")
            standing = replace(standing, root=False, lenient=False, policies=())
        elif grant.names_for_retiring(principal):
            standing = replace(standing, root=True)
        context = RequestContext(request, action, key, standing, told_of(grant))
        self._decide(request, Question(principal, action, key.arn, context.__getitem__, None), standing, context)

    def authorize_for_role(self, request: RequestFacts, action: str, role_arn: str) -> None:
        """Raise AccessDeniedException unless the role's trust policy, and their own, let the caller do the action.

        A role that no seed declares trusts every account, unless we are strict.
        """
        principal, strict = request.principal, request.settings.strict
        if principal.kind == "root" and principal.declared:
            raise AccessDeniedException("Roles may not be assumed by root accounts.")
        # An undeclared caller needs to be trusted too; it is only not asked who of its account it is.
        standing = replace(self.identities.standing(principal, strict=strict), lenient=False)
        context = TrustContext(request, action, None, standing)
        asked = Question(
            principal=principal,
            action=action,
            resource=role_arn,
            lookup=context.__getitem__,
            policy=trust_policy(self.identities.get(role_arn), role_arn, principal, strict=strict),
            at_home=role_arn.split(":")[4] == principal.account,
        )
        verdict = decide(asked, standing)
        self.explanations.note(request.request_id, Explanation.of(asked, verdict, context))
        if not verdict.allowed:
            raise trust_refusal(asked, verdict)

    def check_key_policy(self, request: RequestFacts, document: str, key: Key | None, *, bypass_lockout: bool) -> None:
        """Raise MalformedPolicyDocumentException for a document that KMS would not take.

        `key` is the key that it is for; None for one that is still to be made.
        """
        statements = read_policy(document)
        if bypass_lockout:
            return
        standing = self.identities.standing(request.principal, strict=request.settings.strict)
        resource = key.arn if key is not None else key_arn(request.region, request.account, "*")
        context = RequestContext(request, _PUT, key, standing)
        asked = Question(request.principal, _PUT, resource, context.__getitem__, key_document(document))
        verdict = decide(asked, standing)
        # Who is not declared stands for anybody in its account; somebody there must be allowed.
        somebody = any(s.allows and s.covers_action(_PUT) and s.names_account(request.account) for s in statements)
        if not verdict.allowed or not somebody:
            self.explanations.note(request.request_id, Explanation.of(asked, verdict, context))
            raise MalformedPolicyDocumentException(
                "The new key policy will not allow you to update the key policy in the future."
            )

    def _decide(
        self,
        request: RequestFacts,
        asked: Question,
        standing: PrincipalPolicies,
        context: RequestContext,
        *,
        in_ciphertext: bool = False,
    ) -> None:
        verdict = decide(asked, standing)
        self.explanations.note(request.request_id, Explanation.of(asked, verdict, context))
        if not verdict.allowed:
            raise refusal(asked, verdict, in_ciphertext=in_ciphertext)


def _about_key(
    request: RequestFacts, action: str, key: Key | None, arn: str, standing: PrincipalPolicies, context: RequestContext
) -> Question:
    return Question(
        principal=request.principal,
        action=action,
        resource=arn,
        lookup=context.__getitem__,
        policy=_policy_of(key) if action.removeprefix("kms:") not in _WITHOUT_KEY else None,
        at_home=key is not None and key.account == request.account,
        shared=request.cross_account,
        grant=lambda: (
            allowing_grant(request, action, key, context.encryption_context(), standing.arn)
            if key is not None
            else None
        ),
    )


def _policy_of(key: Key | None) -> Document | None:
    if key is None:
        return None
    return key_document(key.policy) if key.policy is not None else _default_document(key.region, key.account)


@lru_cache(maxsize=1024)
def _default_document(region: str, account: str) -> Document:
    return key_document(default_key_policy(region, account))


def _elsewhere(request: RequestFacts, action: str, what: str) -> AccessDeniedException:
    return AccessDeniedException(
        f"User: {request.principal.arn} is not authorized to perform: {action} on {what} {NO_RESOURCE_POLICY}"
    )
