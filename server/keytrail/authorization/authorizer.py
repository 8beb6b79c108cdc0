"""Authorizer: allows a request, or raises AWS's error for it.

Source: KMS Developer Guide, "Determining access to AWS KMS keys", "Allowing users in other accounts to use a KMS key"
and "Troubleshooting key access".
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

from keytrail.authorization.condition_keys import RequestContext
from keytrail.authorization.condition_keys.encryption import encryption_context
from keytrail.authorization.elements import INVALID_PRINCIPALS, PolicyProblem
from keytrail.authorization.evaluation import Question, Verdict, decide
from keytrail.authorization.explanations import Explanation, Explanations, wanting
from keytrail.authorization.grant_evaluation import AllowingGrant, allowing_grants, retiring_grant
from keytrail.authorization.identities import Identities, PrincipalPolicies
from keytrail.authorization.policy import Policy, key_policy
from keytrail.authorization.refusals import other_account_refusal, refusal
from keytrail.authorization.request import RequestFacts
from keytrail.authorization.trust import trust_policy, trust_refusal
from keytrail.domain.arn import KeyIdentifier, key_arn
from keytrail.domain.grant import Grant
from keytrail.domain.key import Key, KeyManager
from keytrail.domain.key_policy import default_key_policy
from keytrail.errors import AccessDeniedException, MalformedPolicyDocumentException

_PUT_KEY_POLICY = "kms:PutKeyPolicy"
_NAMED_BY_CIPHERTEXT = frozenset({"kms:Decrypt", "kms:ReEncryptFrom"})


class Authorizer:
    """The one place that decides whether a caller may. `facts` are those of the request that needs the permission."""

    def __init__(self, identities: Identities) -> None:
        """Decide by the policies of these identities."""
        self.identities = identities
        self._controls_of = identities.resource_control_policies
        self.explanations = Explanations()

    def authorize(self, facts: RequestFacts, action: str, key: Key | None, named: KeyIdentifier | None) -> None:
        """Raise AccessDeniedException unless the caller may do the action on the key.

        `key` is None if there is no such key; `named` is None if only a ciphertext names the key.
        """
        policies = self._policies_of_caller(facts)
        # A key whose policy is None has the default key policy, which denies nobody.
        exempt = policies.unrestricted and facts.principal.kind != "service" and not self._controls_of(facts.account)
        if exempt and key is not None and key.policy is None and key.account == facts.account:
            return
        arn = key.arn if key is not None else named.arn if named is not None else None
        if arn is None:
            raise other_account_refusal(facts.principal, action, "the resource associated with this ciphertext")
        context = RequestContext(facts, action, arn, key, policies)
        in_ciphertext = named is None and action in _NAMED_BY_CIPHERTEXT
        self._require(self._question_about_key(context), context, in_ciphertext=in_ciphertext)

    def authorize_on(self, facts: RequestFacts, action: str, resource: str) -> None:
        """Raise AccessDeniedException unless the caller's own policies allow the action on an alias, or on `*`."""
        policies = self._policies_of_caller(facts)
        if policies.unrestricted and not self._controls_of(facts.account):
            return
        context = RequestContext(facts, action, resource, None, policies)
        self._require(self._question_for_own_policies(context), context)

    def authorize_retiring(self, facts: RequestFacts, grant: Grant, key: Key) -> None:
        """Raise AccessDeniedException unless the caller may retire the grant.

        The grant gives the right to its retiring principal, and to its grantee if RetireGrant is among the operations.
        Other principals of an account that issued it, or that it names for retiring, need an identity policy.
        """
        self._require(*self._question_about_retiring(facts, grant, key))

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
        # Where a seed declares a role of this name with another path, there is no such role.
        role = self.identities.get(role_arn)
        missing = role is None and self.identities.has_role_named(role_arn)
        policy = trust_policy(role, role_arn, principal, strict=strict or missing)
        account = role_arn.split(":")[4]
        question = Question(
            principal,
            action,
            role_arn,
            context.__getitem__,
            policy,
            same_account=account == principal.account,
            resource_control_policies=self._resource_control_policies(context, account),
            same_organization=_same_organization(policies, account),
        )
        verdict = self._decide(question, context)
        if not verdict.allowed:
            raise trust_refusal(question, verdict)

    def check_key_policy(
        self,
        facts: RequestFacts,
        document: str,
        key: Key | None,
        *,
        exists: Callable[[str], bool],
        bypass_lockout: bool,
    ) -> None:
        """Raise MalformedPolicyDocumentException, or another error of KMS, for a key policy that KMS refuses.

        `key` is None if the key is still to be created. `exists` says whether there is a principal with an ARN, or
        with IAM's unique id. `bypass_lockout` leaves out KMS's policy lockout safety check.
        """
        try:
            policy = key_policy(document)
        except PolicyProblem as problem:
            raise problem.answer_of_kms() from None
        if not all(exists(name) for statement in policy.statements for name in statement.named_principals()):
            raise MalformedPolicyDocumentException(INVALID_PRINCIPALS)
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

    def explain_retiring(
        self, facts: RequestFacts, grant: Grant, key: Key, overrides: Mapping[str, tuple[str, ...]]
    ) -> Explanation:
        """The decision on a RetireGrant that is not called; `overrides` are as in `explain`."""
        question, context = self._question_about_retiring(facts, grant, key, overrides)
        return _explanation(question, context)

    def explain(
        self, facts: RequestFacts, action: str, key: Key | None, resource: str, overrides: Mapping[str, tuple[str, ...]]
    ) -> Explanation:
        """The decision on a request that is not made. It is not kept.

        `resource` is the ARN of the key, of an alias, or `*`. `overrides` are values by condition key, in lower
        case, that replace the request's.
        """
        context = RequestContext(facts, action, resource, key, self._policies_of_caller(facts), overrides=overrides)
        foreign = resource != "*" and f":{facts.account}:" not in resource
        about_key = key is not None or foreign
        question = self._question_about_key(context) if about_key else self._question_for_own_policies(context)
        return _explanation(question, context)

    def _policies_of_caller(self, facts: RequestFacts) -> PrincipalPolicies:
        return self.identities.policies_of(facts.principal, strict=facts.settings.strict)

    def _question_for_own_policies(self, context: RequestContext) -> Question:
        """The question for an action that the caller's own policies decide alone."""
        principal = context.facts.principal
        controls = self._resource_control_policies(context, principal.account)
        return Question(
            principal, context.action, context.resource, context.__getitem__, None, resource_control_policies=controls
        )

    def _question_about_key(self, context: RequestContext) -> Question:
        """The question for an action on a key, whose policy and grants decide too. The key need not exist."""
        facts, key = context.facts, context.key

        def grants() -> Iterable[AllowingGrant]:
            if key is None:
                return ()
            return allowing_grants(facts, context.action, key, encryption_context(context), context.policies.role_arn)

        owner = key.account if key is not None else context.resource.split(":")[4]
        controls = self._resource_control_policies(context, owner)
        return Question(
            principal=facts.principal,
            action=context.action,
            resource=context.resource,
            lookup=context.__getitem__,
            resource_policy=_policy_of(key) if key is not None else None,
            same_account=key is not None and key.account == facts.account,
            cross_account=facts.cross_account,
            grants=grants,
            resource_control_policies=controls,
            same_organization=bool(controls) and _same_organization(context.policies, owner),
        )

    def _question_about_retiring(
        self, facts: RequestFacts, grant: Grant, key: Key, overrides: Mapping[str, tuple[str, ...]] | None = None
    ) -> tuple[Question, RequestContext]:
        action, principal = "kms:RetireGrant", facts.principal
        policies = self._policies_of_caller(facts)
        retiring = retiring_grant(grant, principal, policies.role_arn)
        own_key = key.account == principal.account
        if retiring is None and own_key:  # issued by another account: no policy of this one is enough
            policies = replace(policies, root=False, lenient=False, identity_policies=())
        context = RequestContext(facts, action, key.arn, key, policies, grant=grant, overrides=overrides)
        question = self._question_for_own_policies(context)._replace(
            same_account=own_key, grants=lambda: [retiring] if retiring is not None else []
        )
        return question, context

    def _resource_control_policies(self, context: RequestContext, account: str) -> tuple[Policy, ...]:
        """The resource control policies of an account that reach the request.

        Source: KMS Developer Guide, "Resource control policies in AWS KMS"; AWS Organizations User Guide, "Resources
        and entities not restricted by RCPs". That they reach operations without a resource was recorded of SQS.
        """
        managed_by_aws = context.key is not None and context.key.manager is KeyManager.AWS
        if context.action == "kms:RetireGrant" or managed_by_aws or context.policies.service_linked:
            return ()
        return self._controls_of(account)

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


def _explanation(question: Question, context: RequestContext) -> Explanation:
    """The decision on a request that is not made, with the values of all condition keys that an Allow asks for."""
    from keytrail.authorization.near_misses import condition_keys  # imported only if needed, for a quicker start

    verdict = decide(question, context.policies)
    for policy in wanting(question, verdict, context.policies):
        for name in condition_keys(policy):
            context[name]  # works out its value, which the explanation then has
    return Explanation.of_verdict(question, verdict, context, context.policies)


def _same_organization(policies: PrincipalPolicies, account: str) -> bool:
    """Whether an account is in the organization of the caller's account."""
    membership = policies.memberships.get(account)
    organization = membership.organization_id if membership is not None else None
    return organization is not None and organization == policies.organization_id


def _policy_of(key: Key) -> Policy:
    return key_policy(key.policy if key.policy is not None else default_key_policy(key.region, key.account))
