"""Settings of a seed that belong to the sample seed rather than to the server."""

from datetime import timedelta

from keytrail.request_quotas import RequestQuotas
from keytrail.seeds.document import SettingsMember
from keytrail.seeds.parsing import Wrong
from keytrail.seeds.seed import Seed
from keytrail.settings import read_duration


def read_scene(member: SettingsMember, seed: Seed, wrong: Wrong) -> None:
    """Add what the settings say to the seed."""
    if member.consistency_delay is not None:
        try:
            seed.consistency_delay = read_duration(member.consistency_delay)
            if seed.consistency_delay < timedelta(0):
                raise ValueError(f"expected 0 or more, got {member.consistency_delay!r}")
        except ValueError as error:
            wrong("settings.ConsistencyDelay", str(error))
    if member.request_quotas is not None:
        try:
            seed.request_quotas = RequestQuotas.parse(member.request_quotas)
        except ValueError as error:
            wrong("settings.RequestQuotas", str(error))
