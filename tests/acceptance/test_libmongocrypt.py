"""libmongocrypt, MongoDB's client-side field level encryption, over TLS, which its drivers demand of a KMS."""

from __future__ import annotations

from typing import Any

from keytrail.server import KeytrailServer
from tests.acceptance.program import SCRIPTS, Program, tried
from tests.acceptance.running import Runner, expect_last_use
from tests.support import KEY, REGION, key_arn

PROGRAM = Program(
    name="libmongocrypt (PyMongoCrypt)",
    pip=("pymongocrypt==1.21.2",),
    how="[HTTPS](tls.md): the driver's TLS options of the KMS provider, and `endpoint` in the master key",
)


@tried("a data key under a KMS key, over TLS; seal and open a field")
def test_a_field_is_sealed_and_opened(run: Runner, keytrail_clean: KeytrailServer, kms: Any) -> None:
    script = SCRIPTS / "libmongocrypt.py"
    assert run("python", script, keytrail_clean.tls_url, keytrail_clean.ca_file, REGION, key_arn()) == "opened\n"
    calls = keytrail_clean.calls(key=key_arn())
    assert [call.operation for call in calls] == ["Encrypt", "Decrypt", "Decrypt"]
    expect_last_use(kms, KEY, calls[-1])
