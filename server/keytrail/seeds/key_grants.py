"""Reading the grants of a key, with the checks of CreateGrant."""

import hashlib

from keytrail.domain.arn import root_arn
from keytrail.domain.grant import MAX_GRANTS_PER_KEY, Grant, require_valid_grant
from keytrail.domain.grant_constraints import Constraints
from keytrail.domain.key import Key
from keytrail.domain.principal import is_unique_id
from keytrail.errors import AwsError
from keytrail.operations.kms.grants import require_valid_for_key
from keytrail.seeds.document import ConstraintsMember, GrantMember
from keytrail.seeds.reader import SeedReader


def read_grants(path: str, members: list[GrantMember], key: Key, reader: SeedReader) -> None:
    """Add a key's grants."""
    if len(members) > MAX_GRANTS_PER_KEY:
        reader.add_problem(path, f"a key has at most {MAX_GRANTS_PER_KEY} grants")
    named: dict[tuple[object, ...], str] = {}
    for index, member in enumerate(members):
        item_path = f"{path}[{index}]"
        grant = _grant(item_path, member, key, _derived("GrantId", key, index), reader)
        tokens = _tokens(item_path, member, _derived("GrantToken", key, index), reader)
        try:
            require_valid_grant(
                operations=grant.operations,
                grantee_principal=grant.grantee_principal,
                grantee_service_principal=grant.grantee_service_principal,
                retiring_principal=grant.retiring_principal,
                retiring_service_principal=grant.retiring_service_principal,
                constraints=grant.constraints,
            )
            require_valid_for_key(grant, key)
        except AwsError as error:
            reader.add_problem(item_path, f"{error.code}: {error.message}")
        for name, principal in (
            ("GranteePrincipal", grant.grantee_principal),
            ("RetiringPrincipal", grant.retiring_principal),
        ):
            if principal is not None and is_unique_id(principal):
                reader.add_problem(f"{item_path}.{name}", f"{principal} is a unique id; give the principal's ARN")
        reader.require_once(f"{item_path}.GrantId", f"grant {grant.grant_id}", "every grant has its own id")
        for place, token in tokens.items():
            reader.require_once(place, f"the token {token}", "every grant has its own token")
        first = named.setdefault(grant.parameters, item_path)
        if grant.name and first != item_path:
            reader.add_problem(
                f"{item_path}.Name",
                f"{grant.name} appears twice with the same members, first at {first}; "
                "KMS would create one grant for both",
            )
        reader.seed.grants[grant.grant_id] = (grant, tuple(tokens.values()))


def _tokens(path: str, member: GrantMember, derived: str, reader: SeedReader) -> dict[str, str]:
    """The tokens of a grant, each with its path."""
    if not member.grant_tokens:
        return {f"{path}.GrantToken": member.grant_token or derived}
    if member.grant_token is not None:
        reader.add_problem(f"{path}.GrantToken", "is in place of GrantTokens; list it there")
    return {f"{path}.GrantTokens[{index}]": token for index, token in enumerate(member.grant_tokens)}


def _grant(path: str, member: GrantMember, key: Key, derived_id: str, reader: SeedReader) -> Grant:
    created = key.creation_date
    if member.creation_date is not None:
        created = reader.past_moment(f"{path}.CreationDate", member.creation_date) or created
        if created < key.creation_date:
            message = f"{created.isoformat()} is before the key's CreationDate {key.creation_date.isoformat()}"
            reader.add_problem(f"{path}.CreationDate", message)
    constraints = member.constraints or ConstraintsMember()
    return Grant(
        grant_id=member.grant_id or derived_id,
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


def _derived(member: str, key: Key, position: int) -> str:
    """64 hex digits for a member that the document leaves out: always the same for the same key and position."""
    return hashlib.sha256(f"{member}/{key.arn}/{position}".encode()).hexdigest()
