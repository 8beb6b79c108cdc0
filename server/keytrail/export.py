"""An endpoint, or a part of it, as a seed that makes it again: what `GET /_keytrail/seed` answers."""

from typing import get_args

from keytrail.domain.arn import is_account, read_key_identifier
from keytrail.endpoint import Endpoint
from keytrail.errors import AwsError
from keytrail.regions import region_problem
from keytrail.seeds.writing import (
    EndpointParts,
    MomentForm,
    Selection,
    Source,
    WrittenSeed,
    uses_before_tracking,
    via_of,
    write_endpoint,
)


def export(
    endpoint: Endpoint,
    *,
    account: str | None = None,
    region: str | None = None,
    key: str | None = None,
    secrets: bool = False,
    moments: str = "absolute",
) -> WrittenSeed:
    """A seed that makes the endpoint again, or only what belongs to an account, a Region or a key.

    `key`: an id, an ARN or an alias, in the account and Region, by default those of the settings. `secrets`: with
    secret access keys and session tokens. `moments`: absolute, or relative to now. It reads a copy of the store.
    Raises ValueError for a value that is not valid, LookupError if there is no such key.
    """
    settings, trail = endpoint.settings, endpoint.trail
    if account is not None and not is_account(account):
        raise ValueError(f"account: expected 12 digits, got {account!r}")
    if region is not None and (problem := region_problem(region, settings.extra_regions)):
        raise ValueError(f"region: {problem}")
    if moments not in get_args(MomentForm):
        raise ValueError(f"moments: expected {' or '.join(get_args(MomentForm))}, got {moments!r}")
    with endpoint.at_rest() as now:
        store, tracked = endpoint.store.snapshot(), trail.last_uses(now)
        credentials, sessions = endpoint.callers.snapshot()
        identities, memberships = endpoint.identities.snapshot()
        faults = endpoint.faults.rules()
    selected = None
    if key is not None:
        try:
            of_arn = key.split(":") if key.count(":") >= 5 else [""] * 6
            place = account or of_arn[4] or settings.account, region or of_arn[3] or settings.region
            selected = store.newest.require_named(read_key_identifier(key, *place, aliases=True))
        except AwsError as error:
            raise LookupError(f"key: {error.message}") from None
    uses = {**uses_before_tracking(trail, store, settings.tracking_start), **tracked}
    form: MomentForm = "relative" if moments == "relative" else "absolute"
    written = write_endpoint(
        EndpointParts(settings, trail, credentials, sessions, identities, memberships, faults),
        Selection(account, region, selected, secrets),
        Source(store, uses.get, lambda use: via_of(use, trail), now, form),
    )
    if endpoint.clock.moved and form == "absolute":
        written.notes.append(f"The clock was moved: load it where the time is {now:%Y-%m-%dT%H:%M:%SZ} or later.")
    return written
