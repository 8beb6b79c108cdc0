"""The sessions that STS issued: the newest are kept, within bounds. How we know: docs/who-may.md; our own bounds."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from keytrail.authentication import sessions as sessions_module
from keytrail.authentication.sessions import Sessions
from keytrail.domain.credential import Credential
from keytrail.domain.principal import Principal
from keytrail.domain.session import Session

EXPIRATION = datetime(2027, 1, 1, tzinfo=UTC)
SESSION = Principal("arn:aws:sts::111122223333:assumed-role/Reader/one", "111122223333", "assumed-role", "Reader/one")
KIB = 1024


def issue(sessions: Sessions, count: int, principal: Principal = SESSION, token_size: int = 688) -> list[Credential]:
    return [sessions.issue(principal, EXPIRATION, token_size) for _ in range(count)]


def kept(sessions: Sessions, issued: list[Credential]) -> list[Credential]:
    # An access key of a session that was dropped may have been given to a later one.
    return [credential for credential in issued if sessions.get(credential.principal.access_key_id or "") is credential]


def with_tags(size: int) -> Principal:
    session = Session(created=EXPIRATION, tags=(("team", "x" * size),))
    return Principal(*SESSION_FIELDS, session=session)


SESSION_FIELDS = (SESSION.arn, SESSION.account, SESSION.kind, SESSION.name)
LARGE = {
    "a session policy": (Principal(*SESSION_FIELDS, session_policies=("x" * 10 * KIB,)), 688),
    "tags": (with_tags(10 * KIB), 688),
    "a token": (SESSION, 10 * KIB),
}


@pytest.mark.parametrize(("principal", "token_size"), LARGE.values(), ids=LARGE)
def test_of_large_sessions_fewer_are_kept(
    principal: Principal, token_size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sessions_module, "MAX_BYTES", 150 * KIB)
    sessions = Sessions()
    issued = issue(sessions, 30, principal, token_size)
    left = kept(sessions, issued)
    assert 10 <= len(left) <= 14
    assert left == issued[-len(left) :]
    small = issue(sessions, 60)
    assert kept(sessions, small) == small


def test_a_forgotten_session_is_still_recognized_as_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sessions_module, "MAX_BYTES", 10 * KIB)
    sessions = Sessions()
    issued = issue(sessions, 30)
    assert len(kept(sessions, issued)) < 10
    assert all(sessions.issued(credential.principal.access_key_id or "") for credential in issued)


def test_the_newest_session_is_kept_however_large_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sessions_module, "MAX_BYTES", 10 * KIB)
    sessions = Sessions()
    issued = issue(sessions, 3, with_tags(100 * KIB))
    assert kept(sessions, issued) == issued[-1:]


def test_a_reset_makes_room_for_as_many_as_before(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sessions_module, "MAX_BYTES", 100 * KIB)
    sessions = Sessions()
    empty = sessions.snapshot()
    first = len(kept(sessions, issue(sessions, 200)))
    sessions.restore(empty)
    assert len(kept(sessions, issue(sessions, 200))) == first > 40


def test_ten_thousand_ordinary_sessions_fit() -> None:
    sessions = Sessions()
    issued = issue(sessions, 10_010)
    assert kept(sessions, issued) == issued[10:]
