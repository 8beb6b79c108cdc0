"""Reading the state of a key, with its creation date and its deletion date."""

from datetime import datetime, timedelta
from typing import Any

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
            dates += [past.rotation_date for past in member.key_materials or () if past.rotation_date is not None]
        dates += [use.timestamp for use in uses if use is not None]
        try:
            past = [read_relative_moment(date, reader.now) for date in dates]
            return min([*past, reader.now])
        except ValueError:
            return reader.now
    return reader.past_moment(f"{path}.CreationDate", member.creation_date) or reader.now


def read_state(path: str, member: RegionalMember, key_id: str, origin: Origin, reader: SeedReader) -> dict[str, Any]:
    """The fields of Key for its state, for the one that follows, and for its deletion."""
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
    return {
        "state": state,
        "deletion_date": date,
        "pending_window_in_days": window,
        **_next_state(path, member, reader),
    }


def _next_state(path: str, member: RegionalMember, reader: SeedReader) -> dict[str, Any]:
    """The fields of Key for the state that follows a state that passes, and for when it does."""
    state, following = member.key_state, KeyState(member.next_key_state or KeyState.ENABLED)
    passing = state in (KeyState.CREATING, KeyState.UPDATING)
    if member.next_key_state is not None:
        wrong = {
            state is KeyState.UNAVAILABLE: following is KeyState.PENDING_IMPORT,
            passing: following is KeyState.DISABLED or member.next_key_state_date is None,
        }
        if wrong.get(True, True):
            reader.add_problem(
                f"{path}.NextKeyState",
                "is Enabled or PendingImport for Creating and Updating, which need a NextKeyStateDate too; "
                "for Unavailable it is Enabled or Disabled; other states have none",
            )
    if member.next_key_state_date is None:
        return {"next_state": following} if state is KeyState.UNAVAILABLE else {}
    date_path = f"{path}.NextKeyStateDate"
    date = reader.moment(date_path, member.next_key_state_date)
    if not passing:
        reader.add_problem(date_path, "needs KeyState: Creating or Updating")
    elif date is not None and date <= reader.now:
        reader.add_problem(date_path, "is in the past; describe the key in the state that followed")
    return {"next_state": following, "settles_at": date}
