"""The types of a seed document, from which msgspec checks documents and makes the JSON Schema.

Those about callers are in `caller_members.py`, those about faults in `fault_members.py`, texts in `member_types.py`.
"""

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Literal

import msgspec
from msgspec import Meta, Struct

from keytrail.domain.custom_key_store import ConnectionErrorCode, ConnectionState
from keytrail.domain.grant import GrantOperation
from keytrail.domain.imported_material import MaterialState
from keytrail.domain.key import KeyState, Origin
from keytrail.domain.key_spec import KeyUsage
from keytrail.domain.last_usage import TrackedOperation
from keytrail.domain.material_history import RotationType
from keytrail.seeds.caller_members import (
    AccountMember,
    CredentialMember,
    IdentityMember,
    OrganizationMember,
    ResourceControlPolicyMember,
    ServiceControlPolicyMember,
)
from keytrail.seeds.fault_members import ExternalErrorMember, FaultMember
from keytrail.seeds.member_types import (
    MATERIAL,
    AccountId,
    AliasName,
    CustomKeyStoreId,
    Description,
    EncryptionContext,
    Members,
    Moment,
    PolicyDocument,
    PrincipalArn,
    RegionName,
    ServiceName,
    Tags,
    Uuid,
)


class LastUsageMember(Members, frozen=True, kw_only=True):
    """The last successful cryptographic operation on a key. Ids that are left out are derived from the key.

    Via is the service that called on behalf of the account, such as s3.
    """

    operation: TrackedOperation
    timestamp: Moment
    via: str | None = None
    cloud_trail_event_id: Uuid | None = None
    kms_request_id: Uuid | None = None


LastUsage = Annotated[LastUsageMember, Meta(examples=[{"Operation": "Decrypt", "Timestamp": "20 days ago"}])]


class PastRotationMember(Members, frozen=True, kw_only=True):
    """A past rotation."""

    rotation_date: Moment
    rotation_type: RotationType = RotationType.AUTOMATIC


OnDemandStart = Annotated[
    Moment, Meta(description="when the rotation on demand that is under way started", examples=["10 seconds ago"])
]
OnDemandEnd = Annotated[Moment, Meta(description="when the rotation on demand will end", examples=["in 10 minutes"])]


class RotationMember(Members, frozen=True, kw_only=True):
    """The past rotations of a key, the oldest first. With a period, the key has automatic rotation.

    PastKeyMaterials are those that each rotation ended; if they are left out, they are derived from the key's id.
    A key of Origin EXTERNAL has only the two dates of a rotation on demand; its past rotations are in KeyMaterials.
    """

    rotation_period_in_days: Annotated[int, Meta(ge=90, le=2560)] | None = None
    next_rotation_date: Moment | None = None
    rotations: list[PastRotationMember] = []
    past_key_materials: list[Annotated[str, Meta(description="base64: 32 raw bytes")]] = []
    on_demand_rotation_start_date: OnDemandStart | None = None
    on_demand_rotation_end_date: OnDemandEnd | None = None


Rotation = Annotated[
    RotationMember, Meta(examples=[{"RotationPeriodInDays": 365, "Rotations": [{"RotationDate": "30 days ago"}]}])
]


class ConstraintsMember(Members, frozen=True, kw_only=True):
    """The constraints of a grant."""

    encryption_context_subset: EncryptionContext | None = None
    encryption_context_equals: EncryptionContext | None = None
    source_arn: (
        Annotated[
            str, Meta(min_length=20, max_length=512, pattern="^arn:aws[a-z0-9-]*:[a-z0-9-]+:[a-z0-9-]*:[0-9]{12}:.+$")
        ]
        | None
    ) = None


Constraints = Annotated[ConstraintsMember, Meta(examples=[{"EncryptionContextSubset": {"tenant": "acme"}}])]


class GrantMember(Members, frozen=True, kw_only=True):
    """A grant on a key. If its id or token is left out, it is derived from the key and the grant's position.

    A grant has several tokens (GrantTokens) if CreateGrant was called for it several times.
    """

    grant_id: Annotated[str, Meta(pattern="^[0-9a-f]{64}$", description="64 hex digits")] | None = None
    grant_token: Annotated[str, Meta(min_length=1, max_length=8192)] | None = None
    grant_tokens: Annotated[
        list[Annotated[str, Meta(min_length=1, max_length=8192)]],
        Meta(description="all tokens, in place of GrantToken, the first one first", examples=[["reader", "reader-2"]]),
    ] = []
    name: Annotated[str, Meta(pattern="^[a-zA-Z0-9:/_-]{1,256}$")] | None = None
    creation_date: Moment | None = None
    issuing_account: AccountId | None = None
    operations: list[GrantOperation]
    grantee_principal: PrincipalArn | None = None
    grantee_service_principal: ServiceName | None = None
    retiring_principal: PrincipalArn | None = None
    retiring_service_principal: ServiceName | None = None
    constraints: Constraints | None = None


Grants = Annotated[
    list[GrantMember],
    Meta(examples=[[{"GranteePrincipal": "arn:aws:iam::111122223333:role/Reader", "Operations": ["Decrypt"]}]]),
]


class ImportState(StrEnum):
    """The ImportState of key material, as in ListKeyRotations."""

    IMPORTED = "IMPORTED"
    PENDING_IMPORT = "PENDING_IMPORT"


ImportValidTo = Annotated[
    Moment,
    Meta(description="when the material expires; if it is past, the material has expired", examples=["in 30 days"]),
]


class ImportedMaterialMember(Members, frozen=True, kw_only=True):
    """One key material of a key of Origin EXTERNAL. If KeyMaterial is left out, it is derived from the key's id."""

    key_material: Annotated[str, Meta(description=MATERIAL)] | None = None
    key_material_description: Annotated[str, Meta(max_length=256)] | None = None
    key_material_state: MaterialState | None = None
    import_state: ImportState | None = None
    valid_to: ImportValidTo | None = None
    rotation_date: Moment | None = None


class ReplicaMaterialMember(Members, frozen=True, kw_only=True):
    """Whether one of the primary key's KeyMaterials is imported into a replica, too, and until when."""

    import_state: Annotated[ImportState, Meta(description="by default IMPORTED", examples=["PENDING_IMPORT"])] = (
        ImportState.IMPORTED
    )
    valid_to: ImportValidTo | None = None


class AliasMember(Members, frozen=True, kw_only=True):
    """An alias with dates of its own; those of an alias without are the key's CreationDate."""

    alias_name: AliasName
    creation_date: Annotated[Moment, Meta(description="by default the key's", examples=["20 days ago"])] | None = None
    last_updated_date: (
        Annotated[Moment, Meta(description="by default its CreationDate", examples=["3 days ago"])] | None
    ) = None


NextKeyState = Annotated[
    Literal["Enabled", "Disabled", "PendingImport"],
    Meta(description="the state after Creating, Updating or Unavailable; by default Enabled", examples=["Disabled"]),
]
NextKeyStateDate = Annotated[
    Moment, Meta(description="when Creating or Updating ends; if not given, never", examples=["in 10 seconds"])
]


class RegionalMember(Members, frozen=True, kw_only=True):
    """The members that each key of a multi-Region set has for itself."""

    key_state: KeyState = KeyState.ENABLED
    description: Description = ""
    next_key_state: NextKeyState | None = None
    next_key_state_date: NextKeyStateDate | None = None
    policy: PolicyDocument | None = None
    tags: Tags = {}
    previously_tagged: Annotated[bool, Meta(description="had tags once: GetResources lists it without any")] = False
    aliases: Annotated[list[AliasName | AliasMember], Meta(examples=[["alias/orders"]])] = []
    creation_date: Moment | None = None
    deletion_date: Moment | None = None
    pending_deletion_window_in_days: Annotated[int, Meta(ge=7, le=30)] | None = None
    last_usage: LastUsage | None = None
    valid_to: Moment | None = None
    grants: Grants = []


class ReplicaMember(RegionalMember, frozen=True, kw_only=True):
    """A replica of a multi-Region primary key."""

    region: RegionName
    key_materials: Annotated[
        list[ReplicaMaterialMember],
        Meta(
            description="of a key of Origin EXTERNAL: one for each of the primary key's, in the same order",
            examples=[[{"ImportState": "PENDING_IMPORT"}]],
        ),
    ] = []


class KeyMember(RegionalMember, frozen=True, kw_only=True):
    """A key. Of a multi-Region set it is the primary key."""

    key_id: Annotated[
        str,
        Meta(
            pattern="^([0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|mrk-[0-9a-f]{32})$",
            description="a lower-case UUID, or `mrk-` and 32 lower-case hex digits",
        ),
    ]
    account: AccountId | None = None
    region: RegionName | None = None
    key_spec: str | None = None
    key_usage: KeyUsage | None = None
    origin: Origin = Origin.AWS_KMS
    key_material: Annotated[str, Meta(description=MATERIAL)] | None = None
    key_material_description: Annotated[str, Meta(max_length=256)] | None = None
    key_materials: (
        Annotated[
            list[ImportedMaterialMember],
            Meta(
                description="of a key of Origin EXTERNAL, the oldest first; `[]`: none was ever imported",
                examples=[[{"ValidTo": "in 30 days"}]],
            ),
        ]
        | None
    ) = None
    rotation: Rotation | None = None
    custom_key_store_id: CustomKeyStoreId | None = None
    xks_key_id: Annotated[str, Meta(pattern="^[a-zA-Z0-9-_.]{1,128}$")] | None = None
    multi_region: bool | None = None
    replicas: Annotated[list[ReplicaMember], Meta(examples=[[{"Region": "eu-west-1"}]])] = []


if TYPE_CHECKING:
    NextConnectionErrorCode = str
else:
    NextConnectionErrorCode = Literal[("NONE", *map(str, ConnectionErrorCode))]


class XksProxyMember(Members, frozen=True, kw_only=True):
    """The XksProxyConfiguration of an external key store."""

    connectivity: Literal["PUBLIC_ENDPOINT", "VPC_ENDPOINT_SERVICE"] = "PUBLIC_ENDPOINT"
    access_key_id: Annotated[str, Meta(pattern="^[A-Z2-7]{20,30}$")]
    uri_endpoint: Annotated[str, Meta(max_length=128, pattern="^https://[a-zA-Z0-9.-]{2,}$")]
    uri_path: Annotated[str, Meta(max_length=128, pattern=r"^(/[a-zA-Z0-9/_-]+)?/kms/xks/v\d{1,2}$")] = "/kms/xks/v1"
    vpc_endpoint_service_name: (
        Annotated[str, Meta(pattern=r"^(com|eu)\.amazonaws\.vpce\.([a-z]+-){2,3}\d+\.vpce-svc-[0-9a-z]+$")] | None
    ) = None
    vpc_endpoint_service_owner: AccountId | None = None


class CustomKeyStoreMember(Members, frozen=True, kw_only=True):
    """A custom key store. If its cluster or proxy is left out, it is derived from the store's id.

    With a ConnectionErrorCode, every attempt to connect fails with it, and so did the last one of a FAILED store. Its
    next ones fail with NextConnectionErrorCode, if there is one.
    """

    custom_key_store_id: CustomKeyStoreId
    custom_key_store_name: Annotated[str, Meta(min_length=1, max_length=256)] | None = None
    custom_key_store_type: Literal["AWS_CLOUDHSM", "EXTERNAL_KEY_STORE"] = "AWS_CLOUDHSM"
    account: AccountId | None = None
    region: RegionName | None = None
    creation_date: Moment | None = None
    connection_state: ConnectionState = ConnectionState.CONNECTED
    next_connection_state_date: (
        Annotated[Moment, Meta(description="when CONNECTING or DISCONNECTING ends", examples=["in 10 minutes"])] | None
    ) = None
    connection_error_code: ConnectionErrorCode | None = None
    next_connection_error_code: (
        Annotated[
            NextConnectionErrorCode,
            Meta(description="of a FAILED store: what the next attempt to connect fails with", examples=["NONE"]),
        ]
        | None
    ) = None
    cloud_hsm_cluster_id: Annotated[str, Meta(pattern="^cluster-[2-7a-zA-Z]{11,16}$")] | None = None
    trust_anchor_certificate: Annotated[str, Meta(min_length=1, max_length=5000)] | None = None
    xks_proxy_configuration: XksProxyMember | None = None


class AwsManagedKeyMember(Members, frozen=True, kw_only=True):
    """The AWS managed key of a service. Its id is derived from account, Region and alias."""

    alias: Annotated[str, Meta(pattern="^alias/aws/[a-z0-9]+$", description="an alias such as alias/aws/s3")]
    account: AccountId | None = None
    region: RegionName | None = None
    creation_date: Moment | None = None
    last_usage: LastUsage | None = None
    grants: Grants = []


class SettingsMember(Members, frozen=True, kw_only=True):
    """The settings that a seed can change, as texts. Each has the name of a field of keytrail.settings.Settings.

    Settings checks the values; Endpoint carries out a change.
    """

    usage_delay: Annotated[str, Meta(description="how late a use shows: ISO 8601, at most PT1H")] | None = None
    consistency_delay: Annotated[str, Meta(description="how late changes show: ISO 8601, or seconds")] | None = None
    request_quotas: Annotated[str, Meta(description="off, aws, aws*0.01, or Symmetric=5,CreateKey=1")] | None = None


class SeedDocument(Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """A seed document."""

    settings: SettingsMember | None = None
    accounts: list[AccountMember] = []
    credentials: list[CredentialMember] = []
    identities: list[IdentityMember] = []
    organization: OrganizationMember | None = None
    organizations: Annotated[
        list[OrganizationMember],
        Meta(description="in place of `organization`, if there are several", examples=[[{"Id": "o-exampleorgid"}]]),
    ] = []
    service_control_policies: list[ServiceControlPolicyMember] = msgspec.field(
        default_factory=list, name="serviceControlPolicies"
    )
    resource_control_policies: list[ResourceControlPolicyMember] = msgspec.field(
        default_factory=list, name="resourceControlPolicies"
    )
    custom_key_stores: list[CustomKeyStoreMember] = msgspec.field(default_factory=list, name="customKeyStores")
    aws_managed_keys: list[AwsManagedKeyMember] = msgspec.field(default_factory=list, name="awsManagedKeys")
    keys: list[KeyMember] = []
    faults: list[FaultMember] = []
    external_errors: Annotated[
        list[ExternalErrorMember],
        Meta(
            description="what goes wrong behind custom key stores",
            examples=[[{"XksKeyId": "external-key", "Error": "XksKeyNotFoundException"}]],
        ),
    ] = msgspec.field(default_factory=list, name="externalErrors")
