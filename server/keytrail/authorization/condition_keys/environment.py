"""Condition keys about when, from where and for whom a request is sent.

Source: IAM User Guide, "AWS global condition context keys", the properties of the request and of the network.
"""

from keytrail.authorization.condition_keys.context import RequestContext, condition_key

_MAKE_REPLICAS = frozenset({"kms:CreateKey", "kms:TagResource"})
"""Actions that ReplicateKey needs in the replica's Region."""


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
    """The Region in which the request needs the action."""
    facts = context.facts
    if facts.operation == "ReplicateKey" and context.action in _MAKE_REPLICAS:
        return facts.members.get("ReplicaRegion")
    return facts.region


@condition_key("aws:SourceIp")
def source_ip(context: RequestContext) -> object:
    """The address that the request comes from."""
    return context.facts.source_ip or None


@condition_key("aws:UserAgent")
def user_agent(context: RequestContext) -> object:
    """What the client calls itself."""
    return context.facts.user_agent or None


@condition_key("aws:SecureTransport")
def secure_transport(context: RequestContext) -> object:
    """True: a policy written for AWS asks for TLS, which every call to AWS has; here it is as if it had."""
    return True


@condition_key("aws:SourceArn")
def source_arn(context: RequestContext) -> object:
    """The resource for which a service of AWS calls."""
    return context.facts.source_arn


@condition_key("aws:SourceAccount")
def source_account(context: RequestContext) -> object:
    """The account of that resource."""
    return context.facts.source_account


@condition_key("aws:ViaAWSService")
def via_aws_service(context: RequestContext) -> object:
    """False: no AWS service calls here on anybody's behalf."""
    return False
