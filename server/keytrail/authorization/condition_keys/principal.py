"""Condition keys about the caller and its session.

Source: IAM User Guide, "AWS global condition context keys", "Properties of the
principal" and "Properties of a role session".
"""

from keytrail.authorization.condition_keys.context import RequestContext, condition_key

_PRINCIPAL_TYPES = {"root": "Account", "user": "User", "federated-user": "FederatedUser"}
"""By the kind of the caller; all other kinds have AssumedRole."""


@condition_key("aws:PrincipalAccount", "kms:CallerAccount")
def principal_account(context: RequestContext) -> object:
    """The caller's account."""
    return context.facts.account


@condition_key("aws:PrincipalArn")
def principal_arn(context: RequestContext) -> object:
    """The caller's ARN. For a session it is the ARN of its role, with the role's path if that is known."""
    principal = context.facts.principal
    if principal.kind == "service":
        return None
    return context.policies.arn or principal.role_arn or principal.arn


@condition_key("aws:PrincipalOrgID")
def principal_organization(context: RequestContext) -> object:
    """The organization of the caller's account."""
    return context.policies.organization_id


@condition_key("aws:PrincipalOrgPaths")
def principal_organization_paths(context: RequestContext) -> object:
    """The path of the caller's account in its organization; this key can have many values, so it is a list."""
    return context.paths_in_organization(context.facts.account if context.facts.principal.kind != "service" else None)


@condition_key("aws:PrincipalType")
def principal_type(context: RequestContext) -> object:
    """Account, User, AssumedRole or FederatedUser."""
    return _PRINCIPAL_TYPES.get(context.facts.principal.kind, "AssumedRole")


@condition_key("aws:PrincipalIsAWSService")
def principal_is_aws_service(context: RequestContext) -> object:
    """Whether the caller is an AWS service."""
    return context.facts.principal.kind == "service"


@condition_key("aws:PrincipalServiceName")
def principal_service_name(context: RequestContext) -> object:
    """The name of the AWS service that calls, such as s3.amazonaws.com."""
    principal = context.facts.principal
    return principal.name if principal.kind == "service" else None


@condition_key("aws:PrincipalServiceNamesList")
def principal_service_names(context: RequestContext) -> object:
    """The names of the AWS service that calls; here it has one."""
    principal = context.facts.principal
    return [principal.name] if principal.kind == "service" else None


@condition_key("aws:userid")
def user_id(context: RequestContext) -> object:
    """The caller's unique id."""
    return context.facts.principal.principal_id


@condition_key("aws:username")
def user_name(context: RequestContext) -> object:
    """The name of a user, without its path. Requests of other callers do not have this key."""
    principal = context.facts.principal
    return principal.name.rpartition("/")[2] if principal.kind == "user" else None


@condition_key("aws:MultiFactorAuthPresent")
def multi_factor_auth_present(context: RequestContext) -> object:
    """Whether the session was created with an MFA code; an AssumeRole that sends one counts too.

    Requests with long-term access keys do not have this key, as in AWS.
    """
    if "TokenCode" in context.facts.members:
        return True
    session = context.facts.principal.session
    return session.mfa if session is not None else None


@condition_key("aws:MultiFactorAuthAge")
def multi_factor_auth_age(context: RequestContext) -> object:
    """Whole seconds since the session was created, if that was with an MFA code; 0 for an AssumeRole that sends one."""
    if "TokenCode" in context.facts.members:
        return 0
    session = context.facts.principal.session
    if session is None or not session.mfa:
        return None
    return int((context.facts.now - session.created).total_seconds())


@condition_key("aws:SourceIdentity")
def source_identity(context: RequestContext) -> object:
    """The SourceIdentity that was set when the session's role was assumed."""
    session = context.facts.principal.session
    return session.source_identity if session is not None else None


@condition_key("aws:TokenIssueTime")
def token_issue_time(context: RequestContext) -> object:
    """When the session's credentials were issued."""
    session = context.facts.principal.session
    return session.created.isoformat(timespec="seconds") if session is not None else None
