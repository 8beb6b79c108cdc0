"""The grants of a seeded key: what the members mean, and whether KMS would have made such a grant."""

import hashlib
from datetime import datetime

from keytrail.domain.arn import root_arn
from keytrail.domain.grant import MAX_GRANTS_PER_KEY, Grant
from keytrail.domain.grant_constraints import Constraints
from keytrail.domain.key import Key
from keytrail.errors import AwsError
from keytrail.operations.kms.grants import require_fit
from keytrail.seeds.document import ConstraintsMember, GrantMember
from keytrail.seeds.parsing import Wrong, read_relative_moment
from keytrail.seeds.seed import Seed


def read_grants(path: str, members: list[GrantMember], key: Key, seed: Seed, now: datetime, wrong: Wrong) -> None:
    """Add a key's grants to the seed."""
    if len(members) > MAX_GRANTS_PER_KEY:
        wrong(path, f"a key has at most {MAX_GRANTS_PER_KEY} grants")
    named: set[tuple[object, ...]] = set()
    for at, member in enumerate(members):
        where = f"{path}[{at}]"
        grant = _grant(where, member, key, now, made_up=_made_up("GrantId", key, at), wrong=wrong)
        token = member.grant_token or _made_up("GrantToken", key, at)
        try:
            grant.require_valid()
            require_fit(grant, key)
        except AwsError as error:
            wrong(where, f"{error.code}: {error.message}")
        if grant.grant_id in seed.grants:
            wrong(f"{where}.GrantId", f"{grant.grant_id} stands twice; every grant has an id of its own")
        if token in seed.tokens:
            wrong(f"{where}.GrantToken", "stands twice; every grant has a token of its own")
        if grant.name and grant.parameters in named:
            wrong(f"{where}.Name", f"{grant.name} stands twice with the same members; KMS would make one grant of both")
        seed.tokens.add(token)
        named.add(grant.parameters)
        seed.grants[grant.grant_id] = (grant, token)


def _grant(where: str, member: GrantMember, key: Key, now: datetime, *, made_up: str, wrong: Wrong) -> Grant:
    created = key.creation_date
    if member.creation_date is not None:
        try:
            created = read_relative_moment(member.creation_date, now)
        except ValueError as error:
            wrong(f"{where}.CreationDate", str(error))
        if created > now:
            wrong(f"{where}.CreationDate", f"{created.isoformat()} is still to come; give a moment in the past")
        elif created < key.creation_date:
            wrong(
                f"{where}.CreationDate",
                f"{created.isoformat()} is before the key's CreationDate {key.creation_date.isoformat()}",
            )
    asked = member.constraints or ConstraintsMember()
    return Grant(
        grant_id=member.grant_id or made_up,
        key_arn=key.arn,
        name=member.name or "",
        creation_date=created,
        issuing_account=root_arn(key.region, member.issuing_account or key.account),
        operations=tuple(member.operations),
        grantee_principal=member.grantee_principal,
        grantee_service_principal=member.grantee_service_principal,
        retiring_principal=member.retiring_principal,
        retiring_service_principal=member.retiring_service_principal,
        constraints=Constraints(asked.encryption_context_subset, asked.encryption_context_equals, asked.source_arn),
    )


def _made_up(member: str, key: Key, at: int) -> str:
    """64 hex digits for a member that no document gave: always the same for the same place."""
    return hashlib.sha256(f"{member}/{key.arn}/{at}".encode()).hexdigest()
