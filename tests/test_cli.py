"""The `keytrail` command, as a shell sees it.

How we know: docs/settings.md, "Settings" and docs/seeds.md, "Seeds" (`check`). The end comes within 2 s, for
`docker stop` kills after 10 s.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import fields
from pathlib import Path
from types import SimpleNamespace

import jsonschema
import pytest
import requests

from keytrail.settings import Settings, variable
from tests.support import KEY, OTHER_KEY
from tests.support.paths import SAMPLE_FOLDER
from tests.support.wire import connect, post

COMMAND = [sys.executable, "-m", "keytrail"]
QUICKSTART = str(SAMPLE_FOLDER / "quickstart.yaml")


def environment(**variables: str) -> dict[str, str]:
    """The environment without settings of its own, and without that of a test run, and these."""
    return {
        name: value for name, value in os.environ.items() if not name.startswith(("KEYTRAIL_", "PYTEST_"))
    } | variables


def run(*words: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """A command that must end by itself."""
    return subprocess.run(
        [*COMMAND, *words], env=environment(**variables), capture_output=True, text=True, timeout=20, check=False
    )


@contextmanager
def serving(*words: str, **variables: str) -> Iterator[SimpleNamespace]:
    """`keytrail serve`: its process, its url, and the lines that it printed."""
    process = subprocess.Popen(
        [*COMMAND, "serve", *words],
        env=environment(**variables),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        lines = []
        while not (lines and "_keytrail/events" in lines[-1]):
            line = process.stdout.readline()
            assert line, process.communicate()
            lines.append(line.rstrip())
        url = re.search(r"http://\S+", lines[0])
        assert url is not None
        yield SimpleNamespace(process=process, url=url[0], lines=lines)
    finally:
        process.kill()
        process.communicate()


# ---- help


def test_help_lists_every_flag_and_its_variable() -> None:
    shown = run("serve", "--help")
    assert shown.returncode == 0
    for field in fields(Settings):
        assert f"--{field.name.replace('_', '-')} " in shown.stdout
        assert variable(field.name) in shown.stdout


def test_the_command_lists_its_commands_and_its_version() -> None:
    shown = run("--help")
    assert shown.returncode == 0
    assert all(
        re.search(rf"^  {command} ", shown.stdout, re.MULTILINE)
        for command in ("serve", "check", "health", "export", "convert")
    )
    assert re.search(r"\d+\.\d+\.\d+", run("--version").stdout)


# ---- serve


def test_serve_prints_what_one_can_paste_and_answers_it() -> None:
    with serving("--port", "0", "--fixtures", QUICKSTART) as server:
        commands = [shlex.split(line) for line in server.lines if line.startswith("  curl ")]
        asking, events = commands
        user = asking[asking.index("--user") + 1].partition(":")[0]
        region = asking[asking.index("--aws-sigv4") + 1].split(":")[2]
        name, _, target = asking[asking.index("-H") + 1].partition(": ")
        assert name == "X-Amz-Target"
        answer = post(server, target, asking[asking.index("-d") + 1], account=user, region=region, prefix="")
        assert asking[-1] == f"{server.url}/"
        assert answer.status_code == 200
        assert answer.json()["KeyLastUsage"]["Operation"] == "GenerateDataKey"
        names = [event["eventName"] for event in requests.get(events[-1], timeout=5).json()["Records"]]
        assert "GetKeyLastUsage" in names


def test_serve_without_a_seed_prints_a_command_that_succeeds_too() -> None:
    with serving("--port", "0", "--account", "111122223333", "--region", "eu-west-1") as server:
        assert any("TrentService.CreateKey" in line and "111122223333" in line for line in server.lines)
        key = post(server, "CreateKey", account="any", region="eu-west-1").json()["KeyMetadata"]
        assert key["AWSAccountId"] == "111122223333"


def test_serve_says_where_https_answers_and_how_to_trust_it(tmp_path: Path) -> None:
    with serving("--port", "0", "--tls-port", "0") as server:
        url = re.fullmatch(r" +and on (https://\S+)", server.lines[1])
        curl = re.fullmatch(r"  curl -s (\S+) > ca\.pem .*", server.lines[2])
        assert url is not None
        assert curl is not None
        authority = tmp_path / "ca.pem"
        authority.write_bytes(requests.get(curl[1], timeout=5).content)
        assert requests.get(f"{url[1]}/_keytrail/health", verify=str(authority), timeout=5).ok


def log_of(server: SimpleNamespace) -> list[str]:
    """What a server that ends now has written on standard error."""
    server.process.terminate()
    written: str = server.process.communicate(timeout=10)[1]
    return written.splitlines()


def test_serve_logs_a_line_a_request_on_standard_error() -> None:
    with serving("--port", "0") as server:
        answer = post(server, "ListKeys")
        [line] = log_of(server)
    assert re.search(r"  200 .* ms  ListKeys  .*000000000000  us-east-1 ", line)
    assert line.endswith(answer.headers["x-amzn-RequestId"])


@pytest.mark.parametrize(
    ("words", "variables"), [(("--log-format", "json"), {}), ((), {"KEYTRAIL_LOG_FORMAT": "json"})]
)
def test_serve_logs_in_json_if_told_so(words: tuple[str, ...], variables: dict[str, str]) -> None:
    with serving("--port", "0", *words, **variables) as server:
        post(server, "ListKeys")
        [line] = log_of(server)
    assert json.loads(line)["operation"] == "ListKeys"


@pytest.mark.parametrize(("words", "variables"), [(("--quiet",), {}), ((), {"KEYTRAIL_QUIET": "1"})])
def test_serve_is_quiet_if_told_so(words: tuple[str, ...], variables: dict[str, str]) -> None:
    with serving("--port", "0", *words, **variables) as server:
        post(server, "ListKeys")
        assert log_of(server) == []


def test_an_unknown_format_of_the_log_is_an_error_with_the_choices() -> None:
    done = run("serve", "--port", "0", "--log-format", "xml")
    assert done.returncode == 2
    assert done.stderr == "keytrail: log_format: expected text or json, got 'xml'\n"


def test_a_log_that_nobody_reads_holds_up_no_request_and_no_stop() -> None:
    with serving("--port", "0") as server:
        message = "x" * 400
        for _ in range(400):  # a pipe has room for 64 KiB
            assert post(server, "DescribeKey", {"KeyId": message}).status_code == 400
        server.process.terminate()
        assert server.process.wait(5) == 0


def test_settings_come_from_the_environment(tmp_path: Path) -> None:
    (tmp_path / "one.yaml").write_text(f"keys: [{{KeyId: {KEY}}}]")
    (tmp_path / "two.yaml").write_text(f"keys: [{{KeyId: {OTHER_KEY}}}]")
    variables = {
        "KEYTRAIL_PORT": "0",
        "KEYTRAIL_ACCOUNT": "111122223333",
        "KEYTRAIL_REGION": "ap-south-1",
        "KEYTRAIL_FIXTURES": os.pathsep.join((str(tmp_path / "one.yaml"), str(tmp_path / "two.yaml"))),
        "KEYTRAIL_CONTROL_TOKEN": "sesame",
        "KEYTRAIL_USAGE_DELAY": "PT15M",
    }
    with serving(**variables) as server:
        answer = requests.post(server.url, data="{}", headers={"X-Amz-Target": "TrentService.ListKeys"}, timeout=5)
        assert {key["KeyArn"] for key in answer.json()["Keys"]} == {
            f"arn:aws:kms:ap-south-1:111122223333:key/{key}" for key in (KEY, OTHER_KEY)
        }
        assert requests.get(f"{server.url}/_keytrail/events", timeout=5).status_code == 401


def test_a_flag_goes_before_its_variable() -> None:
    with serving("--account", "222233334444", KEYTRAIL_PORT="0", KEYTRAIL_ACCOUNT="111122223333") as server:
        key = post(server, "CreateKey", account="any").json()["KeyMetadata"]
    assert key["AWSAccountId"] == "222233334444"


@pytest.mark.parametrize("words", [("--strict",), ("--strict", "true")])
def test_a_switch_may_stand_alone(words: tuple[str, ...]) -> None:
    with serving("--port", "0", *words) as server:
        assert post(server, "ListKeys", account="AKIAIOSFODNN7EXAMPLE").status_code == 400
        assert requests.get(f"{server.url}/_keytrail/health", timeout=5).status_code == 200


# ---- the end


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_within_two_seconds_with_code_0(number: signal.Signals) -> None:
    with serving("--port", "0") as server:
        with requests.Session() as session:
            assert session.get(f"{server.url}/_keytrail/health", timeout=5).status_code == 200
            begin = time.monotonic()
            server.process.send_signal(number)
            assert server.process.wait(timeout=5) == 0
        assert time.monotonic() - begin < 2
        assert server.process.stderr.read() == ""


def test_sigterm_ends_it_within_two_seconds_while_clients_hang() -> None:
    head = b"POST / HTTP/1.1\r\nHost: kms\r\nX-Amz-Target: TrentService.ListKeys\r\nContent-Length: 100\r\n"
    with serving("--port", "0") as server:
        hanging = [connect(server) for _ in range(16)]
        try:
            for at, connection in enumerate(hanging):
                connection.sendall(head if at % 2 else head + b"\r\n{")
            # An answer says that the server has come round to those before it.
            assert post(server, "ListKeys").status_code == 200
            begin = time.monotonic()
            server.process.send_signal(signal.SIGTERM)
            assert server.process.wait(timeout=5) == 0
            assert time.monotonic() - begin < 2
        finally:
            for connection in hanging:
                connection.close()


# ---- what cannot be served: exit code 2, one clear message


def refused(done: subprocess.CompletedProcess[str]) -> str:
    """The message of a start that was refused."""
    assert done.returncode == 2, done
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    assert done.stderr.startswith("keytrail: ")
    return done.stderr


def test_a_taken_port_is_reported_in_one_line() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        message = refused(run("serve", "--port", port))
    assert message == (
        f"keytrail: cannot listen on 127.0.0.1:{port}: the port is taken; "
        "set port (--port, KEYTRAIL_PORT) to another one, or to 0 for any that is free\n"
    )


def test_an_unknown_variable_is_a_warning_and_the_server_starts() -> None:
    with serving("--port", "0", "--quiet", KEYTRAIL_USAGE_DELEY="5") as server:
        assert post(server, "ListKeys").status_code == 200
        server.process.terminate()
        assert server.process.communicate()[1] == (
            "keytrail: warning: KEYTRAIL_USAGE_DELEY is no setting and has no effect; "
            "did you mean KEYTRAIL_USAGE_DELAY?\n"
        )


def test_a_flag_allows_regions_that_aws_does_not_have() -> None:
    with serving("--port", "0", "--region", "mars-1", "--extra-regions", "mars-1,mars-2") as server:
        answer = requests.post(server.url, headers={"X-Amz-Target": "TrentService.CreateKey"}, data="{}", timeout=5)
        assert ":mars-1:" in answer.json()["KeyMetadata"]["Arn"]


def test_a_bad_seed_stops_the_start(tmp_path: Path) -> None:
    bad = tmp_path / "bad.yaml"
    bad.write_text(f"keys: [{{KeyId: {KEY}, KeyState: Asleep}}]")
    message = refused(run("serve", "--port", "0", "--fixtures", str(bad)))
    assert f"{bad}: keys[0].KeyState: " in message
    assert "PendingDeletion" in message


BAD_SETTINGS: Mapping[str, tuple[tuple[str, ...], Mapping[str, str], str]] = {
    "a port that is no number": (("--port", "http"), {}, "http"),
    "a port out of range": (("--port", "65536"), {}, "65535"),
    "a variable that is no number": ((), {"KEYTRAIL_PORT": "http"}, "KEYTRAIL_PORT"),
    "an account too short": (("--account", "1"), {}, "12 digits"),
    "a delay beyond an hour": (("--usage-delay", "PT2H"), {}, "1 hour"),
    "a delay that is none": ((), {"KEYTRAIL_USAGE_DELAY": "soon"}, "KEYTRAIL_USAGE_DELAY"),
    "a moment that is none": (("--tracking-start", "soon"), {}, "ISO 8601"),
    "a truth that is none": (("--control", "perhaps"), {}, "true or false"),
    "no events at all": (("--max-events", "0"), {}, "max_events"),
    "a missing seed file": (("--fixtures", "/nowhere.yaml"), {}, "/nowhere.yaml"),
    "a Region that is none": (("--region", "us-esat-1"), {}, "did you mean us-east-1?"),
    "a host that is none": (("--host", "256.0.0.1"), {}, "256.0.0.1"),
}


@pytest.mark.parametrize(("words", "variables", "told"), BAD_SETTINGS.values(), ids=BAD_SETTINGS)
def test_a_bad_setting_is_reported(words: tuple[str, ...], variables: Mapping[str, str], told: str) -> None:
    assert told in refused(run("serve", *words, **{"KEYTRAIL_PORT": "0", **variables}))


def test_an_unknown_flag_is_reported() -> None:
    done = run("serve", "--prot", "1")
    assert done.returncode == 2
    assert "--prot" in done.stderr


# ---- check


def test_check_counts_what_is_in_a_good_file() -> None:
    done = run("check", QUICKSTART)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "good: 3 keys, 2 aliases, 1 credential\n"


def test_check_shows_every_mistake_and_ends_with_1(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(f"keys: [{{KeyId: {KEY}, CreationDate: soon}}]")
    (tmp_path / "b.yaml").write_text("keys: all")
    done = run("check", str(tmp_path / "a.yaml"), str(tmp_path / "b.yaml"), QUICKSTART)
    assert (done.returncode, done.stdout) == (1, "")
    first, second = done.stderr.splitlines()
    assert first.startswith(f"{tmp_path / 'a.yaml'}: keys[0].CreationDate: ")
    assert second.startswith(f"{tmp_path / 'b.yaml'}: keys: ")


def test_a_folder_without_a_seed_is_an_error_of_check_and_a_warning_of_serve(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("no seed")
    message = f"{tmp_path}: there is no .yaml, .yml or .json file in this folder\n"
    done = run("check", str(tmp_path))
    assert (done.returncode, done.stdout, done.stderr) == (1, "", message)
    with serving("--port", "0", "--fixtures", str(tmp_path)) as server:
        server.process.terminate()
        assert server.process.communicate()[1] == f"keytrail: warning: {message}"


def test_check_without_a_file_says_what_to_name() -> None:
    done = run("check")
    assert done.returncode == 2
    assert "--schema" in done.stderr


def test_check_prints_the_json_schema() -> None:
    done = run("check", "--schema")
    assert done.returncode == 0
    schema = json.loads(done.stdout)
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    assert validator.is_valid({"keys": [{"KeyId": KEY}]})
    assert not validator.is_valid({"keys": [{"KeyId": "seven"}]})


# ---- health


def test_health_is_0_while_the_server_answers_and_1_after() -> None:
    with serving("--port", "0", "--control-token", "sesame") as server:
        port = server.url.rpartition(":")[2]
        done = run("health", KEYTRAIL_PORT=port, KEYTRAIL_CONTROL_TOKEN="sesame")
        assert (done.returncode, done.stdout) == (0, "ready\n")
        assert run("health", KEYTRAIL_PORT=port).returncode == 1, "the token is wanted by every call"
    done = run("health", KEYTRAIL_PORT=port)
    assert done.returncode == 1
    assert f"127.0.0.1:{port}" in done.stderr
    assert "Traceback" not in done.stderr


def test_health_asks_at_home_where_the_server_listens_everywhere() -> None:
    with serving("--port", "0", "--host", "0.0.0.0") as server:
        assert server.url.startswith("http://127.0.0.1:")
        port = server.url.rpartition(":")[2]
        assert run("health", KEYTRAIL_PORT=port, KEYTRAIL_HOST="0.0.0.0").returncode == 0


@pytest.mark.parametrize("flag", ["--no-console", "--no-control"])
def test_a_flag_turns_the_console_off(flag: str) -> None:
    browser = {"Accept": "text/html"}
    with serving("--port", "0") as server:
        assert "<!doctype html>" in requests.get(server.url, headers=browser, timeout=5).text
    with serving("--port", "0", flag, KEYTRAIL_CONSOLE="true") as server:
        assert "doctype" not in requests.get(server.url, headers=browser, timeout=5).text


def test_a_fixtures_flag_is_one_path_whatever_it_holds(tmp_path: Path) -> None:
    """How we know: only the environment variable is a list; a flag is repeated."""
    seed = tmp_path / "a:b.yaml"
    seed.write_text(f'keys: [{{KeyId: 1234abcd-12ab-34cd-56ef-1234567890ab, Account: "{"1" * 12}"}}]')
    with serving("--port", "0", "--fixtures", str(seed)) as server:
        assert any("1234abcd" in line for line in server.lines)


# ---- convert


LOCAL_KMS = f"""\
Keys:
  Symmetric:
    Aes:
      - Metadata: {{KeyId: {KEY}}}
        BackingKeys: [{"01" * 32}]
Aliases:
  - {{AliasName: alias/orders, TargetKeyId: {KEY}}}
  - {{AliasName: alias/lost, TargetKeyId: {OTHER_KEY}}}
"""


def test_convert_writes_a_seed_that_check_finds_good(tmp_path: Path) -> None:
    source, seed = tmp_path / "local-kms.yaml", tmp_path / "seed.yaml"
    source.write_text(LOCAL_KMS)
    done = run("convert", "local-kms", str(source))
    assert done.returncode == 0
    assert done.stderr == (
        f"keytrail: warning: {source}: Aliases[1]: alias/lost is left out: no key here has the id {OTHER_KEY}\n"
    )
    seed.write_text(done.stdout)
    assert 'Account: "111122223333"' in done.stdout
    assert "Region: eu-west-2" in done.stdout
    assert run("check", str(seed)).stdout == "good: 1 key, 1 alias, 0 credentials\n"


def test_convert_takes_account_and_region_from_the_variables_of_local_kms(tmp_path: Path) -> None:
    source, seed = tmp_path / "local-kms.yaml", tmp_path / "seed.yaml"
    source.write_text(LOCAL_KMS)
    done = run(
        "convert", "local-kms", str(source), "-o", str(seed), KMS_ACCOUNT_ID="444455556666", KMS_REGION="us-east-2"
    )
    assert (done.returncode, done.stdout) == (0, "")
    assert 'Account: "444455556666"' in seed.read_text()
    assert "Region: us-east-2" in seed.read_text()


@pytest.mark.parametrize(
    ("text", "code", "message"),
    [("Keys: 3", 1, "Keys: expected a mapping with Symmetric, Asymmetric, got '3'"), (None, 2, "No such file")],
)
def test_convert_writes_nothing_if_there_is_a_mistake(
    tmp_path: Path, text: str | None, code: int, message: str
) -> None:
    source, seed = tmp_path / "local-kms.yaml", tmp_path / "seed.yaml"
    if text is not None:
        source.write_text(text)
    done = run("convert", "local-kms", str(source), "--output", str(seed))
    assert (done.returncode, done.stdout) == (code, "")
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert not seed.exists()


# ---- export


def test_export_writes_a_running_server_as_a_seed_that_check_finds_good(tmp_path: Path) -> None:
    seed = tmp_path / "seed.yaml"
    with serving("--port", "0", "--fixtures", QUICKSTART) as server:
        assert run("export", "--url", server.url, "--output", str(seed)).stdout == ""
        shown = run("export", KEYTRAIL_PORT=str(server.url.rpartition(":")[2]))
        part = run("export", "--url", server.url, "--json", "--key", KEY, "--account", "111122223333")
    assert seed.read_text() == shown.stdout
    assert shown.stdout.startswith("# Made by Keytrail's export")
    assert [key["KeyId"] for key in json.loads(part.stdout)["keys"]] == [KEY]
    assert run("check", str(seed)).stdout.startswith("good: ")
    with serving("--port", "0", "--fixtures", str(seed)) as copy:
        again = run("export", "--url", copy.url, "--moments", "absolute").stdout
    assert [line for line in again.splitlines() if line[0] != "#"] == [
        line for line in shown.stdout.splitlines() if line[0] != "#"
    ]


def test_what_export_cannot_do_is_said_in_a_line() -> None:
    with serving("--port", "0", KEYTRAIL_CONTROL_TOKEN="token") as server:
        asked = ["export", "--url", server.url]
        for words, code, told in (
            (asked, 1, "wants its control token; name it with --token or KEYTRAIL_CONTROL_TOKEN"),
            ([*asked, "--token", "token", "--key", "alias/none"], 1, "alias/none is not found"),
            ([*asked, "--token", "token", "--account", "12"], 2, "account: expected 12 digits, got '12'"),
            ([*asked, "--token", "token", "--output", "/none/seed.yaml"], 2, "/none/seed.yaml: No such file"),
            (["export", "--url", "127.0.0.1"], 2, "expected the URL of a Keytrail server"),
        ):
            done = run(*words)
            assert (done.returncode, done.stdout) == (code, "")
            assert done.stderr.startswith("keytrail: ")
            assert done.stderr.count("\n") == 1
            assert told in done.stderr
    done = run("export", "--url", server.url)
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert f"keytrail: no Keytrail answers at {server.url}: " in done.stderr
