"""Condition keys about the tags of the request, of the key and of the caller.

Source: IAM User Guide, "Controlling access to AWS resources using tags".
"""

from collections.abc import Mapping

from keytrail.authorization.condition_keys.context import RequestContext, condition_key, condition_key_prefix

_TAG_MEMBERS = (("TagKey", "TagValue"), ("Key", "Value"))


@condition_key_prefix("aws:RequestTag/")
def request_tags(context: RequestContext) -> Mapping[str, str]:
    """The tags in the request. KMS and STS name the members of a tag differently; TagResources has a map."""
    tags = context.facts.members.get("Tags")
    if isinstance(tags, Mapping):
        return tags
    if not isinstance(tags, list):
        return {}
    return {tag[key]: tag[value] for tag in tags for key, value in _TAG_MEMBERS if key in tag}


@condition_key("aws:TagKeys")
def tag_keys(context: RequestContext) -> object:
    """The keys of the tags that the request adds or removes."""
    members = context.facts.members
    return list(request_tags(context)) if "Tags" in members else members.get("TagKeys")


@condition_key_prefix("aws:ResourceTag/")
def resource_tags(context: RequestContext) -> Mapping[str, str]:
    """The key's tags."""
    return context.key.tags if context.key is not None else {}


@condition_key_prefix("aws:PrincipalTag/")
def principal_tags(context: RequestContext) -> Mapping[str, str]:
    """The tags of the caller's session and of the caller itself; those of the session win, their keys in any case."""
    own, session = context.policies.tags or {}, context.facts.principal.session
    if session is None or not session.tags:
        return own
    hidden = {key.lower() for key, _ in session.tags}
    return {**{key: value for key, value in own.items() if key.lower() not in hidden}, **dict(session.tags)}
