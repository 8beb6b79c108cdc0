"""The seed of examples/ has what their tests expect; they themselves run in a workflow, with their SDKs."""

from datetime import UTC, datetime

from keytrail.server import KeytrailServer
from tests.support.clients import new_client
from tests.support.paths import ROOT

LANGUAGES = {"go": "kms_test.go", "java": "KmsTest.java", "rust": "kms.rs", "dotnet": "KmsTest.cs"}


def test_the_seed_of_the_examples_has_a_key_with_a_past_and_one_without() -> None:
    used, unused = (f"{number}234abcd-12ab-34cd-56ef-1234567890ab" for number in (1, 2))
    with KeytrailServer(fixtures=ROOT / "examples/orders.yaml") as server:
        kms = new_client(server.url)
        last = kms.get_key_last_usage(KeyId=used)["KeyLastUsage"]
        assert (last["Operation"], (datetime.now(UTC) - last["Timestamp"]).days) == ("Decrypt", 200)
        answer = kms.get_key_last_usage(KeyId=unused)
        assert "Timestamp" not in answer.get("KeyLastUsage", {})
        assert answer["TrackingStartDate"]
    for language, name in LANGUAGES.items():
        [test] = (ROOT / "examples" / language).rglob(name)
        assert {used, unused} <= set(test.read_text().split('"')), name


def test_each_example_is_run_by_the_workflow() -> None:
    workflow = (ROOT / ".github/workflows/examples.yaml").read_text()
    assert all(f"language: {language}," in workflow for language in LANGUAGES)
