"""Reading the AWS managed keys of a seed: keys that a service created, and perhaps used, before the test begins."""

from datetime import datetime

from keytrail.domain import aws_managed_key
from keytrail.seeds.document import AwsManagedKeyMember
from keytrail.seeds.key_grants import read_grants
from keytrail.seeds.last_usage import read_last_usage
from keytrail.seeds.reader import SeedReader


def read_managed_key(path: str, member: AwsManagedKeyMember, reader: SeedReader) -> None:
    """Add the AWS managed key of a service, its alias, its grants and its last usage."""
    service = aws_managed_key.service_of(member.alias)
    if service is None:
        known = ", ".join(f"alias/aws/{name}" for name in aws_managed_key.SERVICES_WITH_KEYS)
        reader.add_problem(
            f"{path}.Alias", f"{member.alias} is not the alias of an AWS managed key; expected one of: {known}"
        )
        return
    created: datetime | None = reader.now
    if member.creation_date is not None:
        created = reader.past_moment(f"{path}.CreationDate", member.creation_date)
    elif member.last_usage is not None:  # the key is at least as old as its last use
        created = reader.moment(f"{path}.LastUsage.Timestamp", member.last_usage.timestamp)
    if created is None:
        return
    account, region = member.account or reader.settings.account, reader.region(f"{path}.Region", member.region)
    key, alias = aws_managed_key.create(account, region, service, min(created, reader.now), reader.now)
    reader.require_once(f"{path}.Alias", alias.arn, "an account has one in each Region")
    reader.seed.keys[key.arn], reader.seed.aliases[alias.arn] = key, alias
    read_grants(f"{path}.Grants", member.grants, key, reader)
    if member.last_usage is not None:
        read_last_usage(f"{path}.LastUsage", member.last_usage, key, reader)
