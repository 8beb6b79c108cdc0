"""The settings of an endpoint, given as flags, as `KEYTRAIL_*` environment variables, or in code."""

import os
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from keytrail.host_names import is_address, is_host_name
from keytrail.regions import region_problem
from keytrail.request_quotas import OFF, RequestQuotas
from keytrail.spelling import nearest, suggestion
from keytrail.transition_times import AT_ONCE, AWS, TransitionTimes

TRACKING_START = datetime(2026, 4, 23, tzinfo=UTC)
"""When AWS began to record last usage of keys: midnight, as recorded.

# unverified: in which time zone; not in AWS's docs, recordings or issues
"""

LONGEST_USAGE_DELAY = timedelta(hours=1)
"""AWS shows a use after at most an hour (KMS Developer Guide, "Determine past usage of a KMS key")."""

COMPATIBLE_WITH: Mapping[str, frozenset[str]] = {
    "floci": frozenset({"floci:override-id"}),
    "localstack": frozenset({"_custom_id_", "_custom_key_material_"}),
    "moto": frozenset({"_custom_id_", "_custom_key_material_"}),
}
"""By emulator: its tags in CreateKey that can be obeyed."""

_COMPAT_CHOICES = sorted(COMPATIBLE_WITH) + sorted(frozenset().union(*COMPATIBLE_WITH.values()))


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The settings of one endpoint. Times are aware datetimes, durations timedeltas, sizes bytes."""

    host: str = "127.0.0.1"
    port: int = 4599
    tls_port: int | None = None
    """The port that answers HTTPS, beside `port`; 0: any that is free. None: there is none."""
    tls_cert: str = ""
    """A PEM file with the certificate to show, and those that it depends on; empty: one is made."""
    tls_key: str = ""
    """The PEM file of its private key; empty: it is in `tls_cert`."""
    tls_names: frozenset[str] = frozenset()
    """Further names and addresses of the certificate that is made."""
    tls_dir: str = ""
    """The folder that keeps the certificate authority that is made; empty: each start makes another."""
    fixtures: tuple[str, ...] = ()
    """Seed files or folders, loaded before the first answer."""
    account: str = "000000000000"
    """The account of a caller whose access key belongs to no other."""
    region: str = "us-east-1"
    """The Region of a call without a credential scope."""
    extra_regions: frozenset[str] = frozenset()
    """Names of Regions that AWS does not have, or not yet, which settings and seeds may use all the same."""
    tracking_start: datetime = TRACKING_START
    """TrackingStartDate of keys that are older than this."""
    usage_delay: timedelta = timedelta(0)
    """How long a use stays hidden from GetKeyLastUsage (at most 1 h)."""
    trail_delay: timedelta = timedelta(0)
    """How long an event stays hidden from LookupEvents (CloudTrail's own is about 5 min)."""
    consistency_delay: timedelta = timedelta(0)
    """How long changes of aliases, grants, policies, tags and states stay hidden (in AWS seconds to minutes).

    Until then a new grant counts only with one of its tokens.
    """
    transition_time: TransitionTimes = AT_ONCE
    """How long replicas are Creating, primary keys Updating, rotations on demand under way, and key stores connecting.

    A duration, which each of them lasts, or the text `aws`: each lasts about as long as in AWS.
    """
    strict: bool = False
    """Whether callers must be declared, must sign, and must be allowed, as in AWS."""
    trail_dir: str = ""
    """The folder to write CloudTrail log files to; empty: none are written."""
    trail_interval: timedelta = timedelta(seconds=5)
    """How often log files are written, in real time."""
    trail_batch: int = 1000
    """The greatest number of events in a log file; so many waiting events are written before the interval ends."""
    compat: frozenset[str] = frozenset()
    """The tags that CreateKey obeys, by name or by emulator (COMPATIBLE_WITH); they choose an id or a material."""
    request_quotas: RequestQuotas = OFF
    """The request quotas that are enforced: none, AWS's, or the test's own."""
    data_dir: str = ""
    """The folder in which the endpoint keeps its state, to continue with it; empty: all is in memory."""
    max_events: int = 100_000
    """How many events the trail keeps; the oldest go first."""
    max_trail: int = 128 * 1024 * 1024
    """How many bytes of memory the trail's events may take, estimated; the oldest go first, the last one stays."""
    max_body: int = 1024 * 1024
    """The largest request body that is accepted, in bytes."""
    log_format: str = ""
    """The form of the log of requests on standard error: text or json; empty: there is none."""
    quiet: bool = False
    """Whether there is no log of requests, whatever its format."""
    control: bool = True
    """Whether the control API is on (/_keytrail/health always answers)."""
    control_hosts: frozenset[str] = frozenset()
    """Further names under which browsers may use the control API.

    Addresses, localhost, names without dots, those that no public DNS has, and `host` need not be among them.
    """
    control_token: str = ""
    """The bearer token that every request to the control API needs, health too; empty: none is needed."""
    console: bool = True
    """Whether browsers get the console at `/`; it needs the control API, too, and its token."""

    def __post_init__(self) -> None:
        """Read values that are text, and check all; raises ValueError for one that is not valid."""
        for field in fields(self):
            value = getattr(self, field.name)
            if isinstance(value, os.PathLike) and field.type is str:
                value = os.fspath(value)
            try:
                if isinstance(value, str) and field.type is not str:
                    value = _READERS[str(field.type)](value)
                elif isinstance(value, datetime) and value.tzinfo is None:
                    value = value.replace(tzinfo=UTC)
                elif isinstance(value, timedelta) and field.type is TransitionTimes:
                    value = TransitionTimes.all(value)
            except ValueError as error:
                raise ValueError(f"{field.name}: {error}") from None
            kind: Any = getattr(field.type, "__origin__", None) or field.type
            if kind in (tuple, frozenset) and isinstance(value, (list, set, tuple, frozenset)):
                # Paths may be given as such.
                items = [os.fspath(item) if isinstance(item, os.PathLike) else item for item in value]
                value = kind(items) if all(isinstance(item, str) for item in items) else items
            if not isinstance(value, kind) or (kind in (int, int | None) and isinstance(value, bool)):
                raise ValueError(f"{field.name}: {_what_would_be_right(str(field.type), value)}")
            object.__setattr__(self, field.name, value)
        self._check_ranges()

    def _check_ranges(self) -> None:
        self._check_names()
        self._check_tls()
        for name, port in (("port", self.port), ("tls_port", self.tls_port or 0)):
            if not 0 <= port <= 65535:
                raise ValueError(f"{name}: expected 0 to 65535, got {port}")
        if not timedelta(0) <= self.usage_delay <= LONGEST_USAGE_DELAY:
            raise ValueError("usage_delay: expected 0 to 1 hour (PT1H: AWS promises no more)")
        at_least_0 = {
            "trail_delay": self.trail_delay,
            "consistency_delay": self.consistency_delay,
            "transition_time": self.transition_time.rotation,
        }
        for name, duration in at_least_0.items():
            if duration < timedelta(0):
                raise ValueError(f"{name}: expected 0 or more")
        if self.trail_interval <= timedelta(0):
            raise ValueError("trail_interval: expected more than 0")
        for name in ("max_events", "max_trail", "max_body", "trail_batch"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name}: expected at least 1, got {getattr(self, name)}")

    def _check_names(self) -> None:
        if self.log_format not in ("", "text", "json"):
            raise ValueError(f"log_format: expected text or json, got {self.log_format!r}")
        if not re.fullmatch(r"[0-9]{12}", self.account):
            raise ValueError(f"account: expected 12 digits, got {self.account!r}")
        for name in sorted(self.extra_regions):
            if not re.fullmatch(r"[a-z0-9-]{1,32}", name):
                raise ValueError(
                    "extra_regions: expected names of lower-case letters, digits and dashes, "
                    f"with commas between them, got {name!r}"
                )
        if problem := region_problem(self.region, self.extra_regions):
            raise ValueError(f"region: {problem}")
        for name in sorted(self.compat.difference(_COMPAT_CHOICES)):
            raise ValueError(
                f"compat: expected one or more of {', '.join(_COMPAT_CHOICES)}, with commas between them, "
                f"got {name!r}{suggestion(name, _COMPAT_CHOICES)}"
            )
        for name in sorted(self.control_hosts):
            if not is_host_name(name):
                raise ValueError(f"control_hosts: expected names such as kms.example.com without port, got {name!r}")
        for name in sorted(self.tls_names):
            if not (is_host_name(name.removeprefix("*.")) or is_address(name)):
                raise ValueError(
                    "tls_names: expected names such as kms.example.com or *.example.com, and addresses, with commas "
                    f"between them, got {name!r}"
                )

    def _check_tls(self) -> None:
        given = [name for name in ("tls_cert", "tls_key", "tls_names", "tls_dir") if getattr(self, name)]
        if given and self.tls_port is None:
            raise ValueError(f"{given[0]}: there is no HTTPS without tls_port; set that, too: 0 is any free port")
        if self.tls_key and not self.tls_cert:
            raise ValueError("tls_key: it is the key of tls_cert; set that, too")
        made = [name for name in ("tls_names", "tls_dir") if name in given]
        if self.tls_cert and made:
            raise ValueError(f"{made[0]}: it is for a certificate that is made, and tls_cert names one that exists")

    @property
    def has_console(self) -> bool:
        """Whether there is a console: not without the control API."""
        return self.console and self.control

    def in_account(self, account: str) -> "Settings":
        """The same settings with another default account."""
        return replace(self, account=account)

    def with_fixtures(self, *paths: str) -> "Settings":
        """The same settings with more seed files."""
        return replace(self, fixtures=(*self.fixtures, *paths))

    def read(self, name: str, text: str) -> object:
        """The value of a setting (such as `usage_delay`) from its text. Raises ValueError; the message has no name."""
        try:
            return getattr(replace(self, **{name: text}), name)  # type: ignore[arg-type]
        except ValueError as error:
            raise ValueError(str(error).removeprefix(f"{name}: ")) from None

    def text(self, name: str) -> str:
        """The text that `read` reads back to an equal value."""
        return _text_of(getattr(self, name))

    def to_environment(self) -> dict[str, str]:
        """The `KEYTRAIL_*` variables that `from_environment` reads back to an equal value."""
        return {variable(field.name): self.text(field.name) for field in fields(self)}

    @classmethod
    def from_members(cls, members: Mapping[str, object]) -> "Settings":
        """Settings from keyword arguments, such as KeytrailServer's.

        Raises TypeError for a name that is no setting's, ValueError for a value that is not valid.
        """
        names = [field.name for field in fields(cls)]
        for name in members:
            if name not in names:
                choices = "; choose from " + ", ".join(names)
                raise TypeError(f"there is no setting {name}{suggestion(name, names) or choices}")
        return cls(**members)  # type: ignore[arg-type]

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> "Settings":
        """Settings from `KEYTRAIL_*` variables; one that is absent or empty keeps its default.

        Raises ValueError with the variable's name and what is expected.
        """
        values: dict[str, object] = {}
        for field in fields(cls):
            text = environment.get(variable(field.name), "")
            if text:
                try:
                    values[field.name] = _READERS[str(field.type)](text)
                except ValueError as error:
                    raise ValueError(f"{variable(field.name)}: {error}") from None
        return cls(**values)  # type: ignore[arg-type]


def variable(name: str) -> str:
    """The environment variable of a setting: `usage_delay` -> `KEYTRAIL_USAGE_DELAY`."""
    return "KEYTRAIL_" + name.upper()


def unknown_variables(environment: Iterable[str]) -> list[str]:
    """A warning about each variable whose name begins with `KEYTRAIL_` and that is no setting's.

    Those that Kubernetes and Docker make for a service called keytrail do not count: KEYTRAIL_SERVICE_HOST,
    KEYTRAIL_PORT_4599_TCP.
    """
    known = {field.name.upper(): variable(field.name) for field in fields(Settings)}
    warnings = []
    for name in sorted(environment):
        if name.startswith("KEYTRAIL_") and name not in known.values() and not _OF_A_SERVICE.match(name):
            near = nearest(name.removeprefix("KEYTRAIL_"), known)
            hint = f"did you mean {known[near]}?" if near else "`keytrail serve --help` lists the settings"
            warnings.append(f"{name} is no setting and has no effect; {hint}")
    return warnings


_OF_A_SERVICE = re.compile(r"KEYTRAIL_(SERVICE|PORT)_")


_DURATION = re.compile(
    r"P(?!$)(?:(?P<weeks>\d+)W)?(?:(?P<days>\d+)D)?"
    r"(?:T(?=\d)(?:(?P<hours>\d+)H)?(?:(?P<minutes>\d+)M)?(?:(?P<seconds>\d+(?:\.\d+)?)S)?)?"
)


def read_duration(text: str) -> timedelta:
    """A duration from ISO 8601 without years and months (`P30D`, `PT15M`) or a number of seconds.

    Raises ValueError.
    """
    match = _DURATION.fullmatch(text)
    try:
        if match:
            return timedelta(**{unit: float(count) for unit, count in match.groupdict().items() if count})
        return timedelta(seconds=float(text))
    except (ValueError, OverflowError):
        raise ValueError(
            f"expected an ISO 8601 duration of weeks, days, hours, minutes and seconds (P30D, PT15M) "
            f"or a number of seconds, got {text!r}"
        ) from None


def read_moment(text: str) -> datetime:
    """A moment from ISO 8601; without an offset it is UTC. Raises ValueError."""
    try:
        moment = datetime.fromisoformat(text)
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueError(f"expected an ISO 8601 moment such as 2026-05-01T08:00:00Z, got {text!r}") from None


def read_flag(text: str) -> bool:
    """A boolean from true, yes, on, 1, or false, no, off, 0, in any case. Raises ValueError."""
    flags = {
        "1": True,
        "true": True,
        "yes": True,
        "on": True,
        "0": False,
        "false": False,
        "no": False,
        "off": False,
    }
    if text.lower() not in flags:
        raise ValueError(f"expected true or false, got {text!r}")
    return flags[text.lower()]


def _read_number(text: str) -> int:
    if not re.fullmatch(r"\d{1,18}", text):
        raise ValueError(f"expected a whole number, got {text!r}")
    return int(text)


def _read_transition_times(text: str) -> TransitionTimes:
    try:
        return AWS if text == "aws" else TransitionTimes.all(read_duration(text))
    except ValueError as error:
        raise ValueError(f"{str(error).partition(', got')[0]}, or aws, got {text!r}") from None


_READERS: Mapping[str, Callable[[str], object]] = {
    str(str): str,
    str(frozenset[str]): lambda text: frozenset(part.strip() for part in text.split(",") if part.strip()),
    str(int): _read_number,
    str(int | None): lambda text: _read_number(text) if text else None,
    str(bool): read_flag,
    str(tuple[str, ...]): lambda text: tuple(part for part in text.split(os.pathsep) if part),
    str(datetime): read_moment,
    str(timedelta): read_duration,
    str(RequestQuotas): RequestQuotas.parse,
    str(TransitionTimes): _read_transition_times,
}
_VALUES_IN_CODE: Mapping[str, str] = {
    str(str): "a text",
    str(int): "a whole number",
    str(int | None): "a whole number, or None",
    str(bool): "True or False",
    str(tuple[str, ...]): "a list of paths",
    str(frozenset[str]): "a list of names",
    str(datetime): 'a datetime, or ISO 8601 text such as "2026-05-01T08:00:00Z"',
    str(timedelta): 'a timedelta, or text such as "PT15M"',
    str(RequestQuotas): 'RequestQuotas, or text such as "aws*0.01"',
    str(TransitionTimes): 'TransitionTimes, a timedelta, or text such as "PT10S" or "aws"',
}
"""By the type of a setting: what it may be in code."""


def _what_would_be_right(kind: str, value: object) -> str:
    message = f"expected {_VALUES_IN_CODE[kind]}, got {value!r}"
    if kind in (str(timedelta), str(TransitionTimes)) and isinstance(value, (int, float)):
        message += f'; {value} seconds are timedelta(seconds={value}), or the text "{value}"'
    return message


def _text_of(value: object) -> str:
    if isinstance(value, tuple):
        return os.pathsep.join(value)
    if isinstance(value, frozenset):
        return ",".join(sorted(value))
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, TransitionTimes):
        return "aws" if value == AWS else _text_of(value.rotation)
    if isinstance(value, timedelta):
        seconds = value.total_seconds()
        return str(int(seconds) if seconds.is_integer() else seconds)
    text = str(value) if value is not None else ""
    return text.lower() if isinstance(value, bool) else text
