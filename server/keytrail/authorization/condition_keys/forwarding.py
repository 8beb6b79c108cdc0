"""Condition keys about the AWS service that makes the request on behalf of the caller.

Source: KMS Developer Guide, "kms:ViaService"; IAM User Guide, "AWS global condition
context keys"; kms-behaviour L.4.
"""

from keytrail.authorization.condition_keys.context import RequestContext, condition_key


@condition_key("kms:ViaService")
def via_service(context: RequestContext) -> object:
    """The service in its Region: only requests about a key have it, also about one to be created."""
    facts = context.facts
    about_key = context.key is not None or context.action == "kms:CreateKey"
    return facts.via.via(facts.region) if facts.via is not None and about_key else None


@condition_key("aws:CalledVia")
def called_via(context: RequestContext) -> object:
    """The services between the caller and KMS; here it is one."""
    via = context.facts.via
    return [via.principal] if via is not None else None


@condition_key("aws:CalledViaFirst", "aws:CalledViaLast")
def called_via_one(context: RequestContext) -> object:
    """That one service, which is the first and the last."""
    via = context.facts.via
    return via.principal if via is not None else None


@condition_key("aws:ViaAWSService")
def via_aws_service(context: RequestContext) -> object:
    """Whether there is such a service."""
    return context.facts.via is not None
