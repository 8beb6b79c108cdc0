"""Condition keys about the grant of a request: the one that CreateGrant creates, or RetireGrant retires."""

from collections.abc import Mapping

from keytrail.authorization.condition_keys.context import RequestContext, condition_key
from keytrail.domain.grant_constraints import Constraints

_UNCONSTRAINED = Constraints()


def constraints(context: RequestContext) -> Constraints:
    """The constraints of the grant that is to be created or retired; without constraints, an empty value."""
    if context.grant is not None:
        return context.grant.constraints
    sent = context.facts.members.get("Constraints")
    return Constraints.read(sent) if isinstance(sent, Mapping) else _UNCONSTRAINED


@condition_key("kms:GrantConstraintType")
def grant_constraint_type(context: RequestContext) -> object:
    """The kind of the grant's constraint on the encryption context; a grant has at most one."""
    granted = constraints(context)
    if granted.encryption_context_equals is not None:
        return "EncryptionContextEquals"
    return "EncryptionContextSubset" if granted.encryption_context_subset is not None else None


@condition_key("kms:GrantConstraintSourceArn")
def grant_constraint_source_arn(context: RequestContext) -> object:
    """The ARN in the SourceArn constraint of a new grant. Only requests of CreateGrant have this key."""
    return constraints(context).source_arn if context.grant is None else None


@condition_key("kms:GrantIsForAWSResource")
def grant_is_for_aws_resource(context: RequestContext) -> object:
    """Whether an AWS service makes the request on behalf of the caller, for a resource of its own."""
    forwarded = context.facts.via is not None
    return forwarded if context.facts.operation in ("CreateGrant", "ListGrants", "RevokeGrant") else None
