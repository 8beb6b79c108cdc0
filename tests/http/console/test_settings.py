"""Faults and settings in force, and the reset, with a question first.

How we know: docs/console.md.
"""

from __future__ import annotations

import pytest

from keytrail.server import KeytrailServer
from tests.support import KEY, SAMPLE_SEED
from tests.support.console import Visitor, words


@pytest.fixture
def visitor(keytrail_clean: KeytrailServer) -> Visitor:
    return Visitor(keytrail_clean)


def test_the_fault_rules_are_shown_with_their_counts_and_can_be_removed(visitor: Visitor) -> None:
    visitor.server.add_fault(Operations="Decrypt", Count=1, Error="KMSInternalException")
    visitor.server.add_fault(Operations="Sign", Latency=5)
    page = visitor.page("/settings")
    rules = [words(row) for row in page.xpath("//table[caption='Fault rules']/tbody/tr")]
    assert len(rules) == 2
    assert "Error KMSInternalException" in rules[0]
    assert rules[0].endswith("0 0 Remove")
    page = visitor.submit(page, "/faults/remove")
    assert len(visitor.server.faults()) == 1
    assert "Sign" in words(page.xpath("//table[caption='Fault rules']")[0])


def test_every_setting_is_shown_and_the_token_is_not(visitor: Visitor) -> None:
    visitor.server.load({"settings": {"UsageDelay": "PT15M"}})
    rows = [words(row) for row in visitor.page("/settings").xpath("//table[@class='settings']/tbody/tr")]
    assert "usage_delay 900 not the default while running, as UsageDelay" in rows
    assert "console true with a start" in rows
    with KeytrailServer(control_token="sesame") as server:
        guarded = Visitor(server)
        guarded.submit(guarded.page("/settings"), "/login", token="sesame")
        page = words(guarded.page("/settings"))
        assert "control_token set" in page
        assert "sesame" not in page


def test_throttled_calls_are_counted(visitor: Visitor) -> None:
    visitor.server.load({"settings": {"RequestQuotas": "aws"}})
    assert "request_quotas aws not the default" in words(visitor.page("/settings"))


def test_a_reset_asks_first_and_then_goes_back_to_the_start(visitor: Visitor) -> None:
    visitor.server.load(SAMPLE_SEED)
    assert KEY in words(visitor.page("/"))
    question = visitor.page("/reset")
    assert f"{len(visitor.server.endpoint.store.newest.all_keys())} keys and " in words(question)
    assert visitor.server.endpoint.store.newest.all_keys(), "the question changes nothing"
    page = visitor.submit(question, "/reset")
    assert "Everything is as it was just after the start." in words(page)
    assert "There is no key yet." in words(page)
