"""The members of a seed document about callers: access keys, users and roles, and their organization."""

from typing import Annotated

from msgspec import Meta

from keytrail.seeds.member_types import AccountId, Members, Moment, PolicyDocument, RootId, Tags, UnitId


class AccountMember(Members, frozen=True, kw_only=True):
    """An account, and access keys of its root."""

    account: AccountId
    access_key_ids: list[Annotated[str, Meta(min_length=1)]]


class CredentialMember(Members, frozen=True, kw_only=True):
    """An access key, and the principal that it belongs to."""

    access_key_id: Annotated[str, Meta(min_length=1)]
    secret_access_key: (
        Annotated[str, Meta(min_length=1, description="if not given, any secret is right", examples=["auditor-secret"])]
        | None
    ) = None
    session_token: Annotated[str, Meta(min_length=1, description="of temporary credentials")] | None = None
    expiration: Moment | None = None
    principal: Annotated[
        str, Meta(description="ARN of a user, role, role session or account root; or a service: s3.amazonaws.com")
    ]
    account: Annotated[AccountId, Meta(description="12 digits, in quotes: on whose behalf a service calls")] | None = (
        None
    )


class IdentityMember(Members, frozen=True, kw_only=True):
    """A user or a role, and its policies by name, inline and managed alike."""

    arn: Annotated[str, Meta(min_length=20, description="ARN of a user or role")]
    policies: dict[str, PolicyDocument] = {}
    permissions_boundary: PolicyDocument | None = None
    trust_policy: PolicyDocument | None = None
    max_session_duration: Annotated[int, Meta(ge=3600, le=43_200, description="seconds; 3600 if not given")] | None = (
        None
    )
    tags: Tags = {}


class ControlPolicyMember(Members, frozen=True, kw_only=True):
    """A policy of an organization. Outside of one it names the accounts that it applies to."""

    arn: str
    policy: PolicyDocument
    accounts: list[AccountId] = []


class ServiceControlPolicyMember(ControlPolicyMember, frozen=True, kw_only=True):
    """A service control policy, which limits an account's principals."""

    arn: Annotated[
        str,
        Meta(
            pattern="^arn:aws[a-z-]*:organizations::([0-9]{12}|aws):policy/.+$",
            description="an ARN such as arn:aws:organizations::111122223333:policy/o-1/service_control_policy/p-1",
        ),
    ]


class ResourceControlPolicyMember(ControlPolicyMember, frozen=True, kw_only=True):
    """A resource control policy, which limits what anybody may do with an account's resources."""

    arn: Annotated[
        str,
        Meta(
            pattern="^arn:aws[a-z-]*:organizations::([0-9]{12}|aws):policy/(.+/)?resource_control_policy/.+$",
            description="an ARN such as arn:aws:organizations::111122223333:policy/o-1/resource_control_policy/p-1",
        ),
    ]


class AttachedPolicies(Members, frozen=True, kw_only=True):
    """The policies that are attached to a place in an organization."""

    service_control_policies: list[ServiceControlPolicyMember] = []
    resource_control_policies: list[ResourceControlPolicyMember] = []


class MemberAccountMember(AttachedPolicies, frozen=True, kw_only=True):
    """An account of an organization."""

    account: AccountId


class OrganizationalUnitMember(AttachedPolicies, frozen=True, kw_only=True):
    """An organizational unit, with its accounts and units."""

    name: str | None = None
    id: UnitId | None = None
    accounts: list[MemberAccountMember] = []
    organizational_units: list["OrganizationalUnitMember"] = []


class OrganizationMember(AttachedPolicies, frozen=True, kw_only=True):
    """An organization. Its policies are attached to its root."""

    id: Annotated[str, Meta(pattern="^o-[a-z0-9]{4,32}$", description="an id such as o-exampleorgid")]
    root_id: RootId | None = None
    management_account: AccountId | None = None
    accounts: list[MemberAccountMember] = []
    organizational_units: list[OrganizationalUnitMember] = []
