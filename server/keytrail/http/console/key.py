"""/keys/<arn>: a key with its policy, grants, materials and replicas, who used it, and its events."""

import json
from typing import Any, NamedTuple

from flask import abort, g, render_template
from flask.typing import ResponseReturnValue

from keytrail.domain import imported_material, key_rotation
from keytrail.domain.arn import key_arn
from keytrail.domain.key import Key, Origin
from keytrail.domain.key_policy import default_key_policy
from keytrail.endpoint import Endpoint
from keytrail.http.console import key_usage, snippets
from keytrail.http.console.key_list import Row, row_of
from keytrail.http.console.pages import Pages

pages = Pages()

_EVENTS = 50
_GRANTS = 100


class Material(NamedTuple):
    """A key material as the page shows it."""

    id: str
    since: str
    """How it became the current one."""
    state: str


@pages.get("/keys/<path:arn>")
def show(endpoint: Endpoint, arn: str) -> ResponseReturnValue:
    """The page of a key."""
    key = endpoint.store.newest.key(arn)
    if key is None:
        return render_template("no_key.html", arn=arn), 404
    store, trail = endpoint.store, endpoint.trail
    users = key_usage.users_of(key_usage.events_of(trail, key, since=key_usage.since(g.now)))
    grants = store.newest.grants_after(key.arn, "", _GRANTS + 1)
    policy = key.policy if key.policy is not None else default_key_policy(key.region, key.account)
    return render_template(
        "key.html",
        row=_row(endpoint, key),
        statements=_statements(policy),
        policy=policy,
        grants=grants[:_GRANTS],
        more_grants=len(grants) > _GRANTS,
        materials=_materials(key),
        related=_related(endpoint, key),
        is_replica=store.is_replica(key),
        users=users,
        most=max((usage.calls for usage in users), default=0),
        days=key_usage.DAYS,
        events=key_usage.events_of(trail, key, _EVENTS),
    )


@pages.get("/seed/<path:arn>")
def seed(endpoint: Endpoint, arn: str) -> ResponseReturnValue:
    """The key with its past, as a seed."""
    key = endpoint.store.newest.key(arn)
    if key is None:
        abort(404, f"There is no key {arn}.")
    return render_template("seed_sheet.html", text=snippets.seed_of(endpoint, key, g.now), key=key)


def _row(endpoint: Endpoint, key: Key) -> Row:
    return row_of(endpoint, key, endpoint.trail.last_use(key.arn, g.now), g.now)


def _related(endpoint: Endpoint, key: Key) -> list[Row]:
    """The other keys of the multi-Region set."""
    related = endpoint.store.multi_region_set(key)
    regions = related.regions if related is not None else ()
    keys = [endpoint.store.newest.key(key_arn(region, key.account, key.key_id)) for region in regions]
    return [_row(endpoint, other) for other in keys if other is not None and other.arn != key.arn]


def _statements(policy: str) -> list[Any]:
    statements = json.loads(policy).get("Statement", [])
    return statements if isinstance(statements, list) else [statements]


def _materials(key: Key) -> list[Material]:
    """The key's materials, the newest first."""
    materials = []
    for past in key_rotation.history(key):
        since = f"{str(past.rotation_type).replace('_', ' ').lower()} rotation" if past.rotation_date else "the first"
        date = f", {past.rotation_date:%Y-%m-%d %H:%M}" if past.rotation_date else ""
        current = key.material is not None and past.material.id == key.material.id
        materials.append(Material(past.material.id, since + date, _state(key, past.material.id, current=current)))
    if key.pending is not None:
        materials.append(Material(key.pending.id, "the next rotation", "pending rotation"))
    return materials[::-1]


def _state(key: Key, material_id: str, *, current: bool) -> str:
    if key.origin is Origin.EXTERNAL and not imported_material.is_imported(key, material_id):
        return "deleted or expired"
    return "current" if current else ""
