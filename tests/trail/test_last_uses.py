"""The last use of a key: of several the latest, and no sooner than a use may show.

How we know: KMS API Reference, "GetKeyLastUsage", which says how late a use may show; the rest is what we promise.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from keytrail.trail import Use
from keytrail.trail.last_uses import LastUses
from tests.support import ACCOUNT, FOREIGN, key_arn

START = datetime(2026, 8, 10, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
ARN = key_arn()


def use(time: datetime, operation: str = "Encrypt") -> Use:
    return Use(operation, time, f"event of {time}", "a request")


def test_the_latest_of_concurrent_uses_is_the_last_use() -> None:
    uses = LastUses(timedelta(0))
    for time in (START, START + MINUTE, START + MINUTE / 2):
        uses.add(ARN, use(time))
    assert uses.last(ARN, START) == use(START + MINUTE)


def test_a_use_is_hidden_for_the_delay() -> None:
    uses = LastUses(MINUTE)
    uses.add(ARN, use(START))
    uses.add(ARN, use(START + MINUTE))
    seen = [uses.last(ARN, START + seconds * MINUTE / 60) for seconds in (0, 59, 60, 119, 120)]
    assert seen == [None, None, use(START), use(START), use(START + MINUTE)]


def test_the_last_of_several_hidden_uses_in_one_second_shows() -> None:
    uses = LastUses(MINUTE)
    later = START + timedelta(milliseconds=900)
    uses.add(ARN, use(START, "Encrypt"))
    uses.add(ARN, use(later, "Decrypt"))
    assert uses.last(ARN, later + MINUTE) == use(later, "Decrypt")


def test_a_use_after_the_clock_was_set_back_replaces_uses_with_later_times() -> None:
    for delay in (timedelta(0), MINUTE):
        uses = LastUses(delay)
        uses.add(ARN, use(START + 60 * MINUTE))
        uses.clock_set_back()
        uses.add(ARN, use(START))
        assert uses.last(ARN, START + delay) == use(START)
        assert uses.last(ARN, START + 90 * MINUTE) == use(START)


def test_a_forgotten_key_has_no_shown_and_no_hidden_use() -> None:
    uses = LastUses(MINUTE)
    uses.add(ARN, use(START))
    uses.last(ARN, START + MINUTE)
    uses.add(ARN, use(START + MINUTE))
    uses.forget(ARN)
    assert uses.last(ARN, START + 9 * MINUTE) is None


def test_restoring_an_account_brings_back_its_uses_and_leaves_the_others() -> None:
    uses, foreign = LastUses(timedelta(0)), key_arn(account=FOREIGN)
    uses.add(ARN, use(START))
    earlier = uses.copy()
    for arn in (ARN, foreign):
        uses.add(arn, use(START + MINUTE))
    uses.restore_account(ACCOUNT, earlier)
    assert (uses.last(ARN, START), uses.last(foreign, START)) == (use(START), use(START + MINUTE))


def test_the_key_with_the_latest_use_is_found() -> None:
    uses, other = LastUses(timedelta(0)), key_arn(account=FOREIGN)
    assert uses.last_used_key() is None
    uses.add(ARN, use(START + MINUTE))
    uses.add(other, use(START))
    assert uses.last_used_key() == ARN
