"""What a recording asks of a Region and of each key in it, and the answers."""

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from keytrail.recording.calls import UNKNOWN_CALLER, Service, plain
from keytrail.recording.refusals import Refused, Stopped

Answers = dict[str, Any]
"""The answers about a key, by the name of the operation: the reply, or the items of its pages."""


class Listing(NamedTuple):
    """The keys and aliases of a Region of an account."""

    account: str
    region: str
    keys: list[str]
    """The ARNs of the keys."""
    aliases: list[list[str]]
    """Pairs: the name of an alias, and the id of its key."""
    refused: dict[str, str]
    """The code of the error, by operation: AssumeRole, ListKeys, ListAliases."""

    @property
    def is_known(self) -> bool:
        """Whether AWS has listed the keys."""
        return not {"AssumeRole", "ListKeys"} & self.refused.keys()


class AboutKey(NamedTuple):
    """What AWS answers about a key."""

    arn: str
    answers: Answers
    refused: dict[str, str]
    """The code of the error, by operation; with that of DescribeKey there are no answers."""

    @property
    def metadata(self) -> dict[str, Any]:
        """The KeyMetadata of DescribeKey."""
        metadata: dict[str, Any] = self.answers["DescribeKey"]
        return metadata

    @property
    def is_known(self) -> bool:
        """Whether AWS has described the key."""
        return "DescribeKey" in self.answers


def list_region(account: str, region: str, kms: Service) -> Listing:
    """The keys and aliases of a Region. Raises Stopped."""
    refused: dict[str, str] = {}

    def items(operation: str, part: str, limit: int) -> list[Any]:
        try:
            return list(kms.pages(operation, part, Limit=limit))
        except Refused as refusal:
            refused[operation] = str(refusal)
            return []

    keys = [entry["KeyArn"] for entry in items("ListKeys", "Keys", 1000)]
    aliases = items("ListAliases", "Aliases", 100) if "ListKeys" not in refused else []
    pairs = [[entry["AliasName"], entry["TargetKeyId"]] for entry in aliases if "TargetKeyId" in entry]
    return Listing(account, region, keys, pairs, refused)


def ask_about(arn: str, kms: Service, cloudtrail: Service | None) -> AboutKey:
    """All that AWS answers about a key; with CloudTrail, the event of its last use too. Raises Stopped."""
    answers: Answers = {}
    refused: dict[str, str] = {}
    for operation in _questions(answers, cloudtrail):
        try:
            service = cloudtrail if cloudtrail is not None and operation == "LookupEvents" else kms
            answers[operation] = plain(_QUESTIONS[operation](service, arn, answers))
        except Refused as refusal:
            if str(refusal) in UNKNOWN_CALLER:  # the Region knew the caller when it listed the key
                raise Stopped(f"{operation}: {refusal}; start again with valid credentials to continue") from None
            refused[operation] = str(refusal)
    return AboutKey(arn, answers, refused)


def _questions(answers: Answers, cloudtrail: Service | None) -> Iterator[str]:
    """The operations to call, each when those before it have been answered."""
    yield "DescribeKey"
    metadata = answers.get("DescribeKey")
    if metadata is None:
        return
    if metadata["KeyManager"] == "CUSTOMER":
        yield from ("GetKeyPolicy", "ListResourceTags", "ListGrants")
        symmetric, origin = metadata.get("KeySpec") == "SYMMETRIC_DEFAULT", metadata.get("Origin")
        if symmetric and origin == "AWS_KMS":
            yield "GetKeyRotationStatus"
        if symmetric and origin in ("AWS_KMS", "EXTERNAL"):
            yield "ListKeyRotations"
    yield "GetKeyLastUsage"
    if cloudtrail is not None and answers.get("GetKeyLastUsage"):
        yield "LookupEvents"


def _grants(kms: Service, arn: str, _: Answers) -> list[Any]:
    return list(kms.pages("ListGrants", "Grants", KeyId=arn, Limit=100))


def _tags(kms: Service, arn: str, _: Answers) -> list[Any]:
    return list(kms.pages("ListResourceTags", "Tags", KeyId=arn, Limit=50))


def _rotations(kms: Service, arn: str, _: Answers) -> list[Any]:
    return list(kms.pages("ListKeyRotations", "Rotations", KeyId=arn, IncludeKeyMaterial="ALL_KEY_MATERIAL"))


def _invoked_by(cloudtrail: Service, _: str, answers: Answers) -> str | None:
    """The service that made the last use on a caller's behalf; None if none did, or the event is gone."""
    event_id = answers["GetKeyLastUsage"]["CloudTrailEventId"]
    attribute = {"AttributeKey": "EventId", "AttributeValue": event_id}
    events = cloudtrail.ask("LookupEvents", LookupAttributes=[attribute])["Events"]
    identities = [json.loads(event["CloudTrailEvent"]).get("userIdentity") or {} for event in events]
    return next((identity["invokedBy"] for identity in identities if "invokedBy" in identity), None)


_QUESTIONS: Mapping[str, Callable[[Service, str, Answers], Any]] = {
    "DescribeKey": lambda kms, arn, _: kms.ask("DescribeKey", KeyId=arn)["KeyMetadata"],
    "GetKeyPolicy": lambda kms, arn, _: kms.ask("GetKeyPolicy", KeyId=arn, PolicyName="default")["Policy"],
    "ListResourceTags": _tags,
    "ListGrants": _grants,
    "GetKeyRotationStatus": lambda kms, arn, _: kms.ask("GetKeyRotationStatus", KeyId=arn),
    "ListKeyRotations": _rotations,
    "GetKeyLastUsage": lambda kms, arn, _: kms.ask("GetKeyLastUsage", KeyId=arn).get("KeyLastUsage") or {},
    "LookupEvents": _invoked_by,
}
"""By operation: how it is asked about a key, and which part of the reply is kept."""
