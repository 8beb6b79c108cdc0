"""The README and the pages in docs/ are correct: their examples run, and their tables agree with the code."""

import re
import shlex
import subprocess
import sys
import tomllib
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
import yaml

import keytrail
from keytrail import values
from keytrail.cli import OPTION_HELP
from keytrail.environment import aws_variables
from keytrail.operations.kms import OPERATIONS
from keytrail.pytest_plugin import KmsCalls
from keytrail.server import KeytrailServer
from keytrail.server_clock import ServerClock
from keytrail.settings import Settings, variable
from keytrail.testcontainers import KeytrailContainer
from keytrail.wire import service_model
from tests.acceptance.results import table as programs_table
from tests.house import api_page
from tests.support.paths import ROOT

README = (ROOT / "README.md").read_text()
PAGES = {"README.md": README} | {
    f"docs/{page.name}": page.read_text() for page in sorted((ROOT / "docs").glob("*.md")) if page.stem != "DECISIONS"
}


def blocks(language: str) -> list[tuple[str, str]]:
    """The fenced blocks in a language, each with its page and its number on the page."""
    return [
        (f"{page}-{number}", block)
        for page, text in PAGES.items()
        for number, block in enumerate(re.findall(rf"^```{language}\n(.*?)^```", text, re.MULTILINE | re.DOTALL))
    ]


def between(name: str, page: str) -> str:
    """The part of a page between the two marks with a name."""
    return PAGES[page].split(f"<!-- {name} -->\n")[1].split(f"<!-- /{name} -->")[0]


def operations_table() -> str:
    """The table of operations, from the service model and the registry."""
    lines = [f"{len(OPERATIONS)} of {len(service_model.load('kms').operations)} are built.\n"]
    lines += ["| operation | last usage | other accounts' keys |", "| --- | --- | --- |"]
    for name, operation in sorted(OPERATIONS.items()):
        tracked = "recorded" if operation.tracked else ""
        lines.append(f"| {name} | {tracked} | {'yes' if operation.cross_account else ''} |")
    return "\n".join(lines) + "\n"


def settings_table() -> str:
    """The table of settings, from the Settings class."""
    lines = ["| variable | default | |", "| --- | --- | --- |"]
    for field in fields(Settings):
        default = Settings().to_environment()[variable(field.name)]
        shown = f"`{default}`" if default else ""
        lines.append(f"| `{variable(field.name)}` | {shown} | {OPTION_HELP[field.name]} |")
    return "\n".join(lines) + "\n"


TABLES = {"operations": operations_table(), "settings": settings_table(), "works-with": programs_table()}
"""By name; each is between marks of this name, on the page of this name."""


@pytest.mark.parametrize("name", TABLES)
def test_the_tables_are_those_of_the_code(name: str) -> None:
    assert between(name, f"docs/{name}.md") == TABLES[name]


def test_the_page_of_the_python_api_is_that_of_the_code() -> None:
    assert PAGES["docs/python-api.md"] == api_page.page(), "python -m tests.house.test_pages writes it anew"


@pytest.mark.parametrize(
    "public",
    [keytrail.KeytrailServer, keytrail.KeytrailClient, ServerClock, KmsCalls, KeytrailContainer, keytrail.values],
    ids=lambda public: public.__name__,
)
def test_the_page_of_the_python_api_names_whatever_is_public(public: Any) -> None:
    """Seen from the other side: by what Python itself finds, and not by the source."""
    page = PAGES["docs/python-api.md"]
    for name in getattr(public, "__all__", None) or vars(public):
        if not name.startswith("_"):
            assert re.search(rf"^####? (\w+\.)?{name}$|^\* `{name}: |`{name}`[,.]", page, re.MULTILINE), name


def test_the_page_of_the_python_api_names_every_fixture(pytestconfig: pytest.Config) -> None:
    plugin = pytestconfig.pluginmanager.get_plugin("keytrail")
    fixtures = [name for name in dir(plugin) if type(getattr(plugin, name)).__name__ == "FixtureFunctionDefinition"]
    assert {"kms", "kms_calls", "keytrail_env"} <= set(fixtures)
    for name in fixtures:
        assert name.startswith("_") or f"#### {name}\n" in PAGES["docs/python-api.md"]


def test_the_floors_of_the_architecture_are_those_that_are_enforced() -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    [floors] = [contract["layers"] for contract in contracts if contract["id"] == "floors"]
    page = PAGES["docs/ARCHITECTURE.md"].split("## Floors\n")[1]
    assert page.split("```\n")[1].splitlines() == floors


TESTS, SCRIPTS = (
    [(place, block) for place, block in blocks("python") if ("def test_" in block) is is_test]
    for is_test in (True, False)
)


def test_the_tests_pass_for_a_user(tmp_path: Path) -> None:
    (tmp_path / "fixtures").symlink_to(ROOT / "fixtures")
    for number, (_, test) in enumerate(TESTS):
        (tmp_path / f"test_readme_example_{number}.py").write_text(test)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(tmp_path)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    tests = sum(len(re.findall(r"^ *def test_", test, re.MULTILINE)) for _, test in TESTS)
    assert f"{tests} passed" in done.stdout, done.stdout + done.stderr


def test_examples_that_are_not_run_are_python_and_say_why() -> None:
    assert blocks("py")
    for place, block in blocks("py"):
        compile(block, place, "exec")
        assert block.startswith("# Not run by the tests of these pages"), place


@pytest.mark.parametrize("script", [pytest.param(block, id=place) for place, block in SCRIPTS])
def test_the_scripts_run_and_assert_something(script: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    assert "\nassert " in script or "    assert " in script
    # Each script has its own namespace.
    exec(compile(script, "README.md", "exec"), {})


def test_the_functions_in_the_table_of_correspondence_exist() -> None:
    rows = re.findall(r"^\| `(\w+)` \| (`.+`) \|$", between("correspondence", "docs/values.md"), re.MULTILINE)
    assert [name for name, _ in rows] == [
        *("make", "to_value", "to_query", "of_xml", "of_string", "of_json", "to_json"),
        *("error_of_json", "error_of_xml", "error_to_json"),
    ]
    for _, ours in rows:
        owner, _, name = ours.strip("`").partition("(")[0].rpartition(".")
        assert callable(getattr(getattr(values, owner) if owner else values, name))


SEEDS = [pytest.param(block, id=place) for place, block in blocks("yaml") if block.startswith("# seed")]


@pytest.mark.parametrize("seed", SEEDS)
def test_a_seed_loads(seed: str) -> None:
    described = yaml.safe_load(seed)
    with KeytrailServer() as server:
        assert server.load(described)["keys"] >= len(described.get("keys", ()))


def test_there_are_seeds_on_the_pages_and_the_readme_links_to_every_page() -> None:
    assert SEEDS
    for page in PAGES.keys() - {"README.md"}:
        assert f"({page})" in README, f"the README does not lead to {page}"


def recipe(name: str) -> Any:
    """The file that the page of recipes for CI has under a name."""
    [found] = [block for place, block in blocks("yaml") if place.startswith("docs/ci") and name in block.split("\n")[0]]
    return yaml.safe_load(found)


def test_the_recipes_for_ci_fit_the_image() -> None:
    compose, workflow, gitlab = recipe("compose.yaml"), recipe("test.yaml"), recipe(".gitlab-ci.yml")
    dockerfile = (ROOT / "Dockerfile").read_text()
    kms = compose["services"]["kms"]
    assert f"EXPOSE {kms['ports'][0].split(':')[1]}" in dockerfile
    assert f"KEYTRAIL_FIXTURES={kms['volumes'][0].split(':')[1]}" in dockerfile
    assert "HEALTHCHECK" in dockerfile
    job = workflow["jobs"]["test"]
    assert job["services"]["kms"]["ports"] == kms["ports"]
    [in_ci] = [step["env"] for step in job["steps"] if "env" in step]
    for environment, url in (
        (compose["services"]["app"]["environment"], "http://kms:4599"),
        (in_ci, "http://127.0.0.1:4599"),
        (gitlab["test"]["variables"], "http://kms:4599"),
    ):
        set_in_tests = aws_variables(url, "111122223333")
        assert environment.items() <= set_in_tests.items()
        assert environment.keys() >= {"AWS_ENDPOINT_URL", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION"}
    assert [step["run"] for step in job["steps"] if "curl" in step.get("run", "")]
    assert gitlab["test"]["services"] == [{"name": job["services"]["kms"]["image"], "alias": "kms"}]


def shell_commands() -> list[str]:
    """Each command of the pages, those of the workflow too."""
    commands = [line for _, block in blocks("sh") for line in block.splitlines() if line]
    commands += re.findall(r"^\| `(make \w+)`", (ROOT / "CONTRIBUTING.md").read_text(), re.MULTILINE)
    commands += [step["run"] for step in recipe("test.yaml")["jobs"]["test"]["steps"] if "run" in step]
    commands += recipe(".gitlab-ci.yml")["test"]["script"]
    return [command for command in commands if "integration-test" not in command]  # the reader's own target


@pytest.mark.parametrize("command", [line for line in shell_commands() if line.startswith("curl")])
def test_the_curl_commands_are_answered(command: str) -> None:
    # The workflow posts the quick-start seed to an empty server; the others ask a server that has it.
    posts_seed = "--data-binary" in command
    with KeytrailServer(fixtures=[] if posts_seed else [ROOT / "fixtures/quickstart.yaml"]) as server:
        words = [re.sub("http://(127.0.0.1|kms):4599", server.url, word) for word in shlex.split(command)]
        done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=True)
    expected = {
        "GetKeyLastUsage": '"Operation":"Decrypt"',
        "advance": '"frozen":false',
        "explain": '"',
        "eventName": '"Count":1',
        "--data-binary": '"keys":3',
    }
    [wanted] = [answer for word, answer in expected.items() if word in command]
    assert wanted in done.stdout


@pytest.mark.parametrize("command", [line for line in shell_commands() if line.startswith("make")])
def test_make_knows_the_targets(command: str) -> None:
    # Not run in full: this very test is part of `make test`.
    subprocess.run([*command.split(), "--dry-run"], cwd=ROOT, capture_output=True, check=True)


def test_the_docker_command_uses_the_port_and_the_folder_of_the_image() -> None:
    [command] = [line for line in shell_commands() if line.startswith("docker")]
    dockerfile = (ROOT / "Dockerfile").read_text()
    assert "-p 4599:4599" in command
    assert "KEYTRAIL_PORT=4599" in dockerfile
    assert ":/fixtures:ro" in command
    assert "KEYTRAIL_FIXTURES=/fixtures" in dockerfile


if __name__ == "__main__":
    # `python -m tests.house.test_pages` writes the tables and the page of the Python API anew.
    for part, table in TABLES.items():
        head, rest = PAGES[f"docs/{part}.md"].split(f"<!-- {part} -->\n")
        text = f"{head}<!-- {part} -->\n{table}<!-- /{part} -->{rest.split(f'<!-- /{part} -->')[1]}"
        (ROOT / f"docs/{part}.md").write_text(text)
    (ROOT / "docs/python-api.md").write_text(api_page.page())
