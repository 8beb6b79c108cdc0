"""The trail: events as they come, filtered; each with its record and what makes a test of it.

How we know: docs/console.md; WHATWG HTML, "Server-sent events".
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import lxml.html
import pytest
import yaml
from botocore.exceptions import ClientError

from keytrail.server import KeytrailServer
from tests.support import ACCOUNT, ALIAS, FOREIGN, KEY, key_arn
from tests.support.console import Visitor, rows_of, words

READER = f"arn:aws:iam::{ACCOUNT}:role/Reader"
TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"AWS": ACCOUNT}, "Action": "sts:AssumeRole"}],
}
SEED: dict[str, Any] = {
    "credentials": [{"AccessKeyId": "AKIAREADER0000000001", "SecretAccessKey": "secret", "Principal": READER}],
    "identities": [{"Arn": READER, "Policies": {}, "TrustPolicy": TRUST}],
    "keys": [{"KeyId": KEY, "Aliases": [ALIAS], "CreationDate": "40 days ago"}],
}


@pytest.fixture
def owner(keytrail_client: Callable[..., Any], keytrail_clean: KeytrailServer) -> Any:
    keytrail_clean.load(SEED)
    return keytrail_client()


@pytest.fixture
def reader(owner: Any, keytrail_client: Callable[..., Any]) -> Any:
    return keytrail_client(access_key_id="AKIAREADER0000000001")


@pytest.fixture
def visitor(keytrail_clean: KeytrailServer) -> Visitor:
    return Visitor(keytrail_clean)


def operations(page: Any) -> list[str]:
    return [words(link) for link in page.xpath("//table[@class='events']/tbody//a[@class='name']")]


def test_the_newest_event_is_the_first(owner: Any, reader: Any, visitor: Visitor) -> None:
    owner.encrypt(KeyId=ALIAS, Plaintext=b"1")
    with pytest.raises(ClientError):
        reader.describe_key(KeyId=KEY)
    rows = rows_of(visitor.page("/trail"), "events")
    assert len(rows) == 2
    assert f"DescribeKey AccessDenied role/Reader {KEY} {ACCOUNT} us-east-1" in rows[0]
    assert f"Encrypt ok root of {ACCOUNT} {KEY}" in rows[1]


FILTERS = {
    "operation=crypt": ["Decrypt", "Encrypt"],
    "operation=describekey": ["DescribeKey", "DescribeKey"],
    "caller=reader": ["DescribeKey"],
    f"caller={FOREIGN}": ["ListKeys"],
    "error=any": ["DescribeKey", "DescribeKey"],
    "error=none": ["ListKeys", "Decrypt", "Encrypt"],
    "error=notfound": ["DescribeKey"],
    "key=alias/orders": ["Decrypt", "Encrypt"],
    f"key={KEY}": ["Decrypt", "Encrypt"],
    "key=alias/other": [],
    "operation=crypt&caller=root&error=none": ["Decrypt", "Encrypt"],
    "": ["ListKeys", "DescribeKey", "DescribeKey", "Decrypt", "Encrypt"],
}


@pytest.fixture
def called(owner: Any, reader: Any, keytrail_client: Callable[..., Any]) -> None:
    """Two successes, two refusals, and a call of another account."""
    blob = owner.encrypt(KeyId=KEY, Plaintext=b"1")["CiphertextBlob"]
    owner.decrypt(CiphertextBlob=blob)
    for client, key_id in ((reader, KEY), (owner, "alias/missing")):
        with pytest.raises(ClientError):
            client.describe_key(KeyId=key_id)
    keytrail_client(account=FOREIGN).list_keys()


@pytest.mark.usefixtures("called")
@pytest.mark.parametrize(("query", "found"), FILTERS.items(), ids=FILTERS)
def test_filters_are_for_operation_caller_error_and_key(visitor: Visitor, query: str, found: list[str]) -> None:
    page = visitor.page(f"/trail?{query}")
    assert operations(page) == found
    assert [form for form in page.forms if form.get("role") == "search"]


def test_the_stream_sends_what_has_come_since_and_when_to_ask_again(owner: Any, visitor: Visitor) -> None:
    owner.list_keys()
    [stream] = visitor.page("/trail?operation=list").xpath("//section[@id='events']/@data-stream")
    first = visitor.ask(stream)
    assert first.headers["Content-Type"] == "text/event-stream; charset=utf-8"
    assert [name for name, _, _ in messages(first.text)] == ["clock"]
    owner.list_aliases()
    owner.describe_key(KeyId=KEY)
    name, last_id, data = messages(visitor.ask(stream).text)[1]
    assert name == "rows"
    assert operations(lxml.html.fromstring(f"<table class='events'><tbody>{data}</tbody></table>")) == ["ListAliases"]
    again = visitor.ask(stream, headers={"Last-Event-ID": last_id})
    assert [name for name, _, _ in messages(again.text)] == ["clock"]
    assert "retry: 500\n" in again.text


def test_a_burst_of_calls_is_cut_and_the_page_says_so(owner: Any, visitor: Visitor) -> None:
    [stream] = visitor.page("/trail").xpath("//section[@id='events']/@data-stream")
    for _ in range(105):
        owner.list_keys()
    [_, (_, _, data)] = messages(visitor.ask(stream).text)
    assert data.count("<tr ") == 101
    assert "filter to see them" in data


def messages(text: str) -> list[tuple[str, str, str]]:
    """The messages of a stream: event, id, data."""
    found = []
    for block in text.split("\n\n"):
        fields: dict[str, list[str]] = {}
        for line in filter(None, block.splitlines()):
            name, _, value = line.partition(": ")
            fields.setdefault(name, []).append(value)
        if "event" in fields:
            found.append((fields["event"][0], fields["id"][0], "\n".join(fields["data"])))
    return found


def test_older_events_are_a_page_away(owner: Any, visitor: Visitor) -> None:
    for _ in range(103):
        owner.list_keys()
    first = visitor.page("/trail?operation=List")
    assert len(rows_of(first, "events")) == 100
    [older] = first.xpath("//a[@rel='next']/@href")
    assert parse_qs(urlsplit(older).query)["operation"] == ["List"]
    second = visitor.page(older)
    assert len(rows_of(second, "events")) == 3
    assert not second.xpath("//*[@data-stream]")


def event_page(visitor: Visitor, operation: str, **headers: str) -> Any:
    return visitor.page(f"/events/{visitor.server.calls(operation)[-1].event_id}", headers=headers)


def snippet(page: Any, name: str) -> str:
    return str(page.xpath(f"//pre[@aria-label='{name}']")[0].text_content())


def test_an_event_opens_its_record(owner: Any, visitor: Visitor) -> None:
    owner.encrypt(KeyId=KEY, Plaintext=b"1", EncryptionContext={"tenant": "ümlaut"})
    [event] = visitor.server.events(eventName="Encrypt")
    page = event_page(visitor, "Encrypt")
    assert json.loads(snippet(page, "CloudTrail record")) == event
    sheet = event_page(visitor, "Encrypt", **{"HX-Target": "sheet-content"})
    assert sheet.find(".//header") is None
    assert json.loads(snippet(sheet, "CloudTrail record")) == event


def test_a_refused_call_says_why(owner: Any, reader: Any, visitor: Visitor) -> None:
    with pytest.raises(ClientError):
        reader.decrypt(CiphertextBlob=owner.encrypt(KeyId=KEY, Plaintext=b"1")["CiphertextBlob"])
    page = event_page(visitor, "Decrypt")
    assert "Why denied denied kms:Decrypt No identity-based policy allows it." in words(page)


def test_a_call_is_copied_as_curl(owner: Any, visitor: Visitor) -> None:
    owner.describe_key(KeyId=ALIAS)
    command = snippet(event_page(visitor, "DescribeKey"), "Copy as curl")
    assert f"--user {ACCOUNT}:any-secret" in command
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=True, timeout=30)
    assert json.loads(done.stdout)["KeyMetadata"]["Arn"] == key_arn()


def test_a_call_of_a_declared_caller_is_copied_with_its_secret(owner: Any, reader: Any, visitor: Visitor) -> None:
    with pytest.raises(ClientError):
        reader.describe_key(KeyId=KEY)
    command = snippet(event_page(visitor, "DescribeKey"), "Copy as curl")
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=True, timeout=30)
    assert json.loads(done.stdout)["__type"] == "AccessDeniedException"


def calls_to_copy(owner: Any, reader: Any, session: Any) -> dict[str, Callable[[], object]]:
    blob = owner.encrypt(KeyId=KEY, Plaintext=b"1", EncryptionContext={"it's": 'a "key"'})["CiphertextBlob"]
    return {
        "Encrypt": lambda: owner.encrypt(KeyId=ALIAS, Plaintext=b"1"),
        "Decrypt": lambda: owner.decrypt(CiphertextBlob=blob, EncryptionContext={"it's": 'a "key"'}),
        "CreateGrant": lambda: owner.create_grant(KeyId=KEY, GranteePrincipal=READER, Operations=["Decrypt"]),
        "ListKeys": owner.list_keys,
        "DisableKey": lambda: reader.disable_key(KeyId=KEY),
        "DescribeKey": lambda: owner.describe_key(KeyId="alias/missing"),
        "EnableKey": lambda: session.enable_key(KeyId=KEY),
        "GenerateDataKey": lambda: reader.generate_data_key(KeyId=KEY, KeySpec="AES_256"),
    }


def test_a_call_is_copied_as_a_test_that_passes(
    owner: Any, reader: Any, visitor: Visitor, tmp_path: Path, keytrail_client: Callable[..., Any]
) -> None:
    role = {"RoleArn": READER, "RoleSessionName": "report"}
    issued = keytrail_client("sts").assume_role(**role)["Credentials"]
    session = keytrail_client(
        access_key_id=issued["AccessKeyId"],
        secret_access_key=issued["SecretAccessKey"],
        session_token=issued["SessionToken"],
    )
    calls = calls_to_copy(owner, reader, session)
    for operation, call in calls.items():
        try:
            call()
        except ClientError as error:
            expected = f'["Code"] == {error.response["Error"]["Code"]!r}'
        else:
            expected = '["HTTPStatusCode"] == 200'
        test = snippet(event_page(visitor, operation), "Copy as pytest")
        assert expected in test
        (tmp_path / f"test_{operation}.py").write_text(test)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(tmp_path)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert f"{len(calls)} passed" in done.stdout, done.stdout + done.stderr


def test_the_seed_of_a_page_is_yaml(owner: Any, visitor: Visitor) -> None:
    seed = yaml.safe_load(snippet(visitor.page(f"/seed/{key_arn()}"), "Seed"))
    assert seed["keys"][0]["KeyId"] == KEY
