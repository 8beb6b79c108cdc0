"""The `keytrail` command: `serve`, `check`, `health`, `export`, `convert`, and those in `commands`."""

import gc
import os
import sys
from collections.abc import Iterable
from dataclasses import fields, replace
from typing import Any, NoReturn

import click

from keytrail.commands.ciphertexts import decrypt, encrypt
from keytrail.commands.record import record
from keytrail.settings import Settings, unknown_variables, variable

OPTION_HELP = {
    "host": "Address to listen on.",
    "port": "Port to listen on.",
    "tls_port": "Port that answers HTTPS, beside the other one; 0 is any that is free.",
    "tls_cert": "PEM file of a certificate and those that it depends on; without, one is made.",
    "tls_key": "PEM file of the certificate's private key, if that is in a file of its own.",
    "tls_names": "Further names and addresses of the certificate that is made, separated by commas.",
    "tls_dir": "Folder that keeps the certificate authority that is made; without, each start makes another.",
    "fixtures": f"Seed file or folder; may be repeated, or separated by `{os.pathsep}` in the variable.",
    "account": "Account of callers whose access key belongs to no other.",
    "region": "Region of calls without a credential scope.",
    "extra_regions": "Regions, separated by commas, that AWS does not have and that are allowed all the same.",
    "tracking_start": "When last usage began to be recorded (ISO 8601).",
    "usage_delay": "How late a use shows in GetKeyLastUsage: PT15M, or seconds; at most an hour.",
    "trail_delay": "How late an event shows in LookupEvents: PT5M (about what CloudTrail takes), or seconds.",
    "consistency_delay": "How late changes of keys, aliases and grants show: PT5S (about AWS's own), or seconds.",
    "transition_time": "How long Creating, Updating, rotating on demand and connecting a store take: PT10S, or aws.",
    "strict": "Whether callers must be declared, must sign, and must be allowed, as in AWS (true, false).",
    "trail_dir": "Folder to write the trail to as CloudTrail log files (gzip, AWSLogs/...).",
    "trail_interval": "How often log files are written: PT5S, or seconds of real time.",
    "trail_batch": "The most events in a log file; so many are written before the interval ends.",
    "compat": "Tags that CreateKey obeys, by emulator (floci, localstack, moto) or by name, separated by commas.",
    "request_quotas": "Requests per second, then ThrottlingException: off, aws, aws*0.01, Symmetric=5,CreateKey=1.",
    "data_dir": "Folder to keep everything in, so that the next start continues where this one ended.",
    "max_events": "How many trail events are kept, if KEYTRAIL_MAX_TRAIL has room for them.",
    "max_trail": "How many bytes of memory the trail's events may take; an ordinary one takes about 1000.",
    "max_body": "Largest request body, in bytes.",
    "log_format": "Log of requests on standard error: text or json; `keytrail serve` writes text by default.",
    "quiet": "Whether no log of requests is written (true, false).",
    "control": "Whether the control API under /_keytrail/ answers (true, false).",
    "control_hosts": "Further names under which browsers may use the control API: kms.example.com,kms.example.org.",
    "control_token": "Bearer token that every control call needs.",
    "console": "Whether browsers get the console at / (true, false); only with the control API.",
}

ON_BY_DEFAULT = [field.name for field in fields(Settings) if field.default is True]
"""The settings that a flag can turn off: `--no-console`."""


class _UsageError(click.ClickException):
    """A mistake in a setting or a seed: one message, exit code 2."""

    exit_code = 2

    def show(self, file: Any = None) -> None:
        click.echo(f"keytrail: {self.message}", err=True)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="keytrail")
def main() -> None:
    """A local AWS KMS endpoint that knows when each key was last used."""


main.add_command(encrypt)
main.add_command(decrypt)
main.add_command(record)


def _options(command: Any) -> Any:
    """Add a flag for each setting, whose help also names its environment variable."""
    defaults = Settings().to_environment()
    for field in reversed(fields(Settings)):
        default = defaults[variable(field.name)]
        shown = f" [{variable(field.name)}{'; default ' if default else ''}{default}]"
        command = click.option(
            f"--{field.name.replace('_', '-')}",
            field.name,
            multiple=field.name == "fixtures",
            # A flag for a boolean needs no value.
            flag_value="true" if field.type is bool else None,
            is_flag=False,
            metavar="VALUE" if field.name != "fixtures" else "PATH",
            help=OPTION_HELP[field.name] + shown,
        )(command)
    for name in reversed(ON_BY_DEFAULT):
        command = click.option(f"--no-{name}", is_flag=True, help=f"As --{name} false.")(command)
    return command


def _warn_of_unknown_variables() -> None:
    for warning in unknown_variables(os.environ):
        click.echo(f"keytrail: warning: {warning}", err=True)


def _empty_folders(paths: Iterable[str]) -> list[str]:
    """A message about each folder without a seed file."""
    from keytrail.seeds import files_of

    return [f"{path}: there is no .yaml, .yml or .json file in this folder" for path in paths if not files_of(path)]


def _settings(options: dict[str, Any]) -> Settings:
    environment = dict(os.environ)
    paths = options.pop("fixtures", ())
    off = [name for name in ON_BY_DEFAULT if options.pop(f"no_{name}", False)]
    options |= dict.fromkeys(off, "false")
    for name, value in options.items():
        if value is not None:
            environment[variable(name)] = value
    if paths:
        environment.pop(variable("fixtures"), None)
    try:
        return Settings.from_environment(environment).with_fixtures(*paths)
    except ValueError as error:
        raise _UsageError(str(error)) from None


@main.command()
@_options
def serve(**options: Any) -> None:
    """Answer KMS calls until SIGTERM or Ctrl-C."""
    _warn_of_unknown_variables()
    settings = _settings(options)
    settings = replace(settings, log_format=settings.log_format or "text")
    # Imported and loaded objects stay, so the garbage collector need not look through them, now or later.
    gc.disable()
    # Slow imports only now, so that --help and a wrong flag get an answer at once.
    from keytrail.http import serving

    serving.end_at_once_on_signals()
    from keytrail.clock import Clock
    from keytrail.endpoint import Endpoint
    from keytrail.seeds import SeedError

    for problem in _empty_folders(settings.fixtures):  # no error: the image begins with one
        click.echo(f"keytrail: warning: {problem}", err=True)
    try:
        endpoint = Endpoint(settings, Clock())
    except SeedError as error:
        raise _UsageError("the server does not start, because a seed has mistakes:\n" + str(error)) from None
    except ValueError as error:
        raise _UsageError(str(error)) from None
    try:
        listener = serving.listen(settings.host, settings.port)
        tls_listener = serving.listen_for_tls(settings, settings.tls_port)
    except OSError as error:
        raise _UsageError(str(error.strerror)) from None
    except ValueError as error:
        raise _UsageError(str(error)) from None
    gc.freeze()
    gc.enable()
    for line in _greeting(endpoint, serving.url_of(listener), tls_listener.url if tls_listener is not None else ""):
        click.echo(line)
    sys.stdout.flush()
    serving.serve(endpoint, listener, tls_listener)


def _greeting(endpoint: Any, url: str, tls_url: str) -> list[str]:
    key_arn = endpoint.trail.last_used_key()
    key = endpoint.store.newest.require_key(key_arn) if key_arn is not None else endpoint.store.newest.any_key()
    lines = [f"Keytrail answers on {url}"]
    if tls_url:
        lines.append(f"         and on {tls_url}")
    if tls_url and not endpoint.settings.tls_cert:
        lines.append(f"  curl -s {url}/_keytrail/ca.pem > ca.pem  # the authority that its clients have to trust")
    if endpoint.is_continued:
        count = len(endpoint.store.newest.all_keys())
        lines.append(f"It continues with {count:,} key{'s' if count != 1 else ''} of {endpoint.settings.data_dir}")
        if endpoint.settings.fixtures:
            lines.append("  (seeds are loaded at the first start only; POST /_keytrail/fixtures loads more)")
    if key is None:
        account, region, target, body = (
            endpoint.settings.account,
            endpoint.settings.region,
            "CreateKey",
            "{}",
        )
    else:
        account, region, target = key.account, key.region, "GetKeyLastUsage"
        body = f'{{"KeyId": "{key.key_id}"}}'
    return [
        *lines,
        "Try it:",
        f"  curl -s --aws-sigv4 aws:amz:{region}:kms --user {account}:any-secret "
        f"-H 'X-Amz-Target: TrentService.{target}' -d '{body}' {url}/",
        f"  curl -s {url}/_keytrail/events",
        *([f"Or open {url}/ in a browser."] if endpoint.settings.has_console else []),
    ]


@main.command()
@click.argument("paths", nargs=-1, metavar="FILE...")
@click.option("--schema", is_flag=True, help="Print the JSON Schema of a seed file.")
def check(paths: tuple[str, ...], schema: bool) -> None:
    """Check seed files without serving them."""
    from keytrail import seeds
    from keytrail.clock import Clock

    if schema:
        import json

        click.echo(json.dumps(seeds.json_schema(), indent=2))
        return
    if not paths:
        raise click.UsageError("Name the files or folders to check, or --schema.")
    _warn_of_unknown_variables()
    try:
        seed = seeds.read_files(paths, _settings({}), Clock().now())
        if empty := _empty_folders(paths):
            raise seeds.SeedError(empty)
    except seeds.SeedError as error:
        click.echo(str(error), err=True)
        sys.exit(1)
    counts = [(len(seed.keys), "key"), (len(seed.aliases), "alias"), (len(seed.credentials), "credential")]
    click.echo("good: " + ", ".join(f"{count} {name}{_plural(name) if count != 1 else ''}" for count, name in counts))


def _plural(name: str) -> str:
    return "es" if name.endswith("s") else "s"


def _host_to_call(settings: Settings) -> str:
    """The host at which a server with these settings answers on this machine."""
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(settings.host, settings.host)


@main.command()
def health() -> None:
    """Check whether the server at KEYTRAIL_HOST and KEYTRAIL_PORT is ready; exit code 0 or 1."""
    import http.client

    settings = _settings({})
    host = _host_to_call(settings)
    headers = {"Authorization": f"Bearer {settings.control_token}"} if settings.control_token else {}
    connection = http.client.HTTPConnection(host, settings.port, timeout=3)
    try:
        connection.request("GET", "/_keytrail/health", headers=headers)
        status = connection.getresponse().status
    except (OSError, http.client.HTTPException, UnicodeError) as error:
        click.echo(f"keytrail: no answer from {host}:{settings.port}: {error}", err=True)
        sys.exit(1)
    click.echo("ready" if status == 200 else f"not ready: {status}")
    sys.exit(0 if status == 200 else 1)


@main.command()
@click.option("--url", help="URL of the server; by default it is at KEYTRAIL_HOST and KEYTRAIL_PORT.")
@click.option("--token", help="Its control token; by default KEYTRAIL_CONTROL_TOKEN.")
@click.option("--account", help="Only what belongs to this account.")
@click.option("--region", help="Only what belongs to this Region.")
@click.option("--key", help="Only this key, its set and its custom key store: an id, an ARN or an alias.")
@click.option("--secrets", is_flag=True, help="With secret access keys and session tokens.")
@click.option(
    "--moments",
    type=click.Choice(["absolute", "relative"]),
    default="absolute",
    help="2026-05-01T08:00:00Z, or 20 days ago.",
)
@click.option("--json", "as_json", is_flag=True, help="As JSON; by default it is YAML with comments.")
@click.option("--output", "-o", metavar="FILE", help="Where to write the seed; by default, standard output.")
def export(url: str | None, token: str | None, *, as_json: bool, output: str | None, **part: Any) -> None:
    """Write what a running server has as a seed, key material included."""
    import json
    from pathlib import Path

    from keytrail.client import KeytrailClient

    settings = _settings({})
    host = _host_to_call(settings)
    try:
        client = KeytrailClient(
            url or f"http://{f'[{host}]' if ':' in host else host}:{settings.port}", token or settings.control_token
        )
        text = json.dumps(client.export(**part), indent=2) + "\n" if as_json else client.export_yaml(**part)
        if output is not None:
            Path(output).write_text(text, encoding="utf-8")
    except PermissionError as error:
        hint = "; name it with --token or KEYTRAIL_CONTROL_TOKEN" if "token" in str(error) else ""
        _fail(f"{str(error).partition(': Keytrail')[0]}{hint}")
    except (ConnectionError, LookupError) as error:
        _fail(str(error.args[0]))
    except ValueError as error:
        raise _UsageError(str(error)) from None
    except OSError as error:
        raise _UsageError(f"{error.filename}: {error.strerror}") from None
    if output is None:
        click.echo(text, nl=False)


def _fail(message: str) -> NoReturn:
    click.echo(f"keytrail: {message}", err=True)
    sys.exit(1)


@main.group()
def convert() -> None:
    """Convert another emulator's seed file to a seed."""


@convert.command("local-kms")
@click.argument("path", metavar="FILE")
@click.option("--account", default="111122223333", envvar="KMS_ACCOUNT_ID", show_default=True, show_envvar=True)
@click.option("--region", default="eu-west-2", envvar="KMS_REGION", show_default=True, show_envvar=True)
@click.option("--output", "-o", metavar="FILE", help="Where to write the seed; by default, standard output.")
def convert_local_kms(path: str, account: str, region: str, output: str | None) -> None:
    """Convert the seed file of a local-kms, whose account and Region the keys keep.

    Standard error has a warning about each part that the seed does not have. If the file has mistakes, nothing is
    written.
    """
    from pathlib import Path

    from keytrail import conversion, seeds
    from keytrail.clock import Clock
    from keytrail.seeds.writing import to_yaml

    settings = _settings({"account": account, "region": region})
    try:
        done = conversion.convert_local_kms(Path(path).read_bytes(), path, settings, Clock().now())
        text = to_yaml(done.seed, [f"Made by `keytrail convert local-kms {path}`."])
        if output is not None:
            Path(output).write_text(text, encoding="utf-8")
    except seeds.SeedError as error:
        click.echo(str(error), err=True)
        sys.exit(1)
    except OSError as error:
        raise _UsageError(f"{error.filename}: {error.strerror}") from None
    for warning in done.warnings:
        click.echo(f"keytrail: warning: {path}: {warning}", err=True)
    if output is None:
        click.echo(text, nl=False)
