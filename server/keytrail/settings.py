"""The settings of an endpoint, given as flags, as `KEYTRAIL_*` environment variables, or in code."""

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime, timedelta

from keytrail.request_quotas import OFF, RequestQuotas
from keytrail.transition_times import AT_ONCE, AWS, TransitionTimes

TRACKING_START = datetime(2026, 4, 23, tzinfo=UTC)
"""When AWS began to record last usage of keys: midnight, as recorded.

# unverified: in which time zone; not in AWS's docs, recordings or issues
"""

LONGEST_USAGE_DELAY = timedelta(hours=1)
"""AWS shows a use after at most an hour (KMS Developer Guide, "Determine past usage of a KMS key")."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The settings of one endpoint. Times are aware datetimes, durations timedeltas, sizes bytes."""

    host: str = "127.0.0.1"
    port: int = 4599
    fixtures: tuple[str, ...] = ()
    """Seed files or folders, loaded before the first answer."""
    account: str = "000000000000"
    """The account of a caller whose access key belongs to no other."""
    region: str = "us-east-1"
    """The Region of a call without a credential scope."""
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
    request_quotas: RequestQuotas = OFF
    """The request quotas that are enforced: none, AWS's, or the test's own."""
    max_events: int = 100_000
    """How many events the trail keeps; the oldest go first."""
    max_body: int = 1024 * 1024
    """The largest request body that is accepted, in bytes."""
    control: bool = True
    """Whether the control API is on (/_keytrail/health always answers)."""
    control_token: str = ""
    """The bearer token that every request to the control API needs, health too; empty: none is needed."""
    console: bool = True
    """Whether browsers get the console at `/`; it needs the control API, too, and its token."""

    def __post_init__(self) -> None:
        """Read values that are text, and check all; raises ValueError for one that is not valid."""
        for field in fields(self):
            value = getattr(self, field.name)
            try:
                if isinstance(value, str) and field.type is not str:
                    value = _READERS[str(field.type)](value)
                elif isinstance(value, datetime) and value.tzinfo is None:
                    value = value.replace(tzinfo=UTC)
                elif isinstance(value, timedelta) and field.type is TransitionTimes:
                    value = TransitionTimes.all(value)
            except ValueError as error:
                raise ValueError(f"{field.name}: {error}") from None
            if type(value) is not (getattr(field.type, "__origin__", None) or field.type):
                raise ValueError(f"{field.name}: expected {field.type}, got {value!r}")
            object.__setattr__(self, field.name, value)
        self._check_ranges()

    def _check_ranges(self) -> None:
        if not re.fullmatch(r"[0-9]{12}", self.account):
            raise ValueError(f"account: expected 12 digits, got {self.account!r}")
        if not re.fullmatch(r"[a-z0-9-]{1,32}", self.region):
            raise ValueError(f"region: expected a Region name such as us-east-1, got {self.region!r}")
        if not 0 <= self.port <= 65535:
            raise ValueError(f"port: expected 0 to 65535, got {self.port}")
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
        for name in ("max_events", "max_body", "trail_batch"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name}: expected at least 1, got {getattr(self, name)}")

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
    str(int): _read_number,
    str(bool): read_flag,
    str(tuple[str, ...]): lambda text: tuple(part for part in text.split(os.pathsep) if part),
    str(datetime): read_moment,
    str(timedelta): read_duration,
    str(RequestQuotas): RequestQuotas.parse,
    str(TransitionTimes): _read_transition_times,
}


def _text_of(value: object) -> str:
    if isinstance(value, tuple):
        return os.pathsep.join(value)
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, TransitionTimes):
        return "aws" if value == AWS else _text_of(value.rotation)
    if isinstance(value, timedelta):
        seconds = value.total_seconds()
        return str(int(seconds) if seconds.is_integer() else seconds)
    return str(value).lower() if isinstance(value, bool) else str(value)
