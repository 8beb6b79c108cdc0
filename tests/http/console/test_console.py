"""The console as a whole: who gets it, when it is off, what goes with its pages, who may act.

How we know: docs/console.md.
"""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from keytrail.http import console
from keytrail.http.app import create_app
from keytrail.server import KeytrailServer
from tests.support import KEY, SAMPLE_SEED, key_arn
from tests.support.console import CONSOLE, Visitor, url_of, words

HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(2)>\"'"
PAGES = ["/", "/trail", "/why", "/clock", "/settings", "/reset", f"/keys/{key_arn()}", f"/seed/{key_arn()}"]


@pytest.fixture
def visitor(keytrail_clean: KeytrailServer) -> Visitor:
    return Visitor(keytrail_clean)


def test_a_browser_gets_the_console_at_the_root_and_a_machine_gets_kms(keytrail_clean: KeytrailServer) -> None:
    browser = requests.get(keytrail_clean.url, headers={"Accept": "text/html,*/*"}, timeout=5)
    assert browser.headers["Content-Type"] == "text/html; charset=utf-8"
    for accept in ("*/*", "application/json", ""):
        machine = requests.get(keytrail_clean.url, headers={"Accept": accept}, timeout=5)
        assert "MissingAuthenticationTokenException" in machine.text


@pytest.mark.parametrize("off", ["console", "control"])
def test_without_the_console_or_the_control_api_a_browser_gets_kms_too(off: str) -> None:
    with KeytrailServer(**{off: False}) as server:
        visitor = Visitor(server)
        assert "MissingAuthenticationTokenException" in visitor.ask("/").text
        assert visitor.ask("/trail").status_code in (403, 404)
        assert "html" not in visitor.ask("/trail").headers["Content-Type"]


def test_an_application_that_is_mounted_has_the_console_too() -> None:
    client = create_app().test_client()
    assert "<title>Keys · Keytrail</title>" in client.get("/", headers={"Accept": "text/html"}).text
    assert client.get(f"{CONSOLE}/trail").status_code == 200
    assert "MissingAuthenticationTokenException" in client.get("/").text


def test_nothing_of_it_is_imported_before_the_first_page_is_asked_for() -> None:
    script = """
import sys, requests
from keytrail.server import KeytrailServer
with KeytrailServer() as server:
    requests.get(server.url + "/_keytrail/events")
    assert not [name for name in sys.modules if name.startswith("keytrail.http.console")]
    requests.get(server.url, headers={"Accept": "text/html"})
    assert "keytrail.http.console.keys" in sys.modules
"""
    subprocess.run([sys.executable, "-c", script], check=True, timeout=60)


@pytest.mark.parametrize("path", PAGES)
def test_a_page_loads_nothing_from_elsewhere_and_has_no_script_or_style_of_its_own(
    visitor: Visitor, keytrail_clean: KeytrailServer, path: str
) -> None:
    keytrail_clean.load(SAMPLE_SEED)
    answer = visitor.ask(path)
    assert answer.status_code == 200
    policy = answer.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'self';")
    assert "unsafe" not in policy
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Cache-Control"] == "no-store"
    page = visitor.page(path)
    links = [url for _, attribute, url, _ in page.iterlinks() if attribute != "action"]
    assert links
    assert not [url for url in links if not url.startswith(("/", "#"))]
    assert not [script for script in page.xpath("//script") if words(script)]
    assert not page.xpath("//style | //*[@style]")


@pytest.mark.parametrize("path", PAGES)
def test_a_page_has_a_language_a_title_landmarks_and_one_heading(
    visitor: Visitor, keytrail_clean: KeytrailServer, path: str
) -> None:
    keytrail_clean.load(SAMPLE_SEED)
    page = visitor.page(path)
    assert page.get("lang") == "en"
    assert page.findtext(".//title").endswith("· Keytrail")
    assert [len(page.xpath(f"//{tag}")) for tag in ("header", "main", "h1")] == [1, 1, 1]
    assert not [
        field for field in page.xpath("//input[not(@type='hidden')] | //select") if not field.xpath("ancestor::label")
    ]


def test_what_callers_and_seeds_say_is_text(visitor: Visitor, keytrail_clean: KeytrailServer) -> None:
    key = {"KeyId": KEY, "Description": HOSTILE, "Tags": {"note": "<script>alert(3)</script>"}}
    keytrail_clean.load({"keys": [key]})
    headers = {"User-Agent": HOSTILE, "X-Amz-Target": "TrentService.DescribeKey", "Authorization": ""}
    requests.post(keytrail_clean.url, json={"KeyId": HOSTILE}, headers=headers, timeout=5)
    event_id = keytrail_clean.calls("DescribeKey")[-1].event_id
    for path in (
        "/?text=%3Cscript%3E",
        f"/keys/{key_arn()}",
        "/trail",
        f"/events/{event_id}",
        f"/seed/{key_arn()}",
        f"/keys/{HOSTILE}",
    ):
        answer = visitor.ask(path)
        assert "<script>alert" not in answer.text
        assert "<img" not in answer.text
    assert HOSTILE in words(visitor.page(f"/keys/{key_arn()}"))
    assert HOSTILE in words(visitor.page(f"/events/{event_id}")), "the user agent"


def test_what_is_not_there_is_a_page_that_says_so(visitor: Visitor) -> None:
    for path, told in {
        "/nowhere": "404",
        "/events/nothing": "The trail has no such event",
        f"/keys/{key_arn()}": "does not exist",
        f"/seed/{key_arn()}": "There is no key",
    }.items():
        answer = visitor.ask(path)
        assert answer.status_code == 404
        assert told in answer.text


STATIC = Path(console.__file__).parent / "static"


def test_htmx_is_that_of_the_package_that_the_build_takes_it_from() -> None:
    spec = importlib.util.find_spec("js_lib_htmx")
    assert spec is not None
    assert spec.submodule_search_locations is not None
    theirs = Path(spec.submodule_search_locations[0], "static", "htmx", "htmx.min.js")
    assert (STATIC / "htmx.min.js").read_bytes() == theirs.read_bytes()


def test_our_own_script_is_short() -> None:
    """What needs more belongs on the server."""
    assert len((STATIC / "console.js").read_text().splitlines()) <= 150


def test_a_page_of_another_site_gets_nothing_and_sends_nothing(
    visitor: Visitor, keytrail_clean: KeytrailServer
) -> None:
    """How we know: http/foreign_sites.py, for the control API and the console alike."""
    assert visitor.ask("/", headers={"Host": "evil.example.com"}).status_code == 403
    token = visitor.page("/clock").xpath("//input[@name='csrf']/@value")[0]
    sent = {"data": {"csrf": token}, "headers": {"Origin": "https://evil.example.com"}}
    assert visitor.ask("/clock/freeze", "POST", **sent).status_code == 403
    assert not keytrail_clean.endpoint.clock.frozen


# ---- Who may act

POSTS = ["/clock/move", "/clock/freeze", "/clock/reset", "/faults/remove", "/reset", "/logout", "/login"]


@pytest.mark.parametrize("path", POSTS)
def test_a_form_without_the_sessions_token_does_nothing(
    visitor: Visitor, keytrail_clean: KeytrailServer, path: str
) -> None:
    keytrail_clean.load(SAMPLE_SEED)
    visitor.page("/clock")
    for fields in ({}, {"csrf": ""}, {"csrf": "guessed"}):
        assert visitor.ask(path, "POST", data={"days": "1", **fields}).status_code == 403
    assert not keytrail_clean.endpoint.clock.moved
    assert keytrail_clean.endpoint.store.newest.all_keys()


def test_a_token_of_another_session_is_none_of_this_one(keytrail_clean: KeytrailServer) -> None:
    mine, theirs = Visitor(keytrail_clean), Visitor(keytrail_clean)
    token = theirs.page("/clock").xpath("//input[@name='csrf']/@value")[0]
    mine.page("/clock")
    assert mine.ask("/clock/move", "POST", data={"days": "1", "csrf": token}).status_code == 403


def test_the_cookie_is_for_this_site_alone_and_hidden_from_scripts(visitor: Visitor) -> None:
    cookie = visitor.ask("/clock").headers["Set-Cookie"]
    assert "; HttpOnly" in cookie
    assert "; SameSite=Strict" in cookie


def test_servers_on_two_ports_of_a_host_have_sessions_of_their_own() -> None:
    with KeytrailServer() as one, KeytrailServer() as other:
        visitor, elsewhere = Visitor(one), Visitor(other)
        elsewhere.session.cookies = visitor.session.cookies  # a browser has one jar for a host
        page = visitor.page("/clock")
        elsewhere.page("/clock")
        visitor.submit(page, "/clock/freeze")
        assert one.endpoint.clock.frozen


@pytest.fixture
def guarded() -> Iterator[KeytrailServer]:
    with KeytrailServer(control_token="sesame") as server:
        yield server


def test_with_a_control_token_every_page_asks_to_log_in(guarded: KeytrailServer) -> None:
    visitor = Visitor(guarded)
    for path in ("/", "/trail", "/clock", "/stream", f"/keys/{key_arn()}"):
        answer = visitor.ask(path, allow_redirects=False)
        assert answer.status_code == 302
        assert answer.headers["Location"].startswith(f"{CONSOLE}/login?next=")
    assert visitor.ask("/stream", headers={"Accept": "text/event-stream"}).status_code == 401
    assert visitor.ask("/", headers={"HX-Request": "true"}).headers["HX-Redirect"] == f"{CONSOLE}/login"
    assert visitor.ask("/static/console.css").status_code == 200


def test_the_token_opens_the_page_that_was_asked_for_until_the_log_out(guarded: KeytrailServer) -> None:
    visitor = Visitor(guarded)
    login = visitor.page("/trail?operation=Decrypt")
    assert words(login.find(".//h1")) == "Log in"
    assert "Log out" not in words(login)
    refused = visitor.ask("/login", "POST", data={**dict(login.forms[0].fields), "token": "wrong"})
    assert refused.status_code == 403
    assert "That is not the token." in refused.text
    trail = visitor.submit(login, "/login", token="sesame")
    assert words(trail.find(".//h1")).startswith("Trail")
    assert trail.xpath("//input[@name='operation']/@value") == ["Decrypt"]
    visitor.submit(visitor.page("/clock"), "/clock/freeze")
    assert guarded.endpoint.clock.frozen
    left = visitor.submit(visitor.page("/"), "/logout")
    assert words(left.find(".//h1")) == "Log in"
    assert words(visitor.page("/").find(".//h1")) == "Log in"


@pytest.mark.parametrize("elsewhere", ["https://example.com/", "//example.com", "/\\example.com", "example.com"])
def test_a_log_in_leads_nowhere_else(guarded: KeytrailServer, elsewhere: str) -> None:
    visitor = Visitor(guarded)
    form = dict(visitor.page("/login").forms[0].fields)
    answer = visitor.ask("/login", "POST", data={**form, "next": elsewhere, "token": "sesame"}, allow_redirects=False)
    assert answer.headers["Location"] == "/"


def test_the_console_is_a_page_of_its_own_port(keytrail_clean: KeytrailServer) -> None:
    assert url_of(keytrail_clean, "/trail") == f"{keytrail_clean.url}{CONSOLE}/trail"
    assert requests.head(keytrail_clean.url, headers={"Accept": "text/html"}, timeout=5).content == b""
