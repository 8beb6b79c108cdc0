"""Settings that a seed can change while the server runs: the members of SettingsMember, by which all else here goes."""

from keytrail.faults import require_known
from keytrail.request_quotas import RequestQuotas
from keytrail.seeds.document import SettingsMember
from keytrail.seeds.reader import SeedReader
from keytrail.settings import Settings

MEMBERS = dict(zip(SettingsMember.__struct_fields__, SettingsMember.__struct_encode_fields__, strict=True))
"""The members of a seed's `settings` by the names of settings: `usage_delay`, `UsageDelay`."""


def read_settings(member: SettingsMember, reader: SeedReader) -> None:
    """Add what a seed's `settings` say."""
    for name, member_name in MEMBERS.items():
        text = getattr(member, name)
        if text is None:
            continue
        try:
            value = reader.seed.settings[name] = reader.settings.read(name, text)
            if isinstance(value, RequestQuotas):
                require_known(value)
        except ValueError as error:
            got = "" if "got" in str(error) else f", got {text!r}"
            reader.problem(f"settings.{member_name}", f"{error}{got}")


def settings_members(settings: Settings) -> dict[str, str]:
    """The settings that a seed can change, as it says them."""
    return {member_name: settings.text(name) for name, member_name in MEMBERS.items()}
