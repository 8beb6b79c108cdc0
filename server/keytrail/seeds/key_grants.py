"""The grants of a seeded key: what the members mean, and whether KMS would have made such a grant."""

import hashlib

from keytrail.domain.arn import root_arn
from keytrail.domain.grant import MAX_GRANTS_PER_KEY, Grant, require_valid_grant
from keytrail.domain.grant_constraints import Constraints
from keytrail.domain.key import Key
from keytrail.errors import AwsError
from keytrail.operations.kms.grants import require_fit
from keytrail.seeds.document import ConstraintsMember, GrantMember
from keytrail.seeds.reader import SeedReader


def read_grants(path: str, members: list[GrantMember], key: Key, reader: SeedReader) -> None:
    """Add a key's grants."""
    if len(members) > MAX_GRANTS_PER_KEY:
        reader.problem(path, f"a key has at most {MAX_GRANTS_PER_KEY} grants")
    named: set[tuple[object, ...]] = set()
    for at, member in enumerate(members):
        where = f"{path}[{at}]"
        grant = _grant(where, member, key, _made_up("GrantId", key, at), reader)
        token = member.grant_token or _made_up("GrantToken", key, at)
        try:
            require_valid_grant(
                operations=grant.operations,
                grantee_principal=grant.grantee_principal,
                grantee_service_principal=grant.grantee_service_principal,
                retiring_principal=grant.retiring_principal,
                retiring_service_principal=grant.retiring_service_principal,
                constraints=grant.constraints,
            )
            require_fit(grant, key)
        except AwsError as error:
            reader.problem(where, f"{error.code}: {error.message}")
        if grant.grant_id in reader.seed.grants:
            reader.problem(f"{where}.GrantId", f"{grant.grant_id} stands twice; every grant has an id of its own")
        if token in reader.seed.grant_tokens:
            reader.problem(f"{where}.GrantToken", "stands twice; every grant has a token of its own")
        if grant.name and grant.parameters in named:
            reader.problem(
                f"{where}.Name", f"{grant.name} stands twice with the same members; KMS would make one grant of both"
            )
        reader.seed.grant_tokens.add(token)
        named.add(grant.parameters)
        reader.seed.grants[grant.grant_id] = (grant, token)


def _grant(path: str, member: GrantMember, key: Key, made_up_id: str, reader: SeedReader) -> Grant:
    created = key.creation_date
    if member.creation_date is not None:
        created = reader.past_moment(f"{path}.CreationDate", member.creation_date) or created
        if created < key.creation_date:
            what = f"{created.isoformat()} is before the key's CreationDate {key.creation_date.isoformat()}"
            reader.problem(f"{path}.CreationDate", what)
    constraints = member.constraints or ConstraintsMember()
    return Grant(
        grant_id=member.grant_id or made_up_id,
        key_arn=key.arn,
        name=member.name or "",
        creation_date=created,
        issuing_account=root_arn(key.region, member.issuing_account or key.account),
        operations=tuple(member.operations),
        grantee_principal=member.grantee_principal,
        grantee_service_principal=member.grantee_service_principal,
        retiring_principal=member.retiring_principal,
        retiring_service_principal=member.retiring_service_principal,
        constraints=Constraints(
            constraints.encryption_context_subset, constraints.encryption_context_equals, constraints.source_arn
        ),
    )


def _made_up(member: str, key: Key, at: int) -> str:
    """64 hex digits for a member that no document gave: always the same for the same place."""
    return hashlib.sha256(f"{member}/{key.arn}/{at}".encode()).hexdigest()
