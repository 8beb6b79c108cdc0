"""Condition keys about the grant of a request: one that CreateGrant is about to make, or RetireGrant to retire."""

from collections.abc import Mapping

from keytrail.authorization.condition_keys.context import RequestContext, condition_key
from keytrail.domain.grant_constraints import Constraints

_UNCONSTRAINED = Constraints()


def constraints(context: RequestContext) -> Constraints:
    """The constraints of the grant that is to be made or retired; empty without one."""
    if context.grant is not None:
        return context.grant.constraints
    sent = context.facts.members.get("Constraints")
    return Constraints.read(sent) if isinstance(sent, Mapping) else _UNCONSTRAINED


@condition_key("kms:GrantConstraintType")
def grant_constraint_type(context: RequestContext) -> object:
    """The kinds of the grant's constraints on the encryption context."""
    asked_for = constraints(context)
    kinds = {
        "EncryptionContextEquals": asked_for.encryption_context_equals,
        "EncryptionContextSubset": asked_for.encryption_context_subset,
    }
    return [kind for kind, pairs in kinds.items() if pairs is not None]


@condition_key("kms:GrantConstraintSourceArn")
def grant_constraint_source_arn(context: RequestContext) -> object:
    """The resource for which alone the grant is to count; of CreateGrant only."""
    return constraints(context).source_arn if context.grant is None else None


@condition_key("kms:GrantIsForAWSResource")
def grant_is_for_aws_resource(context: RequestContext) -> object:
    """Never: no AWS service calls here on anybody's behalf."""
    return False if context.facts.operation in ("CreateGrant", "ListGrants", "RevokeGrant") else None
