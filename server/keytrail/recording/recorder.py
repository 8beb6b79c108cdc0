"""One recording: which accounts and Regions, in which order, with how many calls at once."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from keytrail.recording.answers import AnswersSoFar
from keytrail.recording.calls import Patience, Session, open_session
from keytrail.recording.document import Recording, document_of, refusal_of
from keytrail.recording.questions import Listing, ask_about, list_region
from keytrail.recording.refusals import Refused, Stopped

ALL_REGIONS = "all"


class Plan(NamedTuple):
    """What to record, and how."""

    profile: str | None = None
    regions: tuple[str, ...] = ()
    """Names of Regions, or `all`; none: the profile's."""
    roles: tuple[str, ...] = ()
    """ARNs of roles in other accounts, which are recorded too."""
    events: bool = False
    """Whether CloudTrail is asked through which service each last use came."""
    accounts: tuple[tuple[str, str], ...] = ()
    """Pairs: an account, and the one that it becomes in the seed."""
    endpoint_url: str | None = None
    state: Path | None = None
    """The partial file."""
    parallel: int = 8
    """How many keys are asked about at once."""


class NothingRecorded(Exception):
    """No key can be recorded: the text says why, with a line for each Region or key that was refused."""


def record(
    plan: Plan,
    now: Callable[[], datetime],
    tell: Callable[[str], object] = lambda _: None,
    wait: Callable[[float], object] | None = None,
) -> Recording:
    """Record as planned; `tell` gets a line for each part that is done; `wait` is a test's in place of waiting.

    Raises Boto3Missing, OtherRecording, Stopped, NothingRecorded, ValueError for a plan that contradicts itself, and
    OSError if the partial file cannot be written.
    """
    one = next((name for name in plan.regions if name != ALL_REGIONS), None)
    session = open_session(plan.profile, one, plan.endpoint_url, Patience(wait))
    regions = _regions(plan, session)
    own = str(_require(session.service("sts", regions[0]).ask, "GetCallerIdentity")["Account"])
    accounts = _accounts(plan, own)
    so_far = AnswersSoFar(plan.state, _what(plan, own, regions))
    for account, role in accounts.items():
        _record_account(account, role, regions, session, so_far, plan, tell)
    listings = [so_far.listings[account, region] for account in accounts for region in regions]
    if not any(listing.is_known for listing in listings):
        raise NothingRecorded("\n".join(map(refusal_of, listings)))
    keys = [so_far.keys[arn] for listing in listings for arn in listing.keys]
    recording = document_of(listings, keys, dict(plan.accounts), now(), so_far.forget)
    if not recording.document:
        so_far.forget()
        raise NothingRecorded("\n".join(["there is no key that a seed could have", *recording.notes]))
    return recording


def _require(ask: Callable[..., dict[str, object]], operation: str) -> dict[str, object]:
    """The answer without which there is no recording."""
    try:
        return ask(operation)
    except Refused as refusal:
        raise Stopped(f"{operation}: {refusal}") from None


def _regions(plan: Plan, session: Session) -> list[str]:
    if ALL_REGIONS in plan.regions:
        return session.all_regions()
    regions = list(dict.fromkeys(plan.regions)) or ([session.region] if session.region else [])
    if not regions:
        raise ValueError("there is no Region in the profile or the environment; name some with --region, or all")
    return regions


def _accounts(plan: Plan, own: str) -> dict[str, str | None]:
    """The role of each account; None for the caller's own, unless one of the roles is in it."""
    accounts: dict[str, str | None] = {own: None}
    for role in plan.roles:
        words = role.split(":", 5)
        if len(words) < 6 or words[2] != "iam" or not words[5].startswith("role/"):
            raise ValueError(f"expected the ARN of a role, such as arn:aws:iam::111122223333:role/Audit, got {role!r}")
        if accounts.get(words[4]) is not None:
            raise ValueError(f"an account has one role; leave out {role} or {accounts[words[4]]}")
        accounts[words[4]] = role
    mapped = dict(plan.accounts)
    targets = [mapped.get(account, account) for account in {**accounts, **mapped}]
    if twice := next((target for target in targets if targets.count(target) > 1), None):
        raise ValueError(f"two accounts would become {twice}; map each to one of its own")
    return accounts


def _what(plan: Plan, own: str, regions: list[str]) -> dict[str, object]:
    return {
        "account": own,
        "roles": list(plan.roles),
        "regions": regions,
        "events": plan.events,
        "endpoint": plan.endpoint_url,
    }


def _record_account(
    account: str,
    role: str | None,
    regions: list[str],
    session: Session,
    so_far: AnswersSoFar,
    plan: Plan,
    tell: Callable[[str], object],
) -> None:
    """Ask about all keys of an account that are not known yet."""
    missing = [region for region in regions if _is_missing(account, region, so_far)]
    if not missing:
        return
    if role is not None:
        try:
            session = session.assuming(role, regions[0])
        except Refused as refusal:
            for region in missing:
                so_far.add_listing(Listing(account, region, [], [], {"AssumeRole": str(refusal)}))
            return
    for region in missing:
        _record_region(account, region, session, so_far, plan, tell)


def _is_missing(account: str, region: str, so_far: AnswersSoFar) -> bool:
    listing = so_far.listings.get((account, region))
    return listing is None or any(arn not in so_far.keys for arn in listing.keys)


def _record_region(
    account: str, region: str, session: Session, so_far: AnswersSoFar, plan: Plan, tell: Callable[[str], object]
) -> None:
    kms = session.service("kms", region)
    cloudtrail = session.service("cloudtrail", region) if plan.events else None
    if (account, region) not in so_far.listings:
        so_far.add_listing(list_region(account, region, kms))
    listing = so_far.listings[account, region]
    arns = [arn for arn in listing.keys if arn not in so_far.keys]
    known = len(listing.keys) - len(arns)
    done = _done_of(arns, lambda arn: so_far.add_key(ask_about(arn, kms, cloudtrail)), plan.parallel, session.end)
    for count in done:
        if count % 100 == 0 or count == len(arns):
            tell(f"{account} {region}: {known + count} of {len(listing.keys)} keys")


def _done_of(arns: list[str], ask: Callable[[str], None], parallel: int, end: Callable[[], None]) -> Iterator[int]:
    """Ask about each key, so many at once; how many are done, as they are.

    Whatever ends it early, no further question is asked: `end` is called, and those that are under way are waited for.
    """
    pool = ThreadPoolExecutor(parallel, "keytrail-record")
    try:
        for count, done in enumerate(as_completed([pool.submit(ask, arn) for arn in arns]), 1):
            done.result()
            yield count
    except BaseException:
        end()
        raise
    finally:
        pool.shutdown(cancel_futures=True)
