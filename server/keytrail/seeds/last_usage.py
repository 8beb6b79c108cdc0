"""Reading the last usage of a key, and the CloudTrail event of that use."""

from keytrail.domain.forwarding_service import ForwardingService
from keytrail.domain.key import Key
from keytrail.domain.key_spec import KeyUsage
from keytrail.operations.kms import OPERATIONS
from keytrail.seeds.document import LastUsageMember
from keytrail.seeds.reader import SeedReader
from keytrail.seeds.usage_event import derived_id, usage_event
from keytrail.trail import Use


def usage_of(operation: str) -> KeyUsage:
    """The KeyUsage that a tracked operation needs."""
    usage = OPERATIONS[operation].usage
    assert usage is not None
    return usage


def read_last_usage(path: str, member: LastUsageMember, key: Key, reader: SeedReader) -> None:
    """Add a key's last use, and the event of that use."""
    usage = usage_of(member.operation)
    if usage is not key.usage:
        reader.add_problem(
            f"{path}.Operation", f"{member.operation} needs KeyUsage {usage}; this key is for {key.usage}"
        )
    when = reader.past_moment(f"{path}.Timestamp", member.timestamp)
    if when is None:
        return
    if when < key.creation_date:
        reader.add_problem(
            f"{path}.Timestamp",
            f"{when.isoformat()} is before the key's CreationDate {key.creation_date.isoformat()}",
        )
    use = Use(
        member.operation,
        when,
        member.cloud_trail_event_id or derived_id("CloudTrailEventId", key.arn),
        member.kms_request_id or derived_id("KmsRequestId", key.arn),
    )
    if member.cloud_trail_event_id is None:
        reader.seed.derived_event_ids.add(use.event_id)
    _add_event(path, use, key, _via(path, member, reader), reader)
    # GetKeyLastUsage does not know of uses before tracking began; only the event does.
    if when >= reader.settings.tracking_start:
        reader.seed.uses.append((key.arn, use))


def _via(path: str, member: LastUsageMember, reader: SeedReader) -> ForwardingService | None:
    if member.via is None:
        return None
    try:
        return ForwardingService.read(member.via)
    except ValueError as error:
        reader.add_problem(f"{path}.Via", str(error))
        return None


def _add_event(path: str, use: Use, key: Key, via: ForwardingService | None, reader: SeedReader) -> None:
    resources: tuple[tuple[str, str], ...] = ((key.account, key.arn),)
    other = reader.seed.events.get(use.event_id)
    first = reader.first_place(f"{path}.CloudTrailEventId", f"event {use.event_id}")
    if other is not None:
        both = other.name == use.operation == "ReEncrypt" and other.time == use.timestamp
        if not both or other.recipient != key.account or other.region != key.region:
            reader.add_problem(
                f"{path}.CloudTrailEventId",
                f"{use.event_id} appears twice, first at {first}; only the event of a ReEncrypt has two keys",
            )
        resources = (*(other.resources or ()), *resources)
    reader.seed.events[use.event_id] = usage_event(use, key, resources, via)
