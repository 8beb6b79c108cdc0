"""The list of keys: the idlest first, with the words of GetKeyLastUsage.

How we know: docs/console.md; kms-behaviour C.1, C.2.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from keytrail.http.console.formats import bar_length, bar_level
from keytrail.server import KeytrailServer
from keytrail.values import GetKeyLastUsageResponse, trailing_days_without_usage, usage_history
from tests.support.console import Visitor, rows_of, words

ONE, OTHER = "111122223333", "444455556666"
WORDS = {"USED": "used", "NEVER_USED": "never used", "NO_RECORD_SINCE_TRACKING": "no record since tracking"}


def key(number: int, **members: Any) -> dict[str, Any]:
    return {"KeyId": f"{number:08x}-12ab-34cd-56ef-1234567890ab", "Account": ONE, **members}


def used(operation: str, when: str) -> dict[str, str]:
    return {"Operation": operation, "Timestamp": when}


SEED = {
    "keys": [
        key(1, Aliases=["alias/busy"], CreationDate="100 days ago", LastUsage=used("Encrypt", "2 days ago")),
        key(2, Aliases=["alias/old"], CreationDate="2023-01-01T00:00:00Z"),
        key(3, CreationDate="20 days ago", Description="made for Nothing", Tags={"team": "payments"}),
        key(
            4, Aliases=["alias/doomed"], KeyState="PendingDeletion", DeletionDate="in 6 days", CreationDate="9 days ago"
        ),
        key(
            5,
            Account=OTHER,
            Region="eu-west-1",
            Aliases=["alias/mac", "alias/second"],
            KeySpec="HMAC_256",
            KeyUsage="GENERATE_VERIFY_MAC",
            CreationDate="90 days ago",
            LastUsage=used("GenerateMac", "40 days ago"),
        ),
    ]
}


@pytest.fixture
def visitor(keytrail_clean: KeytrailServer) -> Visitor:
    keytrail_clean.clock.freeze("2026-12-01T09:30:00Z")
    keytrail_clean.load(SEED)
    return Visitor(keytrail_clean)


def names(page: Any) -> list[str]:
    return [words(name) for name in page.xpath("//table[@class='keys']/tbody/tr/th/a")]


def test_the_idlest_key_is_the_first(visitor: Visitor) -> None:
    assert names(visitor.page("/")) == ["old", "mac", "00000003-12ab-34cd-56ef-1234567890ab", "doomed", "busy"]


def test_a_row_tells_what_get_key_last_usage_answers(visitor: Visitor, keytrail_client: Callable[..., Any]) -> None:
    rows = rows_of(visitor.page("/"))
    now = visitor.server.clock.now
    for seeded in SEED["keys"]:
        kms = keytrail_client(account=seeded["Account"], region=seeded.get("Region", "us-east-1"))
        answer = kms.get_key_last_usage(KeyId=seeded["KeyId"])
        del answer["ResponseMetadata"]
        response = GetKeyLastUsageResponse.from_json(json.dumps(answer, default=lambda moment: moment.timestamp()))
        [row] = [row for row in rows if seeded["KeyId"] in row]
        history = usage_history(response)
        if history == "USED":
            assert f"{answer['KeyLastUsage']['Operation']} by root of {seeded['Account']}" in row
        else:
            assert WORDS[history] in row
        assert f" {trailing_days_without_usage(response, now)} d " in row


def test_a_row_tells_what_is_due(visitor: Visitor) -> None:
    [doomed] = [row for row in rows_of(visitor.page("/")) if row.startswith("doomed")]
    assert "PendingDeletion" in doomed
    assert doomed.endswith("deletion in 6 days")


def test_the_list_turns_as_the_clock_moves(visitor: Visitor, keytrail_clean: KeytrailServer) -> None:
    keytrail_clean.clock.advance(timedelta(days=7))
    page = visitor.page("/")
    assert "doomed" not in names(page)
    assert [row.split(" d ")[0].split()[-1] for row in rows_of(page)] == ["229", "47", "27", "9"]


def test_a_use_shows_when_get_key_last_usage_shows_it(visitor: Visitor, keytrail_client: Callable[..., Any]) -> None:
    unused = key(6, Aliases=["alias/unused"], CreationDate="9 days ago")
    visitor.server.load({"keys": [unused], "settings": {"UsageDelay": "PT15M"}})
    keytrail_client(account=ONE).encrypt(KeyId="alias/unused", Plaintext=b"1")
    [row] = [row for row in rows_of(visitor.page("/")) if row.startswith("unused")]
    assert "never used" in row
    visitor.server.clock.advance(timedelta(minutes=15))
    [row] = [row for row in rows_of(visitor.page("/")) if row.startswith("unused")]
    assert "Encrypt by root" in row


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("text=OLD", ["old"]),
        ("text=second", ["mac"]),
        ("text=nothing", ["00000003-12ab-34cd-56ef-1234567890ab"]),
        ("text=team%3Dpay", ["00000003-12ab-34cd-56ef-1234567890ab"]),
        ("text=00000005", ["mac"]),
        (f"account={OTHER}", ["mac"]),
        ("region=eu-west-1", ["mac"]),
        ("state=PendingDeletion", ["doomed"]),
        ("history=NEVER_USED", ["00000003-12ab-34cd-56ef-1234567890ab", "doomed"]),
        ("history=NO_RECORD_SINCE_TRACKING", ["old"]),
        ("idle=20", ["old", "mac", "00000003-12ab-34cd-56ef-1234567890ab"]),
        ("idle=21", ["old", "mac"]),
        ("idle=21&region=us-east-1", ["old"]),
        (
            "text=&account=&region=&state=&history=&idle=",
            ["old", "mac", "00000003-12ab-34cd-56ef-1234567890ab", "doomed", "busy"],
        ),
        ("text=nobody", []),
    ],
)
def test_search_and_filters_are_in_the_url(visitor: Visitor, query: str, found: list[str]) -> None:
    assert names(visitor.page(f"/?{query}")) == found


def test_the_form_shows_what_is_searched_for(visitor: Visitor) -> None:
    [form] = [form for form in visitor.page("/?text=a&region=eu-west-1&idle=3").forms if form.get("role") == "search"]
    assert {name: value for name, value in form.fields.items() if value} == {
        "text": "a",
        "region": "eu-west-1",
        "idle": "3",
    }
    assert form.inputs["account"].value_options == ["", ONE, OTHER]


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ("idle=soon", "whole number"),
        ("page=-1", "whole number"),
        ("state=Asleep", "PendingDeletion"),
        ("history=X", "NEVER_USED"),
    ],
)
def test_a_search_that_is_none_is_refused_with_what_would_be_right(visitor: Visitor, query: str, told: str) -> None:
    answer = visitor.ask(f"/?{query}")
    assert answer.status_code == 400
    assert told in answer.text


def test_an_address_that_htmx_shows_has_only_what_is_searched_for(visitor: Visitor) -> None:
    answer = visitor.ask("/?text=old&account=&idle=", headers={"HX-Request": "true"})
    assert answer.headers["HX-Push-Url"] == "/?text=old"


def test_a_page_that_the_browser_has_seen_is_not_sent_again(visitor: Visitor, keytrail_clean: KeytrailServer) -> None:
    [again] = visitor.page("/").xpath("//section[@id='keys']/@hx-get")
    assert visitor.ask(again).status_code == 204
    keytrail_clean.clock.advance(timedelta(days=1))
    assert visitor.ask(again).status_code == 200


def test_keys_come_in_pages_of_a_hundred(keytrail_clean: KeytrailServer) -> None:
    keytrail_clean.load({"keys": [key(number, CreationDate=f"{1000 - number} minutes ago") for number in range(250)]})
    visitor = Visitor(keytrail_clean)
    first, last = visitor.page("/?text=56ef"), visitor.page("/?page=3")
    assert (len(names(first)), len(names(last))) == (100, 50)
    assert words(first.xpath("//p[@class='count']")[0]) == "250 keys, page 1 of 3"
    assert first.xpath("//a[@rel='next']/@href") == ["/?text=56ef&page=2"]
    assert last.xpath("//a[@rel='prev']/@href") == ["/?page=2"]
    assert not last.xpath("//a[@rel='next']")
    assert names(visitor.page("/?page=999")) == names(last)


@pytest.mark.parametrize(
    ("days", "length", "level"),
    [
        (0, 0.0, 0),
        (15, 1 / 6, 0),
        (29, 29 / 90, 0),
        (30, 1 / 3, 1),
        (60, 1 / 2, 1),
        (90, 2 / 3, 2),
        (365, 1.0, 3),
        (4000, 1.0, 3),
    ],
)
def test_each_third_of_the_bar_ends_at_a_mark(days: int, length: float, level: int) -> None:
    assert bar_length(days) == pytest.approx(length)
    assert bar_level(days) == level
