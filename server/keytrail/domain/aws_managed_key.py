"""AWS managed keys: AWS services create them in an account, with aliases `alias/aws/<service>`.

Source: KMS Developer Guide, "AWS managed keys" and "Aliases"; KMS API Reference, DescribeKey and ListAliases; the
descriptions and key policies of AWS managed keys that users have published.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import NamedTuple

from keytrail.domain.alias import RESERVED_PREFIX, Alias
from keytrail.domain.arn import alias_arn, root_arn
from keytrail.domain.key import Key, KeyManager
from keytrail.domain.key_material import KeyMaterial
from keytrail.domain.material_history import AutomaticRotation, PastMaterial, RotationType
from keytrail.domain.principal import Principal
from keytrail.errors import AccessDeniedException

ROTATION_PERIOD = 365
"""Days. AWS rotates these keys every year; customers cannot change that."""


class Service(NamedTuple):
    """An AWS service that has an AWS managed key."""

    name: str
    """The service in the key policy's Sid."""
    protects: str
    """What the key protects, in the key's description."""
    via: str
    """The first label of kms:ViaService."""
    predefined: bool = False
    """Whether every account has the alias, even before there is a key."""


SERVICES_WITH_KEYS: Mapping[str, Service] = {
    "acm": Service("ACM", "ACM private keys", "acm"),
    "backup": Service("AWS Backup", "Backup data", "backup"),
    "codecommit": Service("CodeCommit", "CodeCommit repositories", "codecommit"),
    "dms": Service("DMS", "DMS replication instances", "dms"),
    "dynamodb": Service("Amazon DynamoDB", "DynamoDB data", "dynamodb", predefined=True),
    "ebs": Service("EBS", "EBS volumes", "ec2", predefined=True),
    "elasticfilesystem": Service("EFS", "EFS filesystems", "elasticfilesystem", predefined=True),
    "es": Service("Elasticsearch", "Elasticsearch data", "es", predefined=True),
    "fsx": Service("FSx", "FSx resources", "fsx"),
    "glue": Service("Glue", "Glue data", "glue", predefined=True),
    "kinesis": Service("Kinesis", "Kinesis data", "kinesis"),
    "kinesisvideo": Service("Kinesis Video", "Kinesis Video data", "kinesisvideo", predefined=True),
    "lambda": Service("AWS Lambda", "Lambda functions", "lambda"),
    "rds": Service("RDS", "RDS database volumes", "rds", predefined=True),
    "redshift": Service("Redshift", "Redshift clusters", "redshift", predefined=True),
    "s3": Service("S3", "S3 objects", "s3", predefined=True),
    "secretsmanager": Service("AWS Secrets Manager", "Secrets Manager data", "secretsmanager"),
    "ses": Service("SES", "SES data", "ses"),
    "sns": Service("SNS", "SNS data", "sns"),
    "sqs": Service("Simple Queue Service (SQS)", "SQS messages", "sqs"),
    "ssm": Service("SSM", "SSM parameters", "ssm", predefined=True),
    "workspaces": Service("WorkSpaces", "WorkSpaces volumes", "workspaces"),
    "xray": Service("X-Ray", "X-Ray data", "xray", predefined=True),
}
"""The services by the last part of the alias.

# unverified: some descriptions; which aliases are predefined (we took those that appear without a key in the published
lists of several accounts).
"""

PREDEFINED = tuple(sorted(RESERVED_PREFIX + name for name, service in SERVICES_WITH_KEYS.items() if service.predefined))
"""The aliases that every account has in every Region, with or without a key."""

_ALLOWED_PREFIXES = (
    "Describe",
    "Get",
    "List",
    "Encrypt",
    "Decrypt",
    "ReEncrypt",
    "GenerateDataKey",
    "RevokeGrant",
    "RetireGrant",
)
"""The operations that an account may call on these keys begin so; only the service may call the others.

AWS allows the cryptographic operations only through the service. With the setting `strict` the key policy enforces
that; without it, a caller is taken to be the service.
"""

_ALSO_REFUSED: Mapping[str, frozenset[str]] = {"acm": frozenset({"kms:GetKeyRotationStatus", "kms:ListResourceTags"})}
"""Further actions that the keys of some services refuse, by service, as users have reported."""


def service_of(alias: str | None) -> str | None:
    """The service of an alias such as `alias/aws/s3`; None if the alias is not that of an AWS managed key."""
    if alias is None or not alias.startswith(RESERVED_PREFIX):
        return None
    service = alias.removeprefix(RESERVED_PREFIX)
    return service if service in SERVICES_WITH_KEYS else None


def create(account: str, region: str, service: str, created: datetime, now: datetime) -> tuple[Key, Alias]:
    """The key of a service in an account and Region, and its alias. Its id and materials are always the same.

    It was rotated in every year since `created`.
    """
    key_id = _key_id(account, region, service)
    period = timedelta(days=ROTATION_PERIOD)
    years = (now - created) // period
    materials = [PastMaterial(KeyMaterial.derived(key_id))]
    for year in range(1, years + 1):
        material = KeyMaterial.derived(f"{key_id}/{year}")
        materials.append(PastMaterial(material, created + year * period, RotationType.AUTOMATIC))
    key = Key(
        account=account,
        region=region,
        key_id=key_id,
        creation_date=created,
        description=f"Default key that protects my {SERVICES_WITH_KEYS[service].protects} when no other key is defined",
        material=materials[-1].material,
        materials=tuple(materials) if years else (),
        automatic=AutomaticRotation(ROTATION_PERIOD, created + (years + 1) * period),
        policy=_policy(account, region, service),
        manager=KeyManager.AWS,
    )
    return key, Alias(account, region, RESERVED_PREFIX + service, key_id, created, created)


def _key_id(account: str, region: str, service: str) -> str:
    from uuid import NAMESPACE_URL, uuid5  # here, so that only tests with such keys pay for it

    return str(uuid5(NAMESPACE_URL, alias_arn(region, account, RESERVED_PREFIX + service)))


def _policy(account: str, region: str, service: str) -> str:
    name, _, via, _ = SERVICES_WITH_KEYS[service]
    return (
        f'{{"Version":"2012-10-17","Id":"auto-{service}-2","Statement":[{{"Sid":"Allow access through {name} for all '
        f'principals in the account that are authorized to use {name}","Effect":"Allow","Principal":{{"AWS":"*"}},'
        '"Action":["kms:Encrypt","kms:Decrypt","kms:ReEncrypt*","kms:GenerateDataKey*","kms:CreateGrant",'
        '"kms:DescribeKey"],"Resource":"*","Condition":{"StringEquals":'
        f'{{"kms:CallerAccount":"{account}","kms:ViaService":"{via}.{region}.amazonaws.com"}}}}}},'
        '{"Sid":"Allow direct access to key metadata to the account","Effect":"Allow",'
        f'"Principal":{{"AWS":"{root_arn(region, account)}"}},'
        '"Action":["kms:Describe*","kms:Get*","kms:List*","kms:RevokeGrant"],"Resource":"*"}]}'
    )


def require_allowed(key: Key, action: str, principal: Principal) -> None:
    """Raise AccessDeniedException if only AWS may do this with an AWS managed key.

    `action` has the form `kms:Encrypt`. A service principal may create grants. Other keys allow everything here.
    """
    if key.manager is KeyManager.CUSTOMER:
        return
    also_refused = (
        refused for service, refused in _ALSO_REFUSED.items() if key.key_id == _key_id(key.account, key.region, service)
    )
    if action.removeprefix("kms:").startswith(_ALLOWED_PREFIXES) and action not in next(also_refused, ()):
        return
    if action == "kms:CreateGrant" and principal.kind == "service":
        return
    raise AccessDeniedException(
        f"User: {principal.arn} is not authorized to perform: {action} on resource: {key.arn} "
        f"because no resource-based policy allows the {action} action"
    )
