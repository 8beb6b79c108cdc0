"""Reading the settings of a seed, which change while the server runs. They are the members of SettingsMember."""

from keytrail.faults import require_known
from keytrail.request_quotas import RequestQuotas
from keytrail.seeds.document import SettingsMember
from keytrail.seeds.reader import SeedReader
from keytrail.settings import Settings

MEMBERS = dict(zip(SettingsMember.__struct_fields__, SettingsMember.__struct_encode_fields__, strict=True))
"""By the name of a setting, the member of a seed's `settings`: `UsageDelay` for `usage_delay`."""


def read_settings(member: SettingsMember, reader: SeedReader) -> None:
    """Add the settings of a seed."""
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
            reader.add_problem(f"settings.{member_name}", f"{error}{got}")


def settings_members(settings: Settings) -> dict[str, str]:
    """The current values of the settings that a seed can change, as members of its `settings`."""
    return {member_name: settings.text(name) for name, member_name in MEMBERS.items()}
