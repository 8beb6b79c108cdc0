"""`keytrail encrypt` and `keytrail decrypt`: a ciphertext by seeds alone, without a server."""

import os
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from keytrail.settings import Settings

if TYPE_CHECKING:
    from keytrail.ciphertexts import Seeds


def _options(command: Any) -> Any:
    """The options that both commands have."""
    for option in (
        click.option("--raw", is_flag=True, help="The ciphertext is raw bytes, not base64."),
        click.option(
            "--encryption-algorithm", default="SYMMETRIC_DEFAULT", metavar="NAME", help="Needed for RSA keys."
        ),
        click.option(
            "--encryption-context",
            multiple=True,
            metavar="NAME=VALUE",
            help="May be repeated; or several with commas between them, or a JSON object.",
        ),
        click.option("--region", help="The key's Region, likewise."),
        click.option("--account", help="The key's account, if its name is not unique in the seeds."),
        click.option(
            "--seed", multiple=True, metavar="PATH", help="Seed file or folder; may be repeated. [KEYTRAIL_FIXTURES]"
        ),
    ):
        command = option(command)
    return command


@click.command()
@click.argument("key_id", metavar="KEY")
@_options
def encrypt(key_id: str, encryption_algorithm: str, **options: Any) -> None:
    """Encrypt standard input under a seed's KEY (id, ARN or alias); no server is needed.

    A newline at the end of the input is a part of what is encrypted.
    """

    def work(seeds: "Seeds", data: bytes, context: dict[str, str]) -> bytes:
        from base64 import b64encode

        ciphertext = seeds.encrypt(key_id, data, context, encryption_algorithm)
        return ciphertext if options["raw"] else b64encode(ciphertext) + b"\n"

    _run(work, **options)


@click.command()
@click.option("--key-id", metavar="KEY", help="The key; needed for RSA keys, for other ciphertexts name theirs.")
@_options
def decrypt(key_id: str | None, encryption_algorithm: str, **options: Any) -> None:
    """Decrypt standard input (base64) under a seed's key; no server is needed."""

    def work(seeds: "Seeds", data: bytes, context: dict[str, str]) -> bytes:
        from keytrail.ciphertexts import read_base64

        ciphertext = data if options["raw"] else read_base64(data)
        return seeds.decrypt(ciphertext, context, encryption_algorithm, key_id)

    _run(work, **options)


def _run(
    work: Callable[["Seeds", bytes, dict[str, str]], bytes],
    *,
    seed: tuple[str, ...],
    account: str | None,
    region: str | None,
    encryption_context: tuple[str, ...],
    raw: bool,
) -> None:
    """Write what the work makes of standard input. Exit code 1: KMS refuses; 2: a mistake in an option or a seed."""
    from keytrail.ciphertexts import Refused, Seeds, read_encryption_context
    from keytrail.seeds import SeedError

    try:
        settings = _settings(seed)
        context = read_encryption_context(encryption_context)
        done = work(Seeds(settings, account=account, region=region), sys.stdin.buffer.read(), context)
    except Refused as refusal:
        click.echo(f"keytrail: {refusal}", err=True)
        sys.exit(1)
    except (SeedError, ValueError) as error:
        click.echo(f"keytrail: {error}", err=True)
        sys.exit(2)
    sys.stdout.buffer.write(done)
    sys.stdout.buffer.flush()


def _settings(paths: tuple[str, ...]) -> Settings:
    """The settings of the environment, with these seeds in place of its own if there are any."""
    environment = dict(os.environ)
    if paths:
        environment.pop("KEYTRAIL_FIXTURES", None)
    settings = Settings.from_environment(environment).with_fixtures(*paths)
    if not settings.fixtures:
        raise ValueError("there is no seed; name one with --seed PATH, or in KEYTRAIL_FIXTURES")
    return settings
