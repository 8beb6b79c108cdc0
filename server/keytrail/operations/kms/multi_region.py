"""Multi-Region keys: replicate one, move the primary. Source: KMS Developer Guide, "Multi-Region keys in AWS KMS"."""

from collections.abc import Mapping, Sequence

from keytrail.call import Call, Reply
from keytrail.domain import key as states
from keytrail.domain.arn import key_arn
from keytrail.domain.key import Key, KeyState, Origin
from keytrail.domain.key_policy import default_key_policy, printed
from keytrail.domain.key_spec import require_in_region
from keytrail.domain.multi_region import replica_exists, require_replicable
from keytrail.domain.refusals import not_a_primary_key
from keytrail.domain.tag import read_tags
from keytrail.errors import KMSInvalidStateException, ValidationException
from keytrail.operation import operation
from keytrail.operations.kms.key_metadata import key_metadata
from keytrail.trail import Event, new_event_id


@operation(
    states=states.REPLICABLE,
    logged_defaults=("Description", "BypassPolicyLockoutSafetyCheck"),
    logged_reply="reply",
    quota=5,
)
def replicate_key(
    call: Call,
    key: Key,
    *,
    replica_region: str,
    policy: str | None = None,
    bypass_policy_lockout_safety_check: bool = False,
    description: str = "",
    tags: Sequence[Mapping[str, str]] = (),
) -> Reply:
    """Create a replica of a primary key in another Region, with its own description, policy and tags."""
    call.authorize_on("*", "kms:CreateKey")
    if tags:
        call.authorize_on("*", "kms:TagResource")
    related = call.store.multi_region_set(key)
    if related is None or related.primary != key.region:
        raise not_a_primary_key(key.arn)
    require_replicable(key.region, replica_region, call.settings.extra_regions)
    if replica_region in related.replicas:
        raise replica_exists()
    require_in_region(key.spec, replica_region)
    if policy is not None:
        call.authorizer.check_key_policy(call, policy, key, bypass_lockout=bypass_policy_lockout_safety_check)
    replica = Key(
        account=key.account,
        region=replica_region,
        key_id=key.key_id,
        creation_date=call.now,
        description=description,
        spec=key.spec,
        usage=key.usage,
        origin=key.origin,
        # Imported material has to be imported into each replica too.
        state=KeyState.PENDING_IMPORT if key.origin is Origin.EXTERNAL else KeyState.ENABLED,
        material=key.material,
        policy=policy,
        tags=read_tags((tag["TagKey"], tag["TagValue"]) for tag in tags),
    ).enter(KeyState.CREATING, call.now + call.settings.transition_time.creating)
    call.writable_store.add_replica(key, replica, call.states)
    metadata = key_metadata(replica, call.store.multi_region_set(replica))
    call.further_events.append(_creation(call, replica, metadata))
    reply: dict[str, object] = {
        "ReplicaKeyMetadata": metadata,
        "ReplicaPolicy": printed(policy or default_key_policy(replica_region, key.account)),
    }
    if tags:
        reply["ReplicaTags"] = list(tags)
    return reply


def _creation(call: Call, replica: Key, metadata: Mapping[str, object]) -> Event:
    """The event CreateKey of a replication, in the replica's Region."""
    return Event(
        event_id=new_event_id(),
        request_id=call.request_id,
        time=call.now,
        name="CreateKey",
        region=replica.region,
        principal=call.principal,
        recipient=replica.account,
        read_only=False,
        # unverified: which members this record shows, here those of any CreateKey; not in AWS's docs or recordings
        request_parameters={
            "BypassPolicyLockoutSafetyCheck": False,
            "CustomerMasterKeySpec": replica.spec,
            "Description": replica.description,
            "KeySpec": replica.spec,
            "KeyUsage": replica.usage,
            "MultiRegion": True,
            "Origin": replica.origin,
        },
        response_elements={"KeyMetadata": metadata},
        resources=((replica.account, replica.arn),),
        invoked_by="kms.amazonaws.com",
    )


@operation(states=states.USABLE, logged_reply="key", quota=5)
def update_primary_region(call: Call, key: Key, *, primary_region: str) -> None:
    """Make a replica the primary key, and the primary key a replica, at once; both are Updating for a while.

    Nothing happens if the Region already is the primary key's.
    """
    related = call.store.multi_region_set(key)
    if related is None:
        raise not_a_primary_key(key.arn)  # unverified: for a single-Region key; not in AWS's recordings or issues
    if related.primary != key.region:
        raise KMSInvalidStateException(f"{key.arn} is not a multi-Region primary key.")
    if primary_region == key.region:
        return
    if primary_region not in related.replicas:
        raise ValidationException(f"{key.key_id} does not have a replica key in the specified Region.")
    arn = key_arn(primary_region, key.account, key.key_id)
    call.authorize(call.store.newest.require_key(arn), in_event=False)
    until = call.now + call.settings.transition_time.updating

    def updating(newest: Key) -> Key:
        newest.require_state(call.states)
        return newest.enter(KeyState.UPDATING, until)

    replica = call.writable_store.move_primary(key, primary_region, updating)
    call.further_events.append(
        Event(
            event_id=new_event_id(),
            request_id=call.request_id,
            time=call.now,
            name=call.operation,
            region=primary_region,
            principal=call.principal,
            recipient=replica.account,
            read_only=False,
            request_parameters={"KeyId": arn, "PrimaryRegion": primary_region},
            response_elements={"KeyId": arn},
            invoked_by="kms.amazonaws.com",
        )
    )
