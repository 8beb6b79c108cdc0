"""The pytest plugin, as its users meet it: each suite here is one of their own, run by a pytest of its own.

How we know: README, "A test in ten lines", and docs/pytest.md; what is promised besides is in the fixtures' docstrings.
"""

from __future__ import annotations

import gzip
import json
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path

import botocore
import pytest

from keytrail.pytest_plugin import OLDEST_BOTO3
from keytrail.server import KeytrailServer
from tests.support import ALIAS, FOREIGN, KEY, OTHER_KEY, key_arn
from tests.support.paths import ROOT


def pytest_run(
    folder: Path, text: str, *words: str, environment: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """pytest in a project that has nothing but this test file, and what is in its folder already."""
    (folder / "test_user.py").write_text(text)
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", str(folder), *words],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env={**os.environ, **(environment or {})},
    )


def require_passed(done: subprocess.CompletedProcess[str], count: int) -> None:
    assert re.search(rf"^{count} passed in ", done.stdout, re.MULTILINE), done.stdout + done.stderr


def seed_of(key_id: str, alias: str = "") -> str:
    aliases = f", Aliases: [{alias}]" if alias else ""
    return f"keys: [{{KeyId: {key_id}{aliases}}}]"


USER = f'''
import datetime

def test_use(kms):
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    kms.encrypt(KeyId=key, Plaintext=b"x")
    assert kms.get_key_last_usage(KeyId=key)["KeyLastUsage"]["Operation"] == "Encrypt"

def test_each_test_begins_clean(kms, keytrail_server):
    assert kms.list_keys()["Keys"] == []
    assert kms.meta.endpoint_url == keytrail_server.url

def test_clock(kms, keytrail_clock):
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    kms.schedule_key_deletion(KeyId=key, PendingWindowInDays=7)
    keytrail_clock.advance(days=8)
    assert kms.list_keys()["Keys"] == []

def test_the_clock_is_the_real_one_again(keytrail_clock):
    assert abs(keytrail_clock.now - datetime.datetime.now(datetime.timezone.utc)) < datetime.timedelta(minutes=1)

def test_frozen(keytrail_clock):
    assert keytrail_clock.freeze("2027-01-01T00:00:00Z") == keytrail_clock.now
    assert keytrail_clock.advance("PT1H").hour == 1
    assert keytrail_clock.set("2027-02-01") == keytrail_clock.now
    assert keytrail_clock.run() >= datetime.datetime(2027, 2, 1, tzinfo=datetime.timezone.utc)

def test_fast(keytrail_clock):
    start = keytrail_clock.speed(1_000_000)
    while keytrail_clock.now < start + datetime.timedelta(hours=1):
        pass
    assert keytrail_clock.speed(0) == keytrail_clock.now
    assert keytrail_clock.reset() < start + datetime.timedelta(hours=1)

def test_accounts(keytrail_client):
    one, other = keytrail_client(account="111122223333"), keytrail_client(account="222233334444", region="eu-west-1")
    assert one.create_key()["KeyMetadata"]["AWSAccountId"] == "111122223333"
    assert other.list_keys()["Keys"] == []

def test_seed(keytrail_clean, kms):
    keytrail_clean.load({{"keys": [{{"KeyId": "{KEY}"}}]}})
    assert kms.describe_key(KeyId="{KEY}")["KeyMetadata"]["Enabled"]
'''


def test_the_plugin_serves_a_users_suite(tmp_path: Path) -> None:
    require_passed(pytest_run(tmp_path, USER, "-W", "error"), 8)


OVERRIDING = f'''
import pytest

@pytest.fixture(scope="session")
def keytrail_settings():
    return {{"fixtures": ["kms.yaml"], "account": "111122223333", "region": "eu-west-1"}}

def test_seeded(kms):
    metadata = kms.describe_key(KeyId="{ALIAS}")["KeyMetadata"]
    assert metadata["Arn"] == "{key_arn(account="111122223333", region="eu-west-1")}"
    kms.delete_alias(AliasName="{ALIAS}")

def test_seeded_again(kms):
    names = [alias["AliasName"] for alias in kms.list_aliases()["Aliases"]]
    assert "{ALIAS}" in names
'''


def test_a_suite_can_override_the_settings(tmp_path: Path) -> None:
    (tmp_path / "kms.yaml").write_text(seed_of(KEY, ALIAS))
    require_passed(pytest_run(tmp_path, OVERRIDING), 2)


STRICT = """
import pytest
from botocore.exceptions import ClientError

def test_the_default_account_is_known(kms, keytrail_server):
    assert keytrail_server.settings.strict
    assert kms.list_keys()["Keys"] == []

def test_others_are_not(keytrail_client):
    with pytest.raises(ClientError, match="UnrecognizedClientException"):
        keytrail_client(access_key_id="AKIAIOSFODNN7EXAMPLE").list_keys()
"""


@pytest.mark.parametrize("by", ["flag", "configuration"])
def test_a_suite_can_be_strict_about_callers(tmp_path: Path, by: str) -> None:
    words = ["--keytrail-strict"] if by == "flag" else ["-o", "keytrail_strict=true"]
    require_passed(pytest_run(tmp_path, STRICT, *words), 2)


UNUSED = """
import sys

def test_nothing_of_it_is_imported():
    assert "keytrail.pytest_plugin" in sys.modules
    heavy = {"boto3", "botocore", "flask", "httptools", "msgspec", "cryptography", "keytrail.server", "keytrail.http"}
    heavy |= {"keytrail.client", "keytrail.pytest_layers", "keytrail.environment"}
    assert heavy & set(sys.modules) == set()
"""


def test_the_plugin_costs_a_suite_that_does_not_use_it_no_imports(tmp_path: Path) -> None:
    require_passed(pytest_run(tmp_path, UNUSED), 1)


# ---- kms_calls


ITERATED = """
def test_calls_are_counted_iterated_and_indexed(kms, kms_calls):
    assert not kms_calls
    kms.list_keys()
    kms.create_key()
    assert len(kms_calls) == 2
    assert [call.operation for call in kms_calls] == ["ListKeys", "CreateKey"]
    assert kms_calls[-1].operation == "CreateKey"
    assert [call.operation for call in kms_calls[:1]] == ["ListKeys"]
    assert repr(kms_calls).startswith("2 calls\\n  <")

def test_a_typo_is_no_empty_list(kms_calls):
    assert not kms_calls("Encypt")
"""


def test_kms_calls_can_be_iterated_and_does_not_let_a_typo_pass(tmp_path: Path) -> None:
    done = pytest_run(tmp_path, ITERATED)
    assert "1 failed, 1 passed" in done.stdout, done.stdout + done.stderr
    assert "ValueError: there is no operation Encypt; did you mean Encrypt?" in done.stdout


# ---- keytrail_env


CODE = """
import boto3

early = boto3.client("kms")

def make_key():
    return boto3.client("kms").create_key()["KeyMetadata"]["Arn"]
"""

ENVIRONMENT = """
import os

import boto3
import code_under_test
import pytest
from botocore.exceptions import ClientError

def test_the_code_under_test_calls_the_server(keytrail_env, kms_calls, keytrail_server):
    assert code_under_test.make_key().startswith("arn:aws:kms:eu-west-1:111122223333:key/")
    assert len(kms_calls("CreateKey")) == 1
    assert keytrail_env["AWS_ENDPOINT_URL_KMS"] == keytrail_server.url == os.environ["AWS_ENDPOINT_URL"]

def test_a_service_that_is_not_here_is_not_called_at_aws(keytrail_env, keytrail_server):
    s3 = boto3.client("s3")
    assert s3.meta.endpoint_url == keytrail_server.url
    with pytest.raises(ClientError):
        s3.list_buckets()

def test_afterwards_the_variables_are_what_they_were():
    assert os.environ["AWS_ENDPOINT_URL"] == "http://127.0.0.1:9"
"""
REAL = {
    "AWS_ENDPOINT_URL": "http://127.0.0.1:9",
    "AWS_PROFILE": "production",
    "AWS_ACCESS_KEY_ID": "AKIAREAL",
    "AWS_SECRET_ACCESS_KEY": "real",
    "AWS_DEFAULT_REGION": "us-west-2",
}
SETTINGS = """
import pytest

@pytest.fixture(scope="session")
def keytrail_settings():
    return {"account": "111122223333", "region": "eu-west-1"}
"""


def test_keytrail_env_points_the_code_under_test_at_the_server(tmp_path: Path) -> None:
    (tmp_path / "code_under_test.py").write_text(CODE.replace('early = boto3.client("kms")', ""))
    (tmp_path / "conftest.py").write_text(SETTINGS)
    require_passed(pytest_run(tmp_path, ENVIRONMENT, environment=REAL), 3)


AUTOUSE = """
import boto3
import code_under_test

def test_every_test_has_the_variables(keytrail_server):
    code_under_test.make_key()
    assert [call.operation for call in keytrail_server.calls()] == ["CreateKey"]

def test_a_client_that_was_made_when_the_code_was_imported_calls_the_server(keytrail_server):
    made = code_under_test.early.create_key()["KeyMetadata"]
    assert code_under_test.early.meta.endpoint_url == keytrail_server.url
    assert made["AWSAccountId"] == keytrail_server.settings.account

def test_each_test_begins_clean(kms):
    assert kms.list_keys()["Keys"] == []
"""


@pytest.mark.parametrize("settings", ["", SETTINGS.replace("eu-west-1", "us-east-1")], ids=["own", "default"])
def test_keytrail_autouse_gives_every_test_the_variables_and_what_is_imported_with_it(
    tmp_path: Path, settings: str
) -> None:
    (tmp_path / "code_under_test.py").write_text(CODE)
    (tmp_path / "conftest.py").write_text(settings)
    environment = {name: value for name, value in REAL.items() if name != "AWS_PROFILE"}
    require_passed(pytest_run(tmp_path, AUTOUSE, "-o", "keytrail_autouse=true", environment=environment), 3)


# ---- Seeds, and what stays until when


SEEDS = f"""
import pytest

pytestmark = pytest.mark.keytrail_seed("seeds/module.yaml")

def keys(kms):
    return {{key["KeyId"] for key in kms.list_keys()["Keys"]}}

@pytest.mark.keytrail_seed({{"keys": [{{"KeyId": "{OTHER_KEY}"}}]}})
def test_the_seeds_of_the_module_and_of_the_test_are_loaded(kms):
    assert keys(kms) == {{"{KEY}", "{OTHER_KEY}"}}
    kms.delete_alias(AliasName="{ALIAS}")

def test_they_are_loaded_for_each_test(keytrail_client, keytrail_server):
    assert keys(keytrail_client()) == {{"{KEY}"}}
    assert keytrail_client().describe_key(KeyId="{ALIAS}")
    keytrail_server.load("seeds/other.yaml")

def test_a_test_that_names_no_fixture_has_them_too():
    pass

@pytest.mark.keytrail_seed("seeds/nowhere.yaml")
def test_a_seed_that_is_not_there_is_an_error(kms):
    pass

@pytest.mark.keytrail_seed
def test_a_marker_without_a_seed_is_an_error():
    pass
"""


def test_a_marker_loads_seeds_whose_paths_start_from_the_rootdir(tmp_path: Path) -> None:
    (tmp_path / "seeds").mkdir()
    (tmp_path / "seeds/module.yaml").write_text(seed_of(KEY, ALIAS))
    (tmp_path / "seeds/other.yaml").write_text(seed_of(OTHER_KEY))
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "test_user.py").write_text(SEEDS)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--strict-markers", "--rootdir=..", ".."],
        cwd=tmp_path / "elsewhere",
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert "3 passed, 2 errors" in done.stdout, done.stdout + done.stderr
    assert f"{tmp_path}/seeds/nowhere.yaml: No such file or directory" in done.stdout
    assert "say which seeds: @pytest.mark.keytrail_seed(" in done.stdout


SEED_FIXTURE = f"""
import pytest

@pytest.fixture(scope="module")
def keytrail_seed():
    return ["one.yaml", {{"keys": [{{"KeyId": "{OTHER_KEY}"}}]}}]

@pytest.mark.parametrize("time", [1, 2])
def test_every_test_begins_with_the_seeds(kms, time):
    assert {{key["KeyId"] for key in kms.list_keys()["Keys"]}} == {{"{KEY}", "{OTHER_KEY}"}}
    kms.create_key()
"""


def test_the_fixture_keytrail_seed_can_be_overridden_in_any_scope(tmp_path: Path) -> None:
    (tmp_path / "one.yaml").write_text(seed_of(KEY))
    require_passed(pytest_run(tmp_path, SEED_FIXTURE), 2)


STAYS = """
import boto3
import pytest

def keys(server):
    return {key["KeyId"] for key in client(server).list_keys()["Keys"]}

def client(server):
    return boto3.client("kms", endpoint_url=server.url, region_name="us-east-1",
                        aws_access_key_id="000000000000", aws_secret_access_key="any")
"""
CONFTEST = (
    STAYS
    + f"""
@pytest.fixture(scope="session")
def made(keytrail_server):
    return client(keytrail_server).create_key()["KeyMetadata"]["KeyId"]

@pytest.fixture(scope="module")
def seeded(keytrail_server):
    keytrail_server.load({{"keys": [{{"KeyId": "{KEY}"}}]}})
    keytrail_server.clock.freeze("2027-01-01T00:00:00Z")

@pytest.fixture
def own(keytrail_server):
    keytrail_server.load({{"keys": [{{"KeyId": "{OTHER_KEY}"}}]}})
"""
)
FIRST = f"""
from conftest import keys

def test_a_leak(keytrail_server):
    keytrail_server.load({{"keys": [{{"KeyId": "{OTHER_KEY}"}}]}})

def test_that_is_none(keytrail_server):
    assert keys(keytrail_server) == set()

class TestOfTheSession:
    def test_what_a_session_fixture_made_is_there(self, made, kms, keytrail_server):
        assert keys(keytrail_server) == {{made}}
        kms.create_key()

    def test_it_stays_as_it_was(self, made, keytrail_server):
        assert keys(keytrail_server) == {{made}}

class TestOfTheModule:
    def test_seeds_of_fixtures_that_ran_before_kms_stay(self, made, seeded, own, kms, keytrail_server):
        assert keys(keytrail_server) == {{made, "{KEY}", "{OTHER_KEY}"}}

    def test_only_those_of_the_module_stay(self, made, seeded, kms, keytrail_server, keytrail_clock):
        assert keys(keytrail_server) == {{made, "{KEY}"}}
        assert keytrail_clock.frozen and keytrail_clock.now.year == 2027
        keytrail_clock.reset()

    def test_and_the_time_that_it_set(self, seeded, keytrail_clock):
        assert keytrail_clock.now.year == 2027
"""
SECOND = f"""
import unittest

import pytest
from conftest import client, keys

def test_what_the_other_module_loaded_is_gone(made, keytrail_server):
    assert keys(keytrail_server) == {{made}}
    assert not keytrail_server.clock.frozen

def test_the_same_fixture_loads_it_again(seeded, made, keytrail_server):
    assert keys(keytrail_server) == {{made, "{KEY}"}}

@pytest.mark.usefixtures("keytrail_server")
class TestUnit(unittest.TestCase):
    @pytest.fixture(autouse=True)
    def _server(self, keytrail_server):
        self.server = keytrail_server

    def test_a(self):
        client(self.server).create_key()
        assert len(keys(self.server)) == 3

    def test_b(self):
        assert len(keys(self.server)) == 2
"""
LATE = f"""
import pytest
from conftest import keys

def test_the_module_comes_first(seeded, keytrail_server):
    assert keys(keytrail_server) == {{"{KEY}"}}

def test_then_the_session(seeded, made, keytrail_server):
    assert keys(keytrail_server) == {{"{KEY}", made}}
"""
AFTER_LATE = """
from conftest import keys

def test_what_the_session_made_is_not_lost(made, keytrail_server):
    assert made in keys(keytrail_server)
"""


def test_what_fixtures_of_wider_scopes_did_stays_until_their_scope_ends(tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text(CONFTEST)
    (tmp_path / "test_first.py").write_text(FIRST)
    require_passed(pytest_run(tmp_path, SECOND), 11)


def test_a_fixture_of_a_wider_scope_that_comes_later_loses_nothing(tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text(CONFTEST)
    (tmp_path / "test_late.py").write_text(LATE)
    require_passed(pytest_run(tmp_path, AFTER_LATE), 3)


OWN = """
import pytest
from keytrail import KeytrailServer

@pytest.fixture(scope="module")
def keytrail_server():
    with KeytrailServer(account="111122223333") as server:
        yield server

@pytest.mark.parametrize("time", [1, 2])
def test_each_test_begins_clean(kms, time):
    assert kms.list_keys()["Keys"] == []
    assert kms.create_key()["KeyMetadata"]["AWSAccountId"] == "111122223333"
"""


def test_a_suite_can_have_a_server_of_its_own_in_any_scope(tmp_path: Path) -> None:
    (tmp_path / "test_other.py").write_text(OWN)
    require_passed(pytest_run(tmp_path, OWN), 4)


# ---- A server that runs elsewhere


@pytest.fixture
def elsewhere() -> Iterator[KeytrailServer]:
    with KeytrailServer(control_token="sesame") as server:
        yield server


TOKEN = {"KEYTRAIL_CONTROL_TOKEN": "sesame"}


def test_the_fixtures_use_a_server_that_runs_elsewhere(tmp_path: Path, elsewhere: KeytrailServer) -> None:
    elsewhere.load({"keys": [{"KeyId": OTHER_KEY}]})
    done = pytest_run(tmp_path, USER, "-W", "error", "--keytrail-url", elsewhere.url, environment=TOKEN)
    require_passed(done, 8)
    assert elsewhere.events() == [], "it is left as after its start"


def test_what_stays_until_when_is_the_same_elsewhere(tmp_path: Path, elsewhere: KeytrailServer) -> None:
    (tmp_path / "conftest.py").write_text(CONFTEST)
    (tmp_path / "test_first.py").write_text(FIRST)
    require_passed(pytest_run(tmp_path, SECOND, "--keytrail-url", elsewhere.url, environment=TOKEN), 11)


def test_seeds_of_the_settings_are_loaded_into_it(tmp_path: Path, elsewhere: KeytrailServer) -> None:
    (tmp_path / "kms.yaml").write_text(seed_of(KEY, ALIAS))
    suite = OVERRIDING.replace(', "account": "111122223333", "region": "eu-west-1"', "").replace(
        key_arn(account="111122223333", region="eu-west-1"), key_arn()
    )
    require_passed(pytest_run(tmp_path, suite, "-o", f"keytrail_url={elsewhere.url}", environment=TOKEN), 2)


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["--keytrail-url", "http://127.0.0.1:9"], "no Keytrail answers at http://127.0.0.1:9"),
        (["--keytrail-url", "{url}"], "wants its control token"),
    ],
    ids=["nobody is there", "the token is missing"],
)
def test_a_suite_that_cannot_reach_the_server_says_so_and_stops(
    tmp_path: Path, elsewhere: KeytrailServer, words: list[str], reason: str
) -> None:
    done = pytest_run(tmp_path, USER, *[word.format(url=elsewhere.url) for word in words])
    assert done.returncode == pytest.ExitCode.USAGE_ERROR, done.stdout
    assert reason in done.stdout + done.stderr


def test_settings_that_only_a_start_can_give_are_refused(tmp_path: Path, elsewhere: KeytrailServer) -> None:
    url = ["--keytrail-url", elsewhere.url]
    done = pytest_run(tmp_path, OVERRIDING, *url, environment=TOKEN)
    assert "keytrail_settings: account, region: set it where the server" in done.stdout
    done = pytest_run(tmp_path, STRICT, *url, "--keytrail-strict", environment=TOKEN)
    assert "is not strict: start it with KEYTRAIL_STRICT=true" in done.stdout


SHARED = """
import os
import time

import pytest

@pytest.mark.parametrize("number", range(8))
def test_a_worker_sees_only_its_own(number, kms, kms_calls, keytrail_server, keytrail_env):
    key = kms.create_key(Description=os.environ["PYTEST_XDIST_WORKER"])["KeyMetadata"]
    keytrail_server.add_fault(Operations="ListKeys", Latency=50)
    assert key["AWSAccountId"] == keytrail_env["AWS_ACCESS_KEY_ID"] == keytrail_server.settings.account
    assert [each["KeyId"] for each in kms.list_keys()["Keys"]] == [key["KeyId"]]
    assert [call.operation for call in kms_calls] == ["CreateKey", "ListKeys"]
    assert len(keytrail_server.events(eventName="CreateKey")) == len(keytrail_server.faults()) == 1

def test_the_clock_is_not_one_workers(keytrail_clock):
    pass
"""


def test_under_xdist_each_worker_has_an_account_of_its_own(tmp_path: Path, elsewhere: KeytrailServer) -> None:
    theirs = elsewhere.snapshot()
    elsewhere.load({"keys": [{"KeyId": KEY}]})
    words = ["-n", "2", "--dist", "load", "--keytrail-url", elsewhere.url]
    done = pytest_run(tmp_path, SHARED, *words, environment=TOKEN)
    assert "8 passed, 1 error" in done.stdout, done.stdout + done.stderr
    assert "the clock is the whole server's" in done.stdout
    assert "with -n 0, or without --keytrail-url" in done.stdout
    assert elsewhere.calls(account=FOREIGN) == []
    assert elsewhere.snapshot().loads == theirs.loads + 1, "what is not the workers' stays"


# ---- boto3


def test_the_extra_names_the_least_boto3_that_the_plugin_does() -> None:
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    assert f"boto3>={OLDEST_BOTO3}" in extras["pytest"]


OLD = """
def test_what_an_old_boto3_knows(kms):
    kms.create_key()

def test_what_it_does_not_know(kms):
    kms.get_key_last_usage(KeyId="alias/orders")

def test_other_attributes(kms):
    assert not hasattr(kms, "get_key_lost_usage")
"""


def test_an_old_boto3_gets_a_sentence(tmp_path: Path) -> None:
    """A model of KMS without GetKeyLastUsage, which botocore prefers to its own, makes it as old as can be."""
    [file] = (Path(botocore.__file__).parent / "data/kms").glob("*/service-2.json*")
    text = file.read_bytes()
    model = json.loads(gzip.decompress(text) if file.suffix == ".gz" else text)
    del model["operations"]["GetKeyLastUsage"]
    folder = tmp_path / "models" / "kms" / file.parent.name
    folder.mkdir(parents=True)
    (folder / "service-2.json").write_text(json.dumps(model))
    done = pytest_run(tmp_path, OLD, environment={"AWS_DATA_PATH": str(tmp_path / "models")})
    assert "1 failed, 2 passed" in done.stdout, done.stdout + done.stderr
    assert f"does not know GetKeyLastUsage; {OLDEST_BOTO3} is the first that does" in done.stdout
