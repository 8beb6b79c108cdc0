"""`keytrail encrypt` and `keytrail decrypt`: ciphertexts by a seed alone, without a server.

How we know: docs/seeds.md, "Ciphertexts in your repository"; KMS's words are those of its operations.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from base64 import b64decode, b64encode
from pathlib import Path
from typing import Any

import pytest

from keytrail.ciphertexts import read_encryption_context
from keytrail.server import KeytrailServer
from tests.support import KEY, MRK, OTHER_KEY, POLICY
from tests.support.clients import new_client
from tests.support.rsa_pairs import FewPairs

ACCOUNT, FOREIGN = "111122223333", "444455556666"
ALIAS = "alias/orders"


@pytest.fixture
def seed(tmp_path: Path) -> SeedFile:
    return SeedFile(tmp_path / "seed.json")


class SeedFile:
    """A seed in a file, and the command by it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.write({"KeyId": KEY, "Account": ACCOUNT, "Region": "eu-west-1", "Aliases": [ALIAS]})

    def write(self, *keys: dict[str, Any], **parts: Any) -> None:
        self.path.write_text(json.dumps({"keys": keys, **parts}))

    def run(self, *words: str, data: bytes = b"", **variables: str) -> subprocess.CompletedProcess[bytes]:
        environment = {name: value for name, value in os.environ.items() if not name.startswith("KEYTRAIL_")}
        variables = variables or {"KEYTRAIL_FIXTURES": str(self.path)}
        return subprocess.run(
            [sys.executable, "-m", "keytrail", *words],
            input=data,
            env=environment | variables,
            capture_output=True,
            check=False,
            timeout=20,
        )

    def output(self, *words: str, data: bytes = b"") -> bytes:
        done = self.run(*words, data=data)
        assert (done.returncode, done.stderr) == (0, b"")
        return done.stdout

    def refusal(self, *words: str, data: bytes = b"", code: int = 1) -> str:
        done = self.run(*words, data=data)
        assert (done.returncode, done.stdout) == (code, b"")
        return done.stderr.decode().removeprefix("keytrail: ").rstrip()


def test_what_encrypt_writes_decrypt_reads_with_the_newline_that_was_in_it(seed: SeedFile) -> None:
    ciphertext = seed.output("encrypt", ALIAS, data=b"secret\n")
    [line] = ciphertext.splitlines()
    assert b64decode(line, validate=True)
    assert seed.output("decrypt", data=ciphertext) == b"secret\n"


def test_line_breaks_in_the_base64_do_not_matter(seed: SeedFile) -> None:
    ciphertext = seed.output("encrypt", ALIAS, data=b"secret")
    wrapped = b"\n".join(ciphertext[at : at + 76] for at in range(0, len(ciphertext), 76))
    assert seed.output("decrypt", data=wrapped) == b"secret"


def test_a_server_with_the_seed_decrypts_it_and_the_other_way_round(seed: SeedFile) -> None:
    with KeytrailServer(fixtures=[seed.path]) as server:
        kms = new_client(server.url, region="eu-west-1", access_key=ACCOUNT)
        ours = b64decode(seed.output("encrypt", KEY, data=b"ours"))
        assert kms.decrypt(CiphertextBlob=ours)["Plaintext"] == b"ours"
        theirs = kms.encrypt(KeyId=ALIAS, Plaintext=b"theirs")["CiphertextBlob"]
    assert seed.output("decrypt", data=b64encode(theirs)) == b"theirs"
    assert seed.output("decrypt", "--raw", data=theirs) == b"theirs"


def test_raw_ciphertexts_are_bytes(seed: SeedFile) -> None:
    ciphertext = seed.output("encrypt", "--raw", ALIAS, data=b"secret")
    assert ciphertext.startswith(bytes.fromhex("0102020078"))
    assert seed.output("decrypt", "--raw", data=ciphertext) == b"secret"
    message = seed.refusal("decrypt", data=ciphertext, code=2)
    assert message == "standard input is not base64; a ciphertext of raw bytes needs --raw"


def test_the_encryption_context_binds(seed: SeedFile) -> None:
    words = ("--encryption-context", "tenant=acme,purpose=test")
    ciphertext = seed.output("encrypt", *words, ALIAS, data=b"secret")
    assert seed.refusal("decrypt", data=ciphertext) == "InvalidCiphertextException"
    repeated = ("--encryption-context", "purpose=test", "--encryption-context", "tenant=acme")
    assert seed.output("decrypt", *repeated, data=ciphertext) == b"secret"


@pytest.mark.parametrize(
    ("texts", "context"),
    [
        ((), {}),
        (("a=1,b=2",), {"a": "1", "b": "2"}),
        (("a=1", "b=2"), {"a": "1", "b": "2"}),
        (("url=https://x/?a=b",), {"url": "https://x/?a=b"}),
        (('{"a": "1,2"}', "b="), {"a": "1,2", "b": ""}),
    ],
)
def test_an_encryption_context_is_pairs_or_json(texts: tuple[str, ...], context: dict[str, str]) -> None:
    assert read_encryption_context(texts) == context


@pytest.mark.parametrize("text", ["tenant", "=acme", "a=1,,b=2", '{"a": 1}', "{"])
def test_what_is_no_encryption_context_is_refused(seed: SeedFile, text: str) -> None:
    assert "expected " in seed.refusal("encrypt", "--encryption-context", text, ALIAS, code=2)


# ---- Which key


@pytest.mark.parametrize("name", [KEY, ALIAS, f"arn:aws:kms:eu-west-1:{ACCOUNT}:{ALIAS}"])
def test_the_key_is_found_in_whatever_account_and_region_it_is(seed: SeedFile, name: str) -> None:
    assert seed.output("decrypt", data=seed.output("encrypt", name, data=b"secret")) == b"secret"


def test_a_name_that_several_keys_have_needs_account_or_region(seed: SeedFile) -> None:
    seed.write(
        {"KeyId": KEY, "Account": ACCOUNT, "Aliases": [ALIAS]},
        {"KeyId": OTHER_KEY, "Account": FOREIGN, "Aliases": [ALIAS]},
    )
    message = seed.refusal("encrypt", ALIAS, code=2)
    assert message.startswith(f"several keys have the name {ALIAS}; give --account or --region, or one of the ARNs:")
    assert f"\n  arn:aws:kms:us-east-1:{FOREIGN}:key/{OTHER_KEY}" in message
    ciphertext = seed.output("encrypt", "--account", FOREIGN, ALIAS, data=b"theirs")
    assert seed.output("decrypt", data=ciphertext) == b"theirs"
    assert seed.output("decrypt", "--key-id", OTHER_KEY, data=ciphertext) == b"theirs"
    assert seed.refusal("decrypt", "--key-id", KEY, data=ciphertext).startswith("IncorrectKeyException: ")


def test_every_replica_of_a_set_encrypts_and_any_decrypts(seed: SeedFile) -> None:
    seed.write({"KeyId": MRK, "Replicas": [{"Region": "eu-west-1"}]})
    ciphertext = seed.output("encrypt", "--region", "eu-west-1", MRK, data=b"secret")
    assert seed.output("decrypt", data=ciphertext) == b"secret"
    assert seed.output("decrypt", "--region", "us-east-1", data=ciphertext) == b"secret"


def test_a_key_that_is_not_in_the_seeds_is_refused_in_kmss_words(seed: SeedFile) -> None:
    words = ("--account", ACCOUNT, "--region", "eu-west-1")
    arn = f"arn:aws:kms:eu-west-1:{ACCOUNT}:alias/none"
    assert seed.refusal("encrypt", *words, "alias/none", data=b"x") == f"NotFoundException: Alias {arn} is not found."
    assert seed.refusal("decrypt", data=b64encode(b"no ciphertext")) == "InvalidCiphertextException"


# ---- RSA


def test_an_rsa_key_with_material_in_the_seed_needs_its_name_and_algorithm(seed: SeedFile) -> None:
    pair = FewPairs().take("RSA_2048")
    assert pair is not None
    material = b64encode(pair.private_der()).decode()
    seed.write(
        {
            "KeyId": KEY,
            "KeySpec": "RSA_2048",
            "KeyUsage": "ENCRYPT_DECRYPT",
            "KeyMaterial": material,
            "Aliases": [ALIAS],
        }
    )
    words = ("--encryption-algorithm", "RSAES_OAEP_SHA_256")
    ciphertext = seed.output("encrypt", *words, ALIAS, data=b"secret")
    assert seed.output("decrypt", *words, "--key-id", ALIAS, data=ciphertext) == b"secret"
    assert seed.refusal("decrypt", *words, data=ciphertext) == "ValidationException: KeyId must not be null"


def test_an_rsa_key_whose_pair_is_new_in_every_run_is_refused(seed: SeedFile) -> None:
    seed.write({"KeyId": KEY, "KeySpec": "RSA_2048", "KeyUsage": "ENCRYPT_DECRYPT"})
    message = seed.refusal("encrypt", "--encryption-algorithm", "RSAES_OAEP_SHA_256", KEY, code=2)
    assert "no KeyMaterial" in message


# ---- The same path as a server's call


def test_a_disabled_key_refuses(seed: SeedFile) -> None:
    seed.write({"KeyId": KEY, "KeyState": "Disabled"})
    assert seed.refusal("encrypt", KEY, data=b"x").startswith("DisabledException: arn:aws:kms:")


def test_an_explicit_deny_of_the_key_policy_applies(seed: SeedFile) -> None:
    deny = {"Effect": "Deny", "Principal": "*", "Action": "kms:Encrypt", "Resource": "*"}
    seed.write({"KeyId": KEY, "Policy": {**POLICY, "Statement": [*POLICY["Statement"], deny]}})
    message = seed.refusal("encrypt", KEY, data=b"x")
    assert message.startswith("AccessDeniedException: ")
    assert "explicit deny" in message


def test_fault_rules_request_quotas_and_strict_are_a_servers(seed: SeedFile) -> None:
    faults = [{"Operations": "Encrypt", "Error": "KMSInternalException"}]
    seed.write({"KeyId": KEY}, faults=faults, settings={"RequestQuotas": "Symmetric=0.001"})
    variables = {"KEYTRAIL_FIXTURES": str(seed.path), "KEYTRAIL_STRICT": "true"}
    assert seed.run("encrypt", KEY, data=b"x", **variables).returncode == 0


# ---- Mistakes


def test_seeds_come_from_options_or_the_environment(seed: SeedFile) -> None:
    assert seed.run("encrypt", "--seed", str(seed.path), ALIAS, data=b"x", KEYTRAIL_FIXTURES="nowhere").returncode == 0
    done = seed.run("encrypt", ALIAS, KEYTRAIL_FIXTURES="")
    assert done.returncode == 2
    assert done.stderr == b"keytrail: there is no seed; name one with --seed PATH, or in KEYTRAIL_FIXTURES\n"


def test_a_seed_with_a_mistake_is_reported(seed: SeedFile) -> None:
    seed.write({"KeyId": "seven"})
    assert "keys[0].KeyId" in seed.refusal("encrypt", ALIAS, code=2)
