"""The authorizer: lets a request through, or refuses it in AWS's words.

Source: KMS Developer Guide, "Determining access to AWS KMS keys", "Allowing users in other accounts to use a KMS key"
and "Troubleshooting key access".
"""

from collections.abc import Mapping
from dataclasses import replace

from keytrail.authorization.condition_keys import RequestContext
from keytrail.authorization.condition_keys.encryption import encryption_context
from keytrail.authorization.evaluation import Question, Verdict, decide
from keytrail.authorization.explanations import Explanation, Explanations
from keytrail.authorization.grant_evaluation import AllowingGrant, allowing_grant
from keytrail.authorization.identities import Identities, PrincipalPolicies
from keytrail.authorization.policy import Policy, key_policy
from keytrail.authorization.refusals import other_account_refusal, refusal
from keytrail.authorization.request import RequestFacts
from keytrail.authorization.trust import trust_policy, trust_refusal
from keytrail.domain.arn import KeyIdentifier, key_arn
from keytrail.domain.grant import Grant
from keytrail.domain.key import Key
from keytrail.domain.key_policy import default_key_policy
from keytrail.errors import AccessDeniedException, MalformedPolicyDocumentException

_PUT = "kms:PutKeyPolicy"
_NAMED_BY_CIPHERTEXT = frozenset({"kms:Decrypt", "kms:ReEncryptFrom"})


class Authorizer:
    """The one place that says whether a caller may. `facts` are those of the request that needs the permission."""

    def __init__(self, identities: Identities) -> None:
        """Decide by what these identities may."""
        self.identities = identities
        self.explanations = Explanations()

    def authorize(self, facts: RequestFacts, action: str, key: Key | None, named: KeyIdentifier | None) -> None:
        """Raise AccessDeniedException unless the caller may do the action on the key.

        `key` is None where there is none; `named` is None for a key that only a ciphertext names.
        """
        policies = self._policies_of_caller(facts)
        # The default key policy, which None stands for, denies nobody.
        exempt = policies.unrestricted and facts.principal.kind != "service"
        if exempt and key is not None and key.policy is None and key.account == facts.account:
            return
        arn = key.arn if key is not None else named.arn if named is not None else None
        if arn is None:
            raise other_account_refusal(facts.principal, action, "the resource associated with this ciphertext")
        context = RequestContext(facts, action, arn, key, policies)
        in_ciphertext = named is None and action in _NAMED_BY_CIPHERTEXT
        self._require(_on_key(context), context, in_ciphertext=in_ciphertext)

    def authorize_on(self, facts: RequestFacts, action: str, resource: str) -> None:
        """Raise AccessDeniedException unless the caller's own policies let it do the action on an alias or on `*`."""
        policies = self._policies_of_caller(facts)
        if policies.unrestricted:
            return
        context = RequestContext(facts, action, resource, None, policies)
        self._require(_of_own_policies(context), context)

    def authorize_retiring(self, facts: RequestFacts, grant: Grant, key: Key) -> None:
        """Raise AccessDeniedException unless it is for the caller to retire the grant.

        The retiring principal, and a grantee that may, have that right of the grant; the account that issued it, or
        that is to retire it, gives it to its principals through their identity policies.
        """
        action, principal = "kms:RetireGrant", facts.principal
        policies = self._policies_of_caller(facts)
        if not grant.may_be_retired_by(principal):
            if key.account != principal.account:
                raise other_account_refusal(principal, action, "this resource")
            policies = replace(policies, root=False, lenient=False, identity_policies=())
        elif grant.names_for_retiring(principal):
            policies = replace(policies, root=True)
        context = RequestContext(facts, action, key.arn, key, policies, grant=grant)
        self._require(_of_own_policies(context), context)

    def authorize_role(self, facts: RequestFacts, action: str, role_arn: str) -> None:
        """Raise AccessDeniedException unless the role's trust policy, and their own, let the caller do the action.

        A role that no seed declares trusts every account, unless we are strict.
        """
        principal, strict = facts.principal, facts.settings.strict
        if principal.kind == "root" and principal.declared:
            raise AccessDeniedException("Roles may not be assumed by root accounts.")
        # An undeclared caller needs to be trusted too; it is only not question who of its account it is.
        policies = replace(self._policies_of_caller(facts), lenient=False)
        context = RequestContext(facts, action, role_arn, None, policies)
        policy = trust_policy(self.identities.get(role_arn), role_arn, principal, strict=strict)
        same_account = role_arn.split(":")[4] == principal.account
        question = Question(principal, action, role_arn, context.__getitem__, policy, same_account)
        verdict = self._decide(question, context)
        if not verdict.allowed:
            raise trust_refusal(question, verdict)

    def check_key_policy(self, facts: RequestFacts, document: str, key: Key | None, *, bypass_lockout: bool) -> None:
        """Raise MalformedPolicyDocumentException for a document that KMS would not take.

        `key` is the key that it is for; None for one that is still to be made.
        """
        policy = key_policy(document)
        if bypass_lockout:
            return
        resource = key.arn if key is not None else key_arn(facts.region, facts.account, "*")
        context = RequestContext(facts, _PUT, resource, key, self._policies_of_caller(facts))
        question = Question(facts.principal, _PUT, resource, context.__getitem__, policy)
        verdict = decide(question, context.policies)
        # Who is not declared stands for anybody in its account; somebody there must be allowed.
        somebody = any(
            statement.allows and statement.covers_action(_PUT) and statement.names_account(facts.account)
            for statement in policy.statements
        )
        if not verdict.allowed or not somebody:
            self.explanations.note(facts.request_id, Explanation.of(question, verdict, context))
            raise MalformedPolicyDocumentException(
                "The new key policy will not allow you to update the key policy in the future."
            )

    def explain(
        self, facts: RequestFacts, action: str, key: Key | None, resource: str, given: Mapping[str, tuple[str, ...]]
    ) -> Explanation:
        """What would be decided on a request; nothing is done, and nothing kept.

        `resource` is the ARN of the key, of an alias, or `*`; `given` goes before the condition keys of the request.
        """
        context = RequestContext(facts, action, resource, key, self._policies_of_caller(facts), given=given)
        foreign = resource != "*" and f":{facts.account}:" not in resource
        question = _on_key(context) if key is not None or foreign else _of_own_policies(context)
        return Explanation.of(question, decide(question, context.policies), context)

    def _policies_of_caller(self, facts: RequestFacts) -> PrincipalPolicies:
        return self.identities.policies_of(facts.principal, strict=facts.settings.strict)

    def _require(self, question: Question, context: RequestContext, *, in_ciphertext: bool = False) -> None:
        verdict = self._decide(question, context)
        if not verdict.allowed:
            raise refusal(question, verdict, in_ciphertext=in_ciphertext)

    def _decide(self, question: Question, context: RequestContext) -> Verdict:
        """The verdict, once it is kept for `explain`."""
        verdict = decide(question, context.policies)
        self.explanations.note(context.facts.request_id, Explanation.of(question, verdict, context))
        return verdict


def _of_own_policies(context: RequestContext) -> Question:
    """The question that the caller's own policies answer alone."""
    return Question(context.facts.principal, context.action, context.resource, context.__getitem__, None)


def _on_key(context: RequestContext) -> Question:
    """The question that the key's policy and grants answer too; the key may be one that does not exist."""
    facts, key = context.facts, context.key

    def grant() -> AllowingGrant | None:
        if key is None:
            return None
        return allowing_grant(facts, context.action, key, encryption_context(context), context.policies.arn)

    return Question(
        principal=facts.principal,
        action=context.action,
        resource=context.resource,
        lookup=context.__getitem__,
        resource_policy=_policy_of(key) if key is not None else None,
        same_account=key is not None and key.account == facts.account,
        cross_account=facts.cross_account,
        grant=grant,
    )


def _policy_of(key: Key) -> Policy:
    return key_policy(key.policy if key.policy is not None else default_key_policy(key.region, key.account))
