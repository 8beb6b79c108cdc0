"""The types of a seed document, from which msgspec checks documents and makes the JSON Schema.

Those about callers are in `caller_members.py`, those of texts in `member_types.py`.
"""

from enum import StrEnum
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct

from keytrail.domain.custom_key_store import ConnectionErrorCode
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
from keytrail.seeds.member_types import (
    MATERIAL,
    AccountId,
    AliasName,
    CustomKeyStoreId,
    Description,
    EncryptionContext,
    FaultService,
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


class RotationMember(Members, frozen=True, kw_only=True):
    """The past rotations of a key, the oldest first. With a period, the key has automatic rotation.

    PastKeyMaterials are those that each rotation ended; if they are left out, they are derived from the key's id.
    """

    rotation_period_in_days: Annotated[int, Meta(ge=90, le=2560)] | None = None
    next_rotation_date: Moment | None = None
    rotations: list[PastRotationMember] = []
    past_key_materials: list[Annotated[str, Meta(description="base64: 32 raw bytes")]] = []


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
    """A grant on a key. If its id or token is left out, it is derived from the key and the grant's position."""

    grant_id: Annotated[str, Meta(pattern="^[0-9a-f]{64}$", description="64 hex digits")] | None = None
    grant_token: Annotated[str, Meta(min_length=1, max_length=8192)] | None = None
    name: Annotated[str, Meta(pattern="^[a-zA-Z0-9:/_-]{1,256}$")] | None = None
    creation_date: Moment | None = None
    issuing_account: AccountId | None = None
    operations: list[GrantOperation]
    grantee_principal: PrincipalArn | None = None
    grantee_service_principal: ServiceName | None = None
    retiring_principal: PrincipalArn | None = None
    retiring_service_principal: ServiceName | None = None
    constraints: Constraints | None = None


class ImportState(StrEnum):
    """The ImportState of key material, as in ListKeyRotations."""

    IMPORTED = "IMPORTED"
    PENDING_IMPORT = "PENDING_IMPORT"


class ImportedMaterialMember(Members, frozen=True, kw_only=True):
    """One key material of a key of Origin EXTERNAL. If KeyMaterial is left out, it is derived from the key's id."""

    key_material: Annotated[str, Meta(description=MATERIAL)] | None = None
    key_material_description: Annotated[str, Meta(max_length=256)] | None = None
    key_material_state: MaterialState | None = None
    import_state: ImportState | None = None
    valid_to: Moment | None = None
    rotation_date: Moment | None = None


class RegionalMember(Members, frozen=True, kw_only=True):
    """The members that each key of a multi-Region set has for itself."""

    key_state: KeyState = KeyState.ENABLED
    description: Description = ""
    policy: PolicyDocument | None = None
    tags: Tags = {}
    aliases: Annotated[list[AliasName], Meta(examples=[["alias/orders"]])] = []
    creation_date: Moment | None = None
    deletion_date: Moment | None = None
    pending_deletion_window_in_days: Annotated[int, Meta(ge=7, le=30)] | None = None
    last_usage: LastUsage | None = None
    valid_to: Moment | None = None
    grants: Annotated[
        list[GrantMember],
        Meta(examples=[[{"GranteePrincipal": "arn:aws:iam::111122223333:role/Reader", "Operations": ["Decrypt"]}]]),
    ] = []


class ReplicaMember(RegionalMember, frozen=True, kw_only=True):
    """A replica of a multi-Region primary key."""

    region: RegionName


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
    key_materials: list[ImportedMaterialMember] = []
    rotation: Rotation | None = None
    custom_key_store_id: CustomKeyStoreId | None = None
    xks_key_id: Annotated[str, Meta(pattern="^[a-zA-Z0-9-_.]{1,128}$")] | None = None
    multi_region: bool | None = None
    replicas: Annotated[list[ReplicaMember], Meta(examples=[[{"Region": "eu-west-1"}]])] = []


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

    With a ConnectionErrorCode, every attempt to connect fails with it, and so did the last one of a FAILED store.
    """

    custom_key_store_id: CustomKeyStoreId
    custom_key_store_name: Annotated[str, Meta(min_length=1, max_length=256)] | None = None
    custom_key_store_type: Literal["AWS_CLOUDHSM", "EXTERNAL_KEY_STORE"] = "AWS_CLOUDHSM"
    account: AccountId | None = None
    region: RegionName | None = None
    creation_date: Moment | None = None
    connection_state: Literal["CONNECTED", "DISCONNECTED", "FAILED"] = "CONNECTED"
    connection_error_code: ConnectionErrorCode | None = None
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


class SettingsMember(Members, frozen=True, kw_only=True):
    """The settings that a seed can change, as texts. Each has the name of a field of keytrail.settings.Settings.

    Settings checks the values; Endpoint carries out a change.
    """

    usage_delay: Annotated[str, Meta(description="how late a use shows: ISO 8601, at most PT1H")] | None = None
    consistency_delay: Annotated[str, Meta(description="how late changes show: ISO 8601, or seconds")] | None = None
    request_quotas: Annotated[str, Meta(description="off, aws, aws*0.01, or Symmetric=5,CreateKey=1")] | None = None


class LatencyMember(Members, frozen=True, kw_only=True):
    """A random latency in milliseconds. Sigma is the standard deviation of the logarithm."""

    distribution: Literal["uniform", "normal", "lognormal"]
    low: float | None = None
    high: float | None = None
    mean: float | None = None
    deviation: float | None = None
    median: float | None = None
    sigma: float | None = None


class FaultMember(Members, frozen=True, kw_only=True):
    """A fault rule: which calls it is about, which of them it strikes (by default all), and what happens to those."""

    service: FaultService = "kms"
    operations: str | list[str] = []
    key_id: Annotated[str, Meta(min_length=1, description="id or ARN of a key, or of an alias")] | None = None
    account: Annotated[AccountId, Meta(description="12 digits, in quotes: the caller's")] | None = None
    region: RegionName | None = None
    call: Annotated[int, Meta(ge=1, description="strike on the n-th call alone")] | None = None
    count: Annotated[int, Meta(ge=1, description="strike so many times")] | None = None
    probability: Annotated[float, Meta(ge=0, le=1)] | None = None
    seed: int = 0
    error: Annotated[str, Meta(description="code of an error: KMSInternalException")] | None = None
    message: Annotated[str, Meta(max_length=8192)] | None = None
    latency: Annotated[float, Meta(description="milliseconds")] | LatencyMember | None = None
    drop: Literal["before", "after"] | None = None
    truncate: Annotated[int, Meta(ge=0, description="bytes of the body that are sent")] | None = None


class SeedDocument(Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """A seed document."""

    settings: SettingsMember | None = None
    accounts: list[AccountMember] = []
    credentials: list[CredentialMember] = []
    identities: list[IdentityMember] = []
    organization: OrganizationMember | None = None
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


def json_schema() -> dict[str, Any]:
    """The JSON Schema of a seed document."""
    return msgspec.json.schema(SeedDocument)
