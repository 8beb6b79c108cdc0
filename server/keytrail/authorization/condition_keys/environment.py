"""Condition keys about the time, the network and the purpose of a request.

Source: IAM User Guide, "AWS global condition context keys", "Properties of the
request" and "Properties of the network".
"""

from keytrail.authorization.condition_keys.context import RequestContext, condition_key

_NEEDED_FOR_REPLICA = frozenset({"kms:CreateKey", "kms:TagResource"})
"""Actions that ReplicateKey needs permission for in the replica's Region."""


@condition_key("aws:CurrentTime")
def current_time(context: RequestContext) -> object:
    """The time of the request, in ISO 8601."""
    return context.facts.now.isoformat(timespec="seconds")


@condition_key("aws:EpochTime")
def epoch_time(context: RequestContext) -> object:
    """The time of the request, in whole seconds since 1970."""
    return int(context.facts.now.timestamp())


@condition_key("aws:RequestedRegion")
def requested_region(context: RequestContext) -> object:
    """The Region in which the request needs permission for the action."""
    facts = context.facts
    if facts.operation == "ReplicateKey" and context.action in _NEEDED_FOR_REPLICA:
        return facts.members.get("ReplicaRegion")
    return facts.region


@condition_key("aws:SourceIp")
def source_ip(context: RequestContext) -> object:
    """The address that the request comes from."""
    return context.facts.source_ip or None


@condition_key("aws:UserAgent")
def user_agent(context: RequestContext) -> object:
    """The request's User-Agent header."""
    return context.facts.user_agent or None


@condition_key("aws:SecureTransport")
def secure_transport(context: RequestContext) -> object:
    """Always true, so that policies work that require TLS, as all calls of AWS use it."""
    return True


@condition_key("aws:SourceArn")
def source_arn(context: RequestContext) -> object:
    """The ARN of the resource on whose behalf an AWS service calls."""
    return context.facts.source_arn


@condition_key("aws:SourceAccount")
def source_account(context: RequestContext) -> object:
    """The account of the resource on whose behalf an AWS service calls."""
    return context.facts.source_account


@condition_key("aws:SourceOrgID")
def source_organization(context: RequestContext) -> object:
    """The organization of that account."""
    membership = context.policies.memberships.get(context.facts.source_account or "")
    return membership.organization_id if membership is not None else None


@condition_key("aws:SourceOrgPaths")
def source_organization_paths(context: RequestContext) -> object:
    """The path of that account in its organization, in a list."""
    return context.paths_in_organization(context.facts.source_account)
