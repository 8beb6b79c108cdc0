"""The AWS managed keys of a seed: those that a service has made, and perhaps used, before the test begins."""

from collections.abc import Callable
from datetime import datetime

from keytrail.domain import aws_managed_key
from keytrail.domain.key import Key
from keytrail.seeds.document import AwsManagedKeyMember
from keytrail.seeds.parsing import read_relative_moment
from keytrail.seeds.seed import Seed
from keytrail.settings import Settings


def read_managed_key(
    path: str,
    member: AwsManagedKeyMember,
    seed: Seed,
    settings: Settings,
    now: datetime,
    wrong: Callable[[str, str], None],
) -> Key | None:
    """Add the key and its alias to the seed, and give the key; None, and `wrong` told, if that cannot be."""
    service = aws_managed_key.service_of(member.alias)
    if service is None:
        known = ", ".join(f"alias/aws/{name}" for name in aws_managed_key.SERVICES)
        wrong(f"{path}.Alias", f"{member.alias} is the alias of no service here; those that are: {known}")
        return None
    # A key with a past is at least as old as that.
    text = member.creation_date or (member.last_usage.timestamp if member.last_usage is not None else "now")
    try:
        created = read_relative_moment(text, now)
    except ValueError as error:
        wrong(f"{path}.{'CreationDate' if member.creation_date else 'LastUsage.Timestamp'}", str(error))
        return None
    if created > now and member.creation_date is not None:
        wrong(f"{path}.CreationDate", f"{created.isoformat()} is still to come; give a moment in the past")
    account, region = member.account or settings.account, member.region or settings.region
    key, alias = aws_managed_key.make(account, region, service, min(created, now), now)
    if key.arn in seed.keys:
        wrong(f"{path}.Alias", f"{alias.arn} stands twice; a Region has one of each")
    seed.keys[key.arn], seed.aliases[alias.arn] = key, alias
    return key
