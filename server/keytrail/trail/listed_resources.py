"""The Resources of LookupEvents: names as the request and the answer have them, not the resources of the record.

Source: events of KMS and STS as LookupEvents gave them (radkawar/stackd, cloudtrail/service_management_events.json,
2026-09): a read names its key as it was sent, and a Decrypt without KeyId names nothing.
"""

from collections.abc import Iterator, Mapping

from keytrail.trail.event import RESOURCE_TYPE, Event

ListedResources = tuple[tuple[str, str | None], ...]
"""(ResourceName, ResourceType) of each; None: the entry has no ResourceType."""

_SENT = ("SourceKeyId", "KeyId", "DestinationKeyId", "AliasName", "TargetKeyId")
# unverified: aliases, and a ReEncrypt that has both keys; no such event is in AWS's docs or recordings

_METADATA = ("KeyMetadata", "ReplicaKeyMetadata")
_TYPED_READS = frozenset({"GetPublicKey"})


def listed_resources(event: Event) -> ListedResources:
    """The Resources of an event, each name once."""
    request, answer = event.request_parameters or {}, event.response_elements
    if event.source != "kms.amazonaws.com":
        return tuple(dict.fromkeys(_of_session(request, answer))) if answer is not None else ()
    kind = None if event.read_only and event.name not in _TYPED_READS else RESOURCE_TYPE
    sent = request.get("KeyId")
    if answer is None and isinstance(sent, str):  # nearly all events; what follows would do for them, too
        return ((sent, kind),)
    names = [request[member] for member in _SENT if member in request]
    if answer is not None:
        names += _told(answer)
    if not names:
        return ()
    return tuple([(name, kind) for name in dict.fromkeys(names) if isinstance(name, str)])


def _told(answer: Mapping[str, object]) -> Iterator[object]:
    if "KeyId" in answer:
        yield answer["KeyId"]
    for member in _METADATA:
        metadata = answer.get(member)
        if isinstance(metadata, Mapping):
            yield metadata["KeyId"]
            yield metadata["Arn"]


def _of_session(request: Mapping[str, object], answer: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    """The access key that STS gave out, and the role that it is of."""
    credentials, user = answer.get("Credentials"), answer.get("AssumedRoleUser")
    if isinstance(credentials, Mapping):
        yield credentials["AccessKeyId"], "AWS::IAM::AccessKey"
    if isinstance(user, Mapping):
        for name in (user["Arn"], user["AssumedRoleId"], request["RoleSessionName"]):
            yield str(name), "AWS::STS::AssumedRole"
        yield str(request["RoleArn"]), "AWS::IAM::Role"
