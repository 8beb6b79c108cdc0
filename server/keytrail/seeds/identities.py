"""Reading the users and roles of a seed."""

from keytrail.authorization.policy import PolicyType
from keytrail.domain.identity import Identity
from keytrail.domain.principal import Principal
from keytrail.seeds.caller_members import IdentityMember
from keytrail.seeds.member_types import PolicyDocument
from keytrail.seeds.reader import SeedReader


def read_identity(path: str, member: IdentityMember, reader: SeedReader) -> None:
    """Add a user or a role."""
    try:
        principal = Principal.from_arn(member.arn)
    except ValueError:
        principal = None
    if principal is None or principal.kind not in ("user", "role"):
        message = f"expected the ARN of a user or a role, got {member.arn!r}; for a session, give its role"
        reader.add_problem(f"{path}.Arn", message)
        return
    if principal.kind == "role" and member.arn not in reader.seed.identities:
        role = f"the role {member.arn.rpartition('/')[2]} of account {principal.account}"
        reader.require_once(f"{path}.Arn", role, "its name is unique in the account, whatever the path")
    reader.require_once(f"{path}.Arn", member.arn, "keep one")
    if member.trust_policy is not None and principal.kind != "role":
        reader.add_problem(f"{path}.TrustPolicy", "only a role has this; leave it out")
    if member.max_session_duration is not None and principal.kind != "role":
        reader.add_problem(f"{path}.MaxSessionDuration", "only a role has this; leave it out")

    def policy(name: str, document: PolicyDocument | None, policy_type: PolicyType) -> str | None:
        return reader.policy(f"{path}.{name}", document, policy_type) if document is not None else None

    reader.seed.identities[member.arn] = Identity(
        arn=member.arn,
        account=principal.account,
        policies={
            name: reader.policy(f"{path}.Policies.{name}", document, PolicyType.IDENTITY)
            for name, document in member.policies.items()
        },
        permissions_boundary=policy("PermissionsBoundary", member.permissions_boundary, PolicyType.BOUNDARY),
        trust_policy=policy("TrustPolicy", member.trust_policy, PolicyType.TRUST),
        max_session_duration=member.max_session_duration or 3600,
        tags=member.tags,
    )
