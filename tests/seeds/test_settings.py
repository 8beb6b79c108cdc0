"""The settings that a seed, and PUT /_keytrail/settings, can change.

How we know: nothing of AWS's; docs/faults.md and README promise it.
"""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import pytest
import requests

from keytrail.seeds import SETTINGS, SeedError, settings_members
from keytrail.server import KeytrailServer
from keytrail.settings import Settings

CHANGES = {"UsageDelay": "900", "ConsistencyDelay": "5", "RequestQuotas": "CreateKey=1.0"}
"""A value of each member that is not the default, as GET settings shows it."""


def shown(server: KeytrailServer) -> dict[str, Any]:
    answer: dict[str, Any] = requests.get(f"{server.url}/_keytrail/settings", timeout=5).json()
    assert answer.pop("Throttled") == {}
    assert answer.pop("Environment") == {
        name: text for name, text in server.settings.to_environment().items() if name != "KEYTRAIL_CONTROL_TOKEN"
    }
    return answer


def test_each_member_is_a_field_of_settings() -> None:
    assert SETTINGS.keys() <= {field.name for field in fields(Settings)}
    assert settings_members(Settings()).keys() == CHANGES.keys()


def test_a_value_is_shown_as_a_text_that_is_read_back() -> None:
    settings = Settings(usage_delay="PT15M", consistency_delay="0.5", request_quotas="aws*0.01")  # type: ignore[arg-type]
    for name in SETTINGS:
        assert settings.read(name, settings.text(name)) == getattr(settings, name)


def test_a_seed_changes_the_settings_that_it_names_and_a_reset_restores_them() -> None:
    with KeytrailServer(usage_delay="PT1M", fixtures={"settings": {"ConsistencyDelay": "PT1S"}}) as server:
        first = {"UsageDelay": "60", "ConsistencyDelay": "1", "RequestQuotas": "off"}
        assert shown(server) == first
        for member, value in CHANGES.items():
            before = shown(server)
            server.load({"settings": {member: value}})
            assert shown(server) == {**before, member: value}
        assert settings_members(server.settings) == CHANGES
        server.reset("000000000000")
        assert shown(server) == CHANGES, "they are the whole server's, not an account's"
        server.reset()
        assert shown(server) == first


@pytest.mark.parametrize("member", CHANGES)
def test_no_account_has_settings_of_its_own(keytrail_clean: KeytrailServer, member: str) -> None:
    url = f"{keytrail_clean.url}/_keytrail/fixtures?account=111122223333"
    answer = requests.post(url, json={"settings": {member: CHANGES[member]}}, timeout=5)
    assert answer.status_code == 400
    assert answer.json()["problems"] == [f"settings.{member}: is the whole server's; load it without an account"]


@pytest.mark.parametrize(
    ("members", "problem"),
    [
        ({"UsageDelay": "-1"}, "expected 0 to 1 hour (PT1H: AWS promises no more), got '-1'"),
        ({"UsageDelay": "PT2H"}, "expected 0 to 1 hour (PT1H: AWS promises no more), got 'PT2H'"),
        ({"ConsistencyDelay": "-1"}, "expected 0 or more, got '-1'"),
    ],
)
def test_an_invalid_setting_is_refused(keytrail_clean: KeytrailServer, members: dict[str, str], problem: str) -> None:
    before = shown(keytrail_clean)
    with pytest.raises(SeedError) as caught:
        keytrail_clean.load({"settings": members, "keys": []})
    assert caught.value.problems == [f"document: settings.{next(iter(members))}: {problem}"]
    assert shown(keytrail_clean) == before


def test_a_seed_that_cannot_be_loaded_changes_no_setting(keytrail_clean: KeytrailServer) -> None:
    seed = {"settings": CHANGES, "keys": [{"KeyId": "1234abcd-12ab-34cd-56ef-1234567890ab"}]}
    keytrail_clean.load({"keys": seed["keys"]})
    before = shown(keytrail_clean)
    with pytest.raises(SeedError, match="already exists"):
        keytrail_clean.load(seed)
    assert shown(keytrail_clean) == before
