"""The clock: moved by buttons, with what falls due on the way told before.

How we know: docs/console.md.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from keytrail.server import KeytrailServer
from tests.support import DOOMED_KEY, IMPORT_KEY, KEY, key_arn
from tests.support.console import Visitor, words

NOW = datetime(2026, 12, 1, 9, 30, tzinfo=UTC)
SEED: dict[str, Any] = {
    "keys": [
        {"KeyId": DOOMED_KEY, "Aliases": ["alias/doomed"], "KeyState": "PendingDeletion", "DeletionDate": "in 6 days"},
        {
            "KeyId": KEY,
            "CreationDate": "400 days ago",
            "Rotation": {"RotationPeriodInDays": 90, "NextRotationDate": "in 60 days"},
        },
        {"KeyId": IMPORT_KEY, "Origin": "EXTERNAL", "ValidTo": "in 20 days"},
    ]
}


@pytest.fixture
def visitor(keytrail_clean: KeytrailServer) -> Visitor:
    keytrail_clean.clock.freeze(NOW)
    keytrail_clean.load(SEED)
    return Visitor(keytrail_clean)


def test_each_step_says_what_falls_due_on_the_way(visitor: Visitor) -> None:
    page = visitor.page("/clock")
    steps = [words(step) for step in page.xpath("//div[@class='steps']/form")][:3]
    assert steps == [
        "+1 day to 2026-12-02 Nothing falls due.",
        "+30 days to 2026-12-31 1 deletion, 1 expiry of key material",
        "+90 days to 2027-03-01 1 deletion, 1 expiry of key material, 1 rotation",
    ]
    due = [words(each) for each in page.xpath("//ul[@class='due-list']/li")]
    assert due[0].startswith("2026-12-07 09:30:00 deletion doomed")
    assert due[2].startswith(f"2027-01-30 09:30:00 rotation {KEY}")


def test_a_rotation_that_comes_again_counts_each_time(visitor: Visitor) -> None:
    page = visitor.page("/clock?until=2027-12-01T00:00")
    assert words(page.xpath("//section[@id='wanted']")[0]).count("rotation") == 4


def test_to_look_at_what_falls_due_changes_nothing(visitor: Visitor) -> None:
    before = visitor.server.events()
    visitor.page("/clock?until=2030-01-01T00:00")
    assert visitor.server.clock.now == NOW
    assert visitor.server.events() == before
    assert visitor.server.endpoint.store.newest.key(key_arn(DOOMED_KEY)) is not None


def test_a_button_moves_the_clock_and_what_is_due_happens(visitor: Visitor) -> None:
    page = visitor.submit(visitor.page("/clock"), "/clock/move", days="30")
    assert words(page.xpath("//p[contains(@class, 'note')]")[0]) == (
        "The clock went forward by 30 days: it is 2026-12-31 09:30:00 UTC."
    )
    assert visitor.server.endpoint.store.newest.key(key_arn(DOOMED_KEY)) is None
    assert [event["eventName"] for event in visitor.server.events()] == ["DeleteKey", "DeleteExpiredKeyMaterial"]


def test_the_clock_moves_to_a_moment_after_a_look_at_what_falls_due(visitor: Visitor) -> None:
    wanted = visitor.page("/clock?until=2026-12-08T00:00")
    assert "deletion" in words(wanted.xpath("//section[@id='wanted']")[0])
    [form] = wanted.xpath("//section[@id='wanted']/form")
    visitor.ask("/clock/move", "POST", data=dict(form.fields))
    assert visitor.server.clock.now == datetime(2026, 12, 8, tzinfo=UTC)


def test_a_move_back_says_that_nothing_is_undone(visitor: Visitor) -> None:
    page = visitor.page("/clock?until=2026-01-01T00:00")
    assert "nothing is undone" in words(page.xpath("//section[@id='wanted']")[0])


def test_the_clock_is_frozen_let_run_and_reset(visitor: Visitor) -> None:
    page = visitor.submit(visitor.page("/clock"), "/clock/freeze")
    assert not visitor.server.endpoint.clock.frozen, "it was frozen, so the button lets it run"
    assert "not in step with the real time" in words(page)
    page = visitor.submit(page, "/clock/freeze")
    assert visitor.server.endpoint.clock.frozen
    page = visitor.submit(page, "/clock/reset")
    assert not visitor.server.endpoint.clock.moved
    assert "real time It runs." in words(page)


@pytest.mark.parametrize("until", ["soon", "0001-01-01T00:00", "9999-01-01T00:00"])
def test_a_moment_that_is_none_is_told(visitor: Visitor, until: str) -> None:
    page = visitor.page(f"/clock?until={until}")
    assert "expected" in words(page.xpath("//p[@role='alert']")[0])
    token = page.xpath("//input[@name='csrf']/@value")[0]
    for field in ({"until": until}, {"days": "many"}, {"days": "99999999999"}, {}):
        assert visitor.ask("/clock/move", "POST", data={"csrf": token, **field}).status_code == 400
    assert visitor.server.clock.now == NOW
