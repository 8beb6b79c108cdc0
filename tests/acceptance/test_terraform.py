"""Terraform with the AWS provider: every resource and data source of KMS, through their whole life.

Neither is on PyPI or npm: `terraform` has to be on PATH; the provider is in a folder of providers, or comes from
Terraform's registry.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from keytrail.server import KeytrailServer
from tests.acceptance.program import Program, tried
from tests.acceptance.running import CALLER, Runner, expect_last_use
from tests.support import ACCOUNT, KEY, key_arn
from tests.support.paths import ROOT

PROGRAM = Program(
    name="Terraform, AWS provider",
    version="5.100.0",
    how="`AWS_ENDPOINT_URL`, or `endpoints { kms = ... sts = ... }` in the provider",
)
EXAMPLE = ROOT / "examples/terraform/main.tf"
PROVIDER = EXAMPLE.read_text().partition("provider ")[0]
MIRROR = next((path.parents[2] for path in Path("/opt").glob("*/*/hashicorp/aws")), None)
"""A folder of providers, where there is one: a machine that reaches no registry has it below /opt."""


class Terraform:
    """Runs `terraform` in a folder with one configuration."""

    def __init__(self, run: Runner, configuration: str) -> None:
        if shutil.which("terraform") is None:
            pytest.fail("terraform is not here: this program is on no package registry", pytrace=False)
        self._run = run
        rest = 'direct { exclude = ["hashicorp/aws"] }'
        mirror = f'provider_installation {{\n  filesystem_mirror {{ path = "{MIRROR}" }}\n  {rest}\n}}\n'
        (run.folder / "terraform.rc").write_text(mirror if MIRROR is not None else "")
        run.environment["TF_CLI_CONFIG_FILE"] = str(run.folder / "terraform.rc")
        run.environment["CHECKPOINT_DISABLE"] = "1"
        (run.folder / "main.tf").write_text(configuration)
        self("init", "-no-color")

    def __call__(self, *words: str, fails: bool = False, variables: Mapping[str, str] | None = None) -> str:
        """Run a command, with variables of Terraform; gives what it prints."""
        named = {f"TF_VAR_{name}": value for name, value in (variables or {}).items()}
        return self._run("terraform", *words, fails=fails, timeout=300, **named)

    def apply(self, command: str = "apply", **variables: str) -> str:
        """Apply, or destroy, without a question."""
        return self(command, "-auto-approve", "-no-color", variables=variables)

    def expect_no_changes(self, **variables: str) -> None:
        """Fail unless what there is is what the configuration says."""
        printed = self("plan", "-no-color", "-detailed-exitcode", variables=variables)
        assert "No changes. Your infrastructure matches the configuration." in printed

    def outputs(self) -> dict[str, str]:
        """The values of the outputs."""
        return {name: output["value"] for name, output in json.loads(self("output", "-json")).items()}


@tried(
    "apply, empty plan, changes, destroy of all that there is: `aws_kms_key`, `_alias`, `_key_policy`, `_grant`, "
    "`_replica_key`, `_external_key`, `_replica_external_key`, `_custom_key_store`, `_ciphertext`, the data sources"
)
def test_all_that_the_provider_has_is_applied_changed_and_destroyed(
    run: Runner, keytrail_clean: KeytrailServer, kms: Any
) -> None:
    terraform = Terraform(run, EXAMPLE.read_text())
    valid_to = f"{keytrail_clean.clock.now + timedelta(days=100):%Y-%m-%dT%H:%M:%SZ}"
    terraform.apply(valid_to=valid_to)
    outputs = terraform.outputs()
    assert outputs["key_of_alias"] == outputs["key"]
    assert outputs["order"] == "order 66"
    assert outputs["public_key"].startswith("-----BEGIN PUBLIC KEY-----")
    assert outputs["replica"].startswith(f"arn:aws:kms:eu-west-1:{ACCOUNT}:key/mrk-")
    assert outputs["cluster"] == "cluster-2a34b5cdefg"
    [grant] = kms.list_grants(KeyId=outputs["key"])["Grants"]
    assert (grant["GrantId"], grant["Constraints"]) == (
        outputs["grant"],
        {"EncryptionContextEquals": {"department": "finance"}},
    )
    terraform.expect_no_changes(valid_to=valid_to)
    key = outputs["key"].rpartition("/")[2]
    expect_last_use(kms, key, keytrail_clean.calls("Decrypt", key=outputs["key"])[-1])

    changed = {"valid_to": valid_to, "description": "invoices", "rotation_days": "180"}
    assert "1 added, 2 changed, 1 destroyed" in terraform.apply(**changed)
    assert kms.describe_key(KeyId="alias/invoices-of-terraform")["KeyMetadata"]["Description"] == "invoices"
    assert kms.get_key_rotation_status(KeyId=key)["RotationPeriodInDays"] == 180
    assert kms.list_resource_tags(KeyId=key)["Tags"] == [{"TagKey": "team", "TagValue": "invoices"}]
    terraform.expect_no_changes(**changed)

    assert "12 destroyed" in terraform.apply("destroy", **changed)
    assert kms.describe_key(KeyId=key)["KeyMetadata"]["KeyState"] == "PendingDeletion"
    assert kms.describe_custom_key_stores()["CustomKeyStores"] == []
    deletions = keytrail_clean.calls("ScheduleKeyDeletion")
    assert {call.principal for call in deletions} == {CALLER}
    assert all("Terraform" in call.record["userAgent"] for call in deletions)


@tried("import of a key with a past")
def test_a_key_that_was_there_is_imported_and_keeps_its_past(
    run: Runner, keytrail_clean: KeytrailServer, kms: Any
) -> None:
    terraform = Terraform(
        run,
        PROVIDER
        + f"""
        import {{
          to = aws_kms_key.orders
          id = "{KEY}"
        }}
        resource "aws_kms_key" "orders" {{
          deletion_window_in_days = 7
          tags = {{ team = "payments" }}
        }}
        """,
    )
    assert "1 imported, 0 added" in terraform.apply()
    terraform.expect_no_changes()
    assert kms.get_key_last_usage(KeyId=KEY)["KeyLastUsage"]["Operation"] == "Encrypt"
    assert keytrail_clean.calls("DescribeKey", key=key_arn())


@tried("a destroy that `kms:TrailingDaysWithoutKeyUsage` refuses, until nobody uses the key")
def test_a_key_in_use_is_not_destroyed(run: Runner, keytrail_clean: KeytrailServer, kms: Any) -> None:
    terraform = Terraform(run, PROVIDER + GUARDED)
    terraform.apply()
    key = terraform.outputs()["key"]
    kms.encrypt(KeyId=key, Plaintext=b"order 66")
    refused = terraform("destroy", "-auto-approve", "-no-color", fails=True)
    assert "with an explicit deny in a resource-based policy" in refused.replace("\n", " ")
    [refusal] = keytrail_clean.calls("ScheduleKeyDeletion")
    assert (refusal.error_code, refusal.principal) == ("AccessDenied", CALLER)
    keytrail_clean.clock.advance(days=31)
    assert "1 destroyed" in terraform.apply("destroy")


GUARDED = f"""
resource "aws_kms_key" "orders" {{
  deletion_window_in_days = 7
  policy = jsonencode({{
    Version = "2012-10-17"
    Statement = [
      {{ Effect = "Allow", Principal = {{ AWS = "arn:aws:iam::{ACCOUNT}:root" }}, Action = "kms:*", Resource = "*" }},
      {{
        Effect = "Deny", Principal = "*", Action = "kms:ScheduleKeyDeletion", Resource = "*",
        Condition = {{ NumericLessThanEquals = {{ "kms:TrailingDaysWithoutKeyUsage" = "30" }} }}
      }}
    ]
  }})
}}
output "key" {{
  value = aws_kms_key.orders.arn
}}
"""
