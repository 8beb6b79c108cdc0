"""`keytrail record`: AWS accounts as a seed."""

import json
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from keytrail.recording import Recording


@click.command()
@click.option("--profile", help="Profile of the AWS configuration.")
@click.option(
    "--region", "regions", multiple=True, metavar="NAME", help="May be repeated; all: all of them. [profile's]"
)
@click.option(
    "--role", "roles", multiple=True, metavar="ARN", help="Role in another account to record; may be repeated."
)
@click.option("--map", "accounts", multiple=True, metavar="ID=ID", help="Another id for an account; may be repeated.")
@click.option(
    "--events", is_flag=True, help="Ask CloudTrail through which service each last use came: 2 keys a second."
)
@click.option("--output", "-o", metavar="FILE", help="Where to write the seed; by default, standard output.")
@click.option("--state", metavar="FILE", help="Where to keep what has been read until then. [FILE.partial, with -o]")
@click.option("--endpoint-url", metavar="URL", help="Of another endpoint than AWS's. [AWS_ENDPOINT_URL]")
@click.option("--quiet", is_flag=True, help="Tell no progress.")
@click.option("--policy", is_flag=True, help="Print the IAM policy that this recording needs, and end.")
def record(
    regions: tuple[str, ...],
    roles: tuple[str, ...],
    accounts: tuple[str, ...],
    output: str | None,
    state: str | None,
    quiet: bool,
    policy: bool,
    **members: Any,
) -> None:
    """Record the keys of AWS accounts as a seed, with fresh key material, by read-only calls.

    What was interrupted goes on if it is started again with the same options.
    """
    from keytrail import recording
    from keytrail.clock import Clock

    if policy:
        click.echo(json.dumps(recording.needed_policy(roles, events=members["events"]), indent=2))
        return
    partial = state or (f"{output}.partial" if output is not None else None)
    try:
        plan = recording.Plan(
            **members,
            regions=regions,
            roles=roles,
            accounts=tuple(map(_pair, accounts)),
            state=Path(partial) if partial is not None else None,
        )
        recorded = recording.record(plan, Clock().now, tell=lambda line: None if quiet else _tell(line))
        if sys.stderr.isatty() and not quiet:
            click.echo(err=True)
        text = _text(recorded, Clock().now().isoformat(timespec="seconds"))
        if output is None:
            click.echo(text, nl=False)
        else:
            _replace(Path(output), text)
        recorded.done()
    except (recording.Stopped, recording.NothingRecorded) as error:
        click.echo(f"keytrail: {error}", err=True)
        sys.exit(1)
    except (recording.Boto3Missing, recording.OtherRecording, ValueError) as error:
        click.echo(f"keytrail: {error}", err=True)
        sys.exit(2)
    except OSError as error:
        click.echo(f"keytrail: {error.filename}: {error.strerror}", err=True)
        sys.exit(2)
    except KeyboardInterrupt:
        click.echo("keytrail: interrupted; start again with the same options to continue", err=True)
        sys.exit(130)
    for note in recorded.notes:
        click.echo(f"keytrail: warning: {note}", err=True)


def _pair(text: str) -> tuple[str, str]:
    found = re.fullmatch(r"([0-9]{12})=([0-9]{12})", text)
    if found is None:
        raise ValueError(f"--map: expected two account ids such as 111122223333=000000000001, got {text!r}")
    return found[1], found[2]


def _tell(line: str) -> None:
    """A line of progress; on a terminal it replaces the one before."""
    click.echo(f"\r\033[K{line}" if sys.stderr.isatty() else line, err=True, nl=not sys.stderr.isatty())


def _text(recorded: "Recording", when: str) -> str:
    """The seed as YAML, with the notes in a comment."""
    from keytrail.seeds.writing import to_yaml

    head = [f"Recorded by `keytrail record` at {when}. The key material is fresh: that of AWS never leaves it."]
    if recorded.notes:
        head += ["Not as in the account:", *(f"  {note}" for note in recorded.notes)]
    return to_yaml(recorded.document, [line for entry in head for line in entry.splitlines()])


def _replace(path: Path, text: str) -> None:
    """Write a file whole or not at all."""
    written = path.with_name(f"{path.name}.new")
    written.write_text(text, encoding="utf-8")
    written.replace(path)
