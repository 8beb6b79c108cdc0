"""Reading the state of a key, with its creation date and its deletion date."""

from datetime import datetime, timedelta

from keytrail.domain.key import CUSTOM_KEY_STORE_ORIGINS, Key, KeyState, Origin
from keytrail.seeds.document import KeyMember, RegionalMember
from keytrail.seeds.moments import read_relative_moment
from keytrail.seeds.reader import SeedReader


def read_creation_date(path: str, member: RegionalMember, primary: Key | None, reader: SeedReader) -> datetime:
    """The CreationDate of a key; if the seed has none, a date that fits its past and its primary key."""
    if member.creation_date is None:
        if primary is not None:
            return primary.creation_date
        # A key is at least as old as its past, and a primary key at least as old as its replicas.
        uses, dates = [member.last_usage], []
        if isinstance(member, KeyMember):
            uses += [replica.last_usage for replica in member.replicas if replica.creation_date is None]
            dates = [past.rotation_date for past in member.rotation.rotations] if member.rotation else []
            dates += [past.rotation_date for past in member.key_materials if past.rotation_date is not None]
        dates += [use.timestamp for use in uses if use is not None]
        try:
            past = [read_relative_moment(date, reader.now) for date in dates]
            return min([*past, reader.now])
        except ValueError:
            return reader.now
    return reader.past_moment(f"{path}.CreationDate", member.creation_date) or reader.now


def read_state(
    path: str, member: RegionalMember, key_id: str, origin: Origin, reader: SeedReader
) -> tuple[KeyState, datetime | None, int | None]:
    """A key's state, its DeletionDate, and its waiting period in days if it is in PendingReplicaDeletion."""
    state = member.key_state
    multi_region = key_id.startswith("mrk-")
    replicated = isinstance(member, KeyMember) and bool(member.replicas)
    needs = {
        KeyState.PENDING_IMPORT: (origin is Origin.EXTERNAL, "Origin: EXTERNAL"),
        KeyState.UNAVAILABLE: (
            origin in CUSTOM_KEY_STORE_ORIGINS,
            "Origin: AWS_CLOUDHSM or EXTERNAL_KEY_STORE",
        ),
        KeyState.CREATING: (multi_region, "a multi-Region key"),
        KeyState.UPDATING: (multi_region, "a multi-Region key"),
        KeyState.PENDING_REPLICA_DELETION: (replicated, "a multi-Region primary key with Replicas"),
    }
    met, needed = needs.get(state, (True, ""))
    if not met:
        reader.add_problem(f"{path}.KeyState", f"{state} needs {needed}")
    if state is KeyState.PENDING_DELETION and replicated:
        reader.add_problem(f"{path}.KeyState", "a primary key with replicas has PendingReplicaDeletion instead")
    window = None
    if state is KeyState.PENDING_REPLICA_DELETION:
        window = member.pending_deletion_window_in_days or 30
    elif member.pending_deletion_window_in_days is not None:
        reader.add_problem(f"{path}.PendingDeletionWindowInDays", "needs KeyState: PendingReplicaDeletion")
    date = None
    if member.deletion_date is not None:
        date = reader.moment(f"{path}.DeletionDate", member.deletion_date)
        if state is not KeyState.PENDING_DELETION:
            reader.add_problem(f"{path}.DeletionDate", "needs KeyState: PendingDeletion")
        elif date is not None and date <= reader.now:
            reader.add_problem(f"{path}.DeletionDate", "is in the past, so the key would be deleted; leave the key out")
    elif state is KeyState.PENDING_DELETION:
        date = reader.now + timedelta(days=30)
    return state, date, window
