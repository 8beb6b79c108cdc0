"""Authorizer: allows a request, or raises AWS's error for it.

Source: KMS Developer Guide, "Determining access to AWS KMS keys", "Allowing users in other accounts to use a KMS key"
and "Troubleshooting key access".
"""

from collections.abc import Mapping
from dataclasses import replace

from keytrail.authorization.condition_keys import RequestContext
from keytrail.authorization.condition_keys.encryption import encryption_context
from keytrail.authorization.evaluation import Question, Verdict, decide
from keytrail.authorization.explanations import Explanation, Explanations, wanting
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

_PUT_KEY_POLICY = "kms:PutKeyPolicy"
_NAMED_BY_CIPHERTEXT = frozenset({"kms:Decrypt", "kms:ReEncryptFrom"})


class Authorizer:
    """The one place that decides whether a caller may. `facts` are those of the request that needs the permission."""

    def __init__(self, identities: Identities) -> None:
        """Decide by the policies of these identities."""
        self.identities = identities
        self.explanations = Explanations()

    def authorize(self, facts: RequestFacts, action: str, key: Key | None, named: KeyIdentifier | None) -> None:
        """Raise AccessDeniedException unless the caller may do the action on the key.

        `key` is None if there is no such key; `named` is None if only a ciphertext names the key.
        """
        policies = self._policies_of_caller(facts)
        # A key whose policy is None has the default key policy, which denies nobody.
        exempt = policies.unrestricted and facts.principal.kind != "service"
        if exempt and key is not None and key.policy is None and key.account == facts.account:
            return
        arn = key.arn if key is not None else named.arn if named is not None else None
        if arn is None:
            raise other_account_refusal(facts.principal, action, "the resource associated with this ciphertext")
        context = RequestContext(facts, action, arn, key, policies)
        in_ciphertext = named is None and action in _NAMED_BY_CIPHERTEXT
        self._require(_question_about_key(context), context, in_ciphertext=in_ciphertext)

    def authorize_on(self, facts: RequestFacts, action: str, resource: str) -> None:
        """Raise AccessDeniedException unless the caller's own policies allow the action on an alias, or on `*`."""
        policies = self._policies_of_caller(facts)
        if policies.unrestricted:
            return
        context = RequestContext(facts, action, resource, None, policies)
        self._require(_question_for_own_policies(context), context)

    def authorize_retiring(self, facts: RequestFacts, grant: Grant, key: Key) -> None:
        """Raise AccessDeniedException unless the caller may retire the grant.

        The grant gives the right to its retiring principal, and to its grantee if RetireGrant is among the operations.
        Other principals of an account that issued it, or that it names for retiring, need an identity policy.
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
        self._require(_question_for_own_policies(context), context)

    def authorize_role(self, facts: RequestFacts, action: str, role_arn: str) -> None:
        """Raise AccessDeniedException unless the role's trust policy and the caller's own policies allow the action.

        A role that no seed declares trusts every account, except with `strict`.
        """
        principal, strict = facts.principal, facts.settings.strict
        if principal.kind == "root" and principal.declared:
            raise AccessDeniedException("Roles may not be assumed by root accounts.")
        # The role must trust an undeclared caller too, that is anybody in its account: it is not lenient here.
        policies = replace(self._policies_of_caller(facts), lenient=False)
        context = RequestContext(facts, action, role_arn, None, policies)
        policy = trust_policy(self.identities.get(role_arn), role_arn, principal, strict=strict)
        same_account = role_arn.split(":")[4] == principal.account
        question = Question(principal, action, role_arn, context.__getitem__, policy, same_account)
        verdict = self._decide(question, context)
        if not verdict.allowed:
            raise trust_refusal(question, verdict)

    def check_key_policy(self, facts: RequestFacts, document: str, key: Key | None, *, bypass_lockout: bool) -> None:
        """Raise MalformedPolicyDocumentException for a key policy that KMS refuses.

        `key` is None if the key is still to be created. `bypass_lockout` leaves out KMS's policy lockout safety check.
        """
        policy = key_policy(document)
        if bypass_lockout:
            return
        resource = key.arn if key is not None else key_arn(facts.region, facts.account, "*")
        context = RequestContext(facts, _PUT_KEY_POLICY, resource, key, self._policies_of_caller(facts))
        question = Question(facts.principal, _PUT_KEY_POLICY, resource, context.__getitem__, policy)
        verdict = decide(question, context.policies)
        # An undeclared caller stands for anybody in its account, but the policy must allow somebody there.
        allows_somebody = any(
            statement.allows and statement.covers_action(_PUT_KEY_POLICY) and statement.names_account(facts.account)
            for statement in policy.statements
        )
        if not verdict.allowed or not allows_somebody:
            self._keep(question, verdict, context)
            raise MalformedPolicyDocumentException(
                "The new key policy will not allow you to update the key policy in the future."
            )

    def explain(
        self, facts: RequestFacts, action: str, key: Key | None, resource: str, overrides: Mapping[str, tuple[str, ...]]
    ) -> Explanation:
        """The decision on a request that is not made. It is not kept.

        `resource` is the ARN of the key, of an alias, or `*`. `overrides` are values by condition key, in lower
        case, that replace the request's.
        """
        context = RequestContext(facts, action, resource, key, self._policies_of_caller(facts), overrides=overrides)
        foreign = resource != "*" and f":{facts.account}:" not in resource
        question = _question_about_key(context) if key is not None or foreign else _question_for_own_policies(context)
        from keytrail.authorization.near_misses import condition_keys  # imported only if needed, for a quicker start

        verdict = decide(question, context.policies)
        for policy in wanting(question, verdict, context.policies):
            for name in condition_keys(policy):
                context[name]  # works out its value, which the explanation then has
        return Explanation.of_verdict(question, verdict, context, context.policies)

    def _policies_of_caller(self, facts: RequestFacts) -> PrincipalPolicies:
        return self.identities.policies_of(facts.principal, strict=facts.settings.strict)

    def _require(self, question: Question, context: RequestContext, *, in_ciphertext: bool = False) -> None:
        verdict = self._decide(question, context)
        if not verdict.allowed:
            raise refusal(question, verdict, in_ciphertext=in_ciphertext)

    def _decide(self, question: Question, context: RequestContext) -> Verdict:
        """The verdict, which is also kept for `explain`."""
        verdict = decide(question, context.policies)
        self._keep(question, verdict, context)
        return verdict

    def _keep(self, question: Question, verdict: Verdict, context: RequestContext) -> None:
        explanation = Explanation.of_verdict(question, verdict, context, context.policies)
        self.explanations.add(context.facts.request_id, explanation)


def _question_for_own_policies(context: RequestContext) -> Question:
    """The question for an action that the caller's own policies decide alone."""
    return Question(context.facts.principal, context.action, context.resource, context.__getitem__, None)


def _question_about_key(context: RequestContext) -> Question:
    """The question for an action on a key, whose policy and grants decide too. The key need not exist."""
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
