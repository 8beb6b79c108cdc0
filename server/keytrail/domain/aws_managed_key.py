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
_LAST_YEAR_OF_MASTER_KEYS = 2021
"""Keys that were created up to this year were recorded to have the older description."""


class Service(NamedTuple):
    """An AWS service that has an AWS managed key."""

    name: str
    """The service in the key policy's Sid; a short name, if it has one, in parentheses."""
    protects: str
    """What the key protects, in the key's description."""
    via: str
    """The first label of kms:ViaService."""
    predefined: bool = False
    """Whether every account has the alias, even before there is a key."""


SERVICES_WITH_KEYS: Mapping[str, Service] = {
    "acm": Service("ACM", "ACM private keys", "acm"),
    "backup": Service("AWS Backup", "Backup data", "backup"),
    "cloud9": Service("AWS Cloud9", "Cloud9 data", "cloud9"),
    "codeartifact": Service("CodeArtifact", "CodeArtifact data", "codeartifact"),
    "codecommit": Service("CodeCommit", "CodeCommit repositories", "codecommit"),
    "connect": Service("Amazon Connect", "Connect data", "connect"),
    "dax": Service("DAX", "DAX data", "dax"),
    "dms": Service("DMS", "DMS replication instance volumes", "dms"),
    "dynamodb": Service("Amazon DynamoDB", "DynamoDB data", "dynamodb", predefined=True),
    "ebs": Service("EBS", "EBS volumes", "ec2", predefined=True),
    "elasticfilesystem": Service("EFS", "EFS filesystems", "elasticfilesystem", predefined=True),
    "es": Service("Elasticsearch", "Elasticsearch data", "es", predefined=True),
    "fsx": Service("FSx", "FSx resources", "fsx"),
    "glue": Service("Glue", "Glue data", "glue", predefined=True),
    "kafka": Service("Kafka", "Kafka data", "kafka"),
    "kendra": Service("Kendra", "Kendra data", "kendra"),
    "kinesis": Service("Kinesis", "Kinesis data", "kinesis"),
    "kinesisvideo": Service("Kinesis Video", "kinesis video data", "kinesisvideo", predefined=True),
    "lambda": Service("AWS Lambda", "Lambda functions", "lambda"),
    "lex": Service("Lex", "Lex data", "lex"),
    "lightsail": Service("Lightsail", "Lightsail data", "lightsail"),
    "mq": Service("Amazon MQ", "MQ data", "mq"),
    "rds": Service("RDS", "RDS database volumes", "rds", predefined=True),
    "redshift": Service("Redshift", "Redshift data", "redshift", predefined=True),
    "redshifttest": Service("Redshift", "Redshift data", "redshift", predefined=True),
    "s3": Service("S3", "S3 objects", "s3", predefined=True),
    "secretsmanager": Service("AWS Secrets Manager", "Secrets Manager data", "secretsmanager"),
    "ses": Service("SES", "SES data", "ses"),
    "sns": Service("SNS", "SNS data", "sns"),
    "sqs": Service("Simple Queue Service (SQS)", "SQS messages", "sqs"),
    "ssm": Service("SSM", "SSM parameters", "ssm", predefined=True),
    "timestream": Service("Timestream", "Timestream data", "timestream"),
    "workspaces": Service("WorkSpaces", "WorkSpaces volumes", "workspaces"),
    "xray": Service("X-Ray", "X-Ray data", "xray", predefined=True),
}
"""The services by the last part of the alias. Predefined are those that were recorded in lists without a key.

# unverified: what the keys of cloud9, codeartifact, connect, dax, kendra, kinesis, lex, lightsail, mq, redshifttest,
# ses, timestream, workspaces and xray protect, and most names in Sids; not in AWS's docs, recordings or issues
"""

PREDEFINED = tuple(sorted(RESERVED_PREFIX + name for name, service in SERVICES_WITH_KEYS.items() if service.predefined))
"""The aliases that every account has in every Region, with or without a key."""

_THROUGH_THE_SERVICE = ("Encrypt", "Decrypt", "ReEncrypt*", "GenerateDataKey*", "CreateGrant", "DescribeKey")
"""What the key policy allows whoever calls through the service."""
_DIRECTLY = ("Describe*", "Get*", "List*", "RevokeGrant")
"""What the key policy allows the account."""
_DIRECTLY_OF: Mapping[str, tuple[str, ...]] = {"acm": ("DescribeKey", "GetKeyPolicy", "ListGrants", "RevokeGrant")}
"""The same for the keys of services that allow less, by service, as users have reported."""
_POLICY_NUMBERS: Mapping[str, int] = {"sqs": 1}
"""The number in the key policy's Id, by service. # unverified: 2 for others; not in AWS's docs or recordings of 2026"""


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
        description=_description(service, created),
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


def _description(service: str, created: datetime) -> str:
    key = "Default master key" if created.year <= _LAST_YEAR_OF_MASTER_KEYS else "Default key"
    return f"{key} that protects my {SERVICES_WITH_KEYS[service].protects} when no other key is defined"


def _policy(account: str, region: str, service: str) -> str:
    name, _, via, _ = SERVICES_WITH_KEYS[service]
    short = name.partition("(")[2].rstrip(")") or name
    return f"""{{
  "Version" : "2012-10-17",
  "Id" : "auto-{service}-{_POLICY_NUMBERS.get(service, 2)}",
  "Statement" : [ {{
    "Sid" : "Allow access through {name} for all principals in the account that are authorized to use {short}",
    "Effect" : "Allow",
    "Principal" : {{
      "AWS" : "*"
    }},
    "Action" : {_actions(_THROUGH_THE_SERVICE)},
    "Resource" : "*",
    "Condition" : {{
      "StringEquals" : {{
        "kms:ViaService" : "{via}.{region}.amazonaws.com",
        "kms:CallerAccount" : "{account}"
      }}
    }}
  }}, {{
    "Sid" : "Allow direct access to key metadata to the account",
    "Effect" : "Allow",
    "Principal" : {{
      "AWS" : "{root_arn(region, account)}"
    }},
    "Action" : {_actions(_DIRECTLY_OF.get(service, _DIRECTLY))},
    "Resource" : "*"
  }} ]
}}"""


def _actions(names: tuple[str, ...]) -> str:
    return "[ " + ", ".join(f'"kms:{name}"' for name in names) + " ]"


def require_allowed(key: Key, action: str, principal: Principal, *, forwarded: bool = False) -> None:
    """Raise AccessDeniedException if only AWS may do this with an AWS managed key.

    `action` has the form `kms:Encrypt`. AWS allows the cryptographic operations only through the service. With the
    setting `strict` the key policy enforces that; without it, a caller is taken to be the service. A service principal
    may create grants, and so may a caller whose request a service has forwarded. Other keys allow everything here.
    """
    if key.manager is KeyManager.CUSTOMER:
        return
    operation = action.removeprefix("kms:")
    if operation == "CreateGrant" and principal.kind != "service" and not forwarded:
        raise _refusal(key, action, principal)
    allowed = (*_THROUGH_THE_SERVICE, *_allowed_directly(key), "RetireGrant")
    if not any(operation.startswith(name.removesuffix("*")) for name in allowed):
        raise _refusal(key, action, principal)


def _allowed_directly(key: Key) -> tuple[str, ...]:
    for service, names in _DIRECTLY_OF.items():
        if key.key_id == _key_id(key.account, key.region, service):
            return names
    return _DIRECTLY


def _refusal(key: Key, action: str, principal: Principal) -> AccessDeniedException:
    return AccessDeniedException(
        f"User: {principal.arn} is not authorized to perform: {action} on resource: {key.arn} "
        f"because no resource-based policy allows the {action} action"
    )
